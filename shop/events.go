package shop

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// Event is what open pages are shown: the whole catalogue is in this file, one constructor for each kind of event, and
// no other file spells a type. Data carries codes and parameters, never sentences; a notice is the exception, for its
// title and body are what the inbox keeps. hub/asyncapi.yaml has the schema of each type's data.
//
// The fields are those of hub.Event, so that one converts to the other.
type Event struct {
	Topic, Type string
	Once        string // not empty: published at most once per 24 h under this key
	Whole       bool   // the data is the whole state: of one topic and type, the newest event says all that older ones said
	Version     int64  // of whole state: a lower one never replaces a higher one
	Data        any    // marshalled to JSON
}

// eventType is one row of the catalogue.
type eventType struct {
	name  string
	whole bool
}

var eventTypes []string

func defineNews(name string) eventType { return defineEvent(eventType{name: name}) }

func defineState(name string) eventType { return defineEvent(eventType{name: name, whole: true}) }

func defineEvent(t eventType) eventType {
	eventTypes = append(eventTypes, t.name)
	return t
}

// EnrolmentChangedType is the type of an event for pages, and of one for other programs (package webhooks).
const EnrolmentChangedType = "enrolment.changed"

// The catalogue. State gives way to newer state of its topic where a page is slow; of news each event arrives.
var (
	cartChanged          = defineState("cart.changed")
	courseChanged        = defineState("course.changed")
	catalogueChanged     = defineNews("catalogue.changed") // without data: pages read it again
	frontChanged         = defineState("front.changed")
	orderChanged         = defineNews("order.changed")      // of one order among several, and money
	paymentChanged       = defineNews("payment.changed")    // of one order among several
	enrolmentChanged     = defineNews(EnrolmentChangedType) // of one course among several
	progressChanged      = defineNews("progress.changed")   // of one lesson among several
	noticePosted         = defineNews("notice.posted")
	noticeRead           = defineNews("notice.read")           // of one notice, or of all that there were
	notificationsChanged = defineNews("notifications.changed") // whole, but without a version
	sessionReplaced      = defineNews("session.replaced")
	sessionsChanged      = defineNews("sessions.changed")
	loginAnswered        = defineNews("login.answered")
	wechatBound          = defineNews("wechat.bound")
	broadcastProgress    = defineNews("broadcast.progress") // of one broadcast among several
	mediaProgress        = defineNews("media.progress")     // of one file among several
	personChanged        = defineNews("person.changed")     // of one person among several
	playbackEnded        = defineNews("playback.ended")
	statsChanged         = defineNews("stats.changed")
	exceptionOpened      = defineNews("exception.opened") // of one order or payment among several
)

// EventTypes are the types of the catalogue.
func EventTypes() []string { return slices.Clone(eventTypes) }

// IsEventType reports whether a type is one of the catalogue's. Only the shop itself publishes those, because pages act on
// them: they replace their cart, or log out.
func IsEventType(name string) bool { return slices.Contains(eventTypes, name) }

// deskReaders are the roles that see events of a type on the console's topic; a type without a row is for all of them.
var deskReaders = map[string]uint8{
	orderChanged.name:      RoleBits([]Role{RoleFinance, RoleSupport, RoleAdmin}),
	broadcastProgress.name: RoleBits([]Role{RoleMarketer, RoleFinance, RoleAdmin}),
	personChanged.name:     RoleBits([]Role{RoleSupport, RoleAdmin}),
	mediaProgress.name:     RoleBits([]Role{RoleEditor, RoleAdmin}),
	exceptionOpened.name:   RoleBits([]Role{RoleFinance, RoleAdmin}),
}

// RoleBits are roles as one number, a bit for each of Roles: what the hub keeps of each socket's owner.
func RoleBits(roles []Role) (bits uint8) {
	for i, role := range Roles() {
		if slices.Contains(roles, role) {
			bits |= 1 << i
		}
	}
	return bits
}

// ShownOnDesk reports whether an event of a type on the console's topic is for an account with these RoleBits.
func ShownOnDesk(roles uint8, eventType string) bool {
	readers, limited := deskReaders[eventType]
	return !limited || roles&readers != 0
}

// The topics of the hub: those that everybody and the console follow, and those of one user, of one course and of one page
// that waits to be let in.
const (
	everybodysTopic   = "activity"
	consoleTopic      = "desk"
	userTopicPrefix   = "user:"
	courseTopicPrefix = "course:"
	loginTopicPrefix  = "login:"
)

// event is an event of this type; once is empty for what every publishing is to show.
func (t eventType) event(topic, once string, data any) Event {
	return Event{Topic: topic, Type: t.name, Once: once, Whole: t.whole, Data: data}
}

// to is event on a user's topic.
func (t eventType) to(userID, once string, data any) Event {
	return t.event(userTopicPrefix+userID, once, data)
}

// at is a state at its version.
func (e Event) at(version int64) Event {
	e.Version = version
	return e
}

// CartChanged is the whole cart of a user. Under a cause that may come again each version is published once; the empty
// cause is of a request, which is made once.
func CartChanged(userID string, c Cart, cause string) Event {
	once := ""
	if cause != "" {
		once = fmt.Sprintf("%s:%d", cause, c.Version)
	}
	return cartChanged.to(userID, once, c).at(c.Version)
}

// CatalogueChanged has every page read the categories again.
func CatalogueChanged() Event {
	return catalogueChanged.event(everybodysTopic, "", struct{}{})
}

// FrontChange names the edition of the front page that is shown from now on.
type FrontChange struct {
	Version int64 `json:"version"`
}

// FrontChanged has open front pages read the banners and rows of edition v again: once for the edition, and once for each
// time at which another of its banners is shown; turn is zero for the edition itself.
func FrontChanged(v int64, turn time.Time) Event {
	once := fmt.Sprintf("front:%d", v)
	if !turn.IsZero() {
		once += fmt.Sprintf(":%d", turn.Unix())
	}
	return frontChanged.event(everybodysTopic, once, FrontChange{v}).at(v)
}

// OrderChanged is an order as it is now, once for each time that it came to this state.
func OrderChanged(o *Order) Event {
	return orderChanged.to(o.UserID, fmt.Sprintf("order:%s:%d", o.ID, len(o.History)), o.WithPayment())
}

// PaymentChange is how an unpaid order can be paid from now on. Payment is nil while there is no way.
type PaymentChange struct {
	OrderID string       `json:"order_id"`
	Payment *PaymentView `json:"payment,omitempty"`
}

// PaymentChanged is that an unpaid order is paid another way than before, once for each way that goes or comes.
func PaymentChanged(o *Order) Event {
	once := fmt.Sprintf("payment:%s:%d", o.ID, len(o.Attempts))
	if p := o.Payment(); p != nil {
		return paymentChanged.to(o.UserID, once+":ready", PaymentChange{o.ID, p})
	}
	return paymentChanged.to(o.UserID, once, PaymentChange{OrderID: o.ID})
}

// OrderOnDesk shows the console what its lists show of an order, once for each time that the order came to this state.
func OrderOnDesk(o *Order) Event {
	return orderChanged.event(consoleTopic, fmt.Sprintf("desk:order:%s:%d", o.ID, len(o.History)), NewDeskOrder(o))
}

// OpenedException names what waits for finance: an order whose payment does not fit, or a payment that fits no order.
type OpenedException struct {
	OrderID   string `json:"order_id,omitempty"`
	PaymentID string `json:"payment_id,omitempty"`
	Amount    Fen    `json:"amount_fen"` // what the order costs, or what was paid
}

// OrderExceptionOpened is that an order waits for finance, once for each order: it comes to this state once at most.
func OrderExceptionOpened(o *Order) Event {
	return exceptionOpened.event(consoleTopic, "exception:"+o.ID, OpenedException{OrderID: o.ID, Amount: o.Total})
}

// UnmatchedOpened is that a payment fits no order, once for each payment.
func UnmatchedOpened(id string, p Payment) Event {
	return exceptionOpened.event(consoleTopic, "unmatched:"+id, OpenedException{PaymentID: id, Amount: p.Total})
}

// PersonChanged has the console read a person again, which the user by has changed.
func PersonChanged(userID, by string) Event {
	return personChanged.event(consoleTopic, "", struct {
		UserID string `json:"user_id"`
		By     string `json:"by"`
	}{userID, by})
}

// EnrolmentChanged is how a user stands in a course, by the enrolment e of which view is shown, each state of it once for
// one reason.
func EnrolmentChanged(why string, e *Enrolment, view EnrolmentView) Event {
	return enrolmentChanged.to(e.UserID, fmt.Sprintf("%s:%d:%s", why, e.V, view.State), view)
}

// ProgressChange is how far a learner has come in a lesson and in its course.
type ProgressChange struct {
	CourseID    string    `json:"course_id"`
	LessonID    string    `json:"lesson_id"`
	Position    int       `json:"position_s"`
	Furthest    int       `json:"furthest_s"`
	Done        bool      `json:"done"`
	UpdatedAt   time.Time `json:"updated_at"`
	LessonsDone int       `json:"lessons_done"`
	Lessons     int       `json:"lessons"`
	Finished    bool      `json:"finished"`
}

// ProgressChanged is that a learner has come on, or has gone back, in a lesson of a course.
func ProgressChanged(userID string, c *Course, lessonID string, p *CourseProgress) Event {
	l, all := p.Lessons[lessonID].View(), p.Summary(c)
	return progressChanged.to(userID, "", ProgressChange{
		CourseID: c.ID, LessonID: lessonID, Position: l.Position, Furthest: l.Furthest, Done: l.Done, UpdatedAt: l.UpdatedAt,
		LessonsDone: all.LessonsDone, Lessons: all.Lessons, Finished: all.Finished,
	})
}

// NoticePosted shows a notice to its reader.
func NoticePosted(n Notice) Event { return noticePosted.to(n.UserID, "notice:"+n.ID, n.View()) }

// BroadcastPosted shows a broadcast that has started to one user, or, with an empty userID, to everybody. One that is not
// for the inbox is fleeting.
func BroadcastPosted(b *Broadcast, userID string) Event {
	n := b.Notice(userID, *b.StartedAt)
	view := n.View()
	view.Fleeting = !b.By(ByInbox)
	if userID == "" {
		return noticePosted.event(everybodysTopic, "broadcast:"+b.ID, view)
	}
	return noticePosted.to(userID, "notice:"+n.ID, view)
}

// ReadNotice names the notice that was read on some page of its reader.
type ReadNotice struct {
	ID string `json:"id"` // AllNotices: all that there were
}

// AllNotices takes the place of an id where all notices were read.
const AllNotices = "all"

// NoticeRead is that a user has read the notice with this id, or AllNotices.
func NoticeRead(userID, id string) Event { return noticeRead.to(userID, "", ReadNotice{id}) }

// NotificationsChanged is which notifications a user wants now.
func NotificationsChanged(u *User) Event {
	return notificationsChanged.to(u.ID, "", u.Muted.Notifications())
}

// CourseChange is what pages that show a course learn: that they are to read it again.
type CourseChange struct {
	CourseID string      `json:"course_id"`
	State    CourseState `json:"state"`
	OnSale   bool        `json:"on_sale"`
	Version  int         `json:"version"`
}

// CourseChanged is that a course is another than before: its text, its prices, or whether it is on sale.
func CourseChanged(c *Course) Event {
	version := c.Current().Version
	return courseChanged.event(courseTopicPrefix+c.ID, "", CourseChange{
		CourseID: c.ID, State: c.State, OnSale: c.State == CourseOnSale, Version: version,
	}).at(int64(version))
}

// SessionReplaced is the last event of a page whose device logged in again, or whose session gave way to others. It has no topic: each page gets it
// on its own.
func SessionReplaced() Event { return sessionReplaced.event("", "", struct{}{}) }

// SessionsChanged is that a session of the user has begun or ended: the list is to be read again.
func SessionsChanged(userID string) Event { return sessionsChanged.to(userID, "", struct{}{}) }

// LoginAnswer is whether a person let a page in by its code.
type LoginAnswer struct {
	LetIn bool `json:"let_in"`
}

// LoginAnswered is that a person answered the page which shows a code to log in. The page asks for its session with what it
// alone knows: the event is no credential.
func LoginAnswered(code string, letIn bool) Event {
	return loginAnswered.event(loginTopicPrefix+code, "", LoginAnswer{letIn})
}

// WeChatBinding is whether a WeChat is bound, and the code of why one that scanned was not.
type WeChatBinding struct {
	Bound bool   `json:"bound"`
	Code  string `json:"code,omitempty"`
}

// WeChatBound is that the WeChat which scanned a code, named by its word, is bound to the user now.
func WeChatBound(userID, word string) Event {
	return wechatBound.to(userID, "bound:"+word, WeChatBinding{Bound: true})
}

// WeChatUnbound is that a user has given the WeChat up.
func WeChatUnbound(userID string) Event { return wechatBound.to(userID, "", WeChatBinding{}) }

// WeChatMoved is that the WeChat which scanned a code was bound to another user by it.
func WeChatMoved(userID, word string) Event {
	return wechatBound.to(userID, "moved:"+word, WeChatBinding{})
}

// WeChatReleased is that the WeChat which scanned a code has left the user for an account of its own.
func WeChatReleased(userID, word string) Event {
	return wechatBound.to(userID, "released:"+word, WeChatBinding{})
}

// WeChatRefused is why the WeChat which scanned a user's code is not bound.
func WeChatRefused(userID, word string, why *Error) Event {
	return wechatBound.to(userID, "taken:"+word, WeChatBinding{Code: why.Code})
}

// BroadcastProgress is for consoles: how far a broadcast has come.
func BroadcastProgress(b *Broadcast, sent MessageCounts) Event {
	return broadcastProgress.event(consoleTopic, "", b.View(sent))
}

// StatsChange says when figures have changed.
type StatsChange struct {
	At time.Time `json:"at"`
}

// StatsChanged is that the shop's figures are others than before, at most one a second. It has no figures: those that a
// reader may see are read.
func StatsChanged(now time.Time) Event {
	return statsChanged.event(consoleTopic, fmt.Sprintf("stats:%d", now.Unix()), StatsChange{now.UTC()})
}

// MediaChange is how far a file has come, for the console's list. V counts the changes of the file: a page that gets the
// event on two topics keeps the newer.
type MediaChange struct {
	ID       string        `json:"id"`
	V        int64         `json:"v"`
	State    MediaState    `json:"state"`
	Offset   int64         `json:"offset"` // bytes that have arrived
	Size     int64         `json:"size"`   // bytes
	Job      MediaJobKind  `json:"job,omitempty"`
	JobState MediaJobState `json:"job_state,omitempty"`
	Progress int           `json:"progress"`
	Error    string        `json:"error,omitempty"`
}

func (m *Media) change() MediaChange {
	c := MediaChange{ID: m.ID, V: m.V, State: m.State, Offset: m.Arrived(), Size: m.Size, Error: m.Reason}
	if m.Job != nil {
		c.Job, c.JobState, c.Progress = m.Job.Kind, m.Job.State, m.Job.Progress
		c.Error = cmp.Or(c.Error, m.Job.Error)
	}
	return c
}

// MediaProgress shows how far a file has come to its uploader, who need not follow the console's topic, and to the console.
func MediaProgress(m *Media) (uploader, console Event) {
	return mediaProgress.to(m.By, "", m.change()), mediaProgress.event(consoleTopic, "", m.change())
}

// EndedPlayback names the client whose playback ends, and why. CourseID is set where the access to a course has ended;
// else Session is set, because another one has taken over.
type EndedPlayback struct {
	Client   string `json:"client"`
	Session  string `json:"session,omitempty"` // its id in the list of sessions
	Code     string `json:"code"`
	CourseID string `json:"course_id,omitempty"`
}

// PlaybackEnded is that the account goes on playing on another device than that of a session on a client.
func PlaybackEnded(userID, client, session string) Event {
	return playbackEnded.to(userID, "", EndedPlayback{Client: client, Session: session, Code: ErrPlaybackElsewhere.Code})
}

// PlaybackClosed is that a client gets no further key of a course, whose access has ended at now for one reason.
func PlaybackClosed(why string, e *Enrolment, client string, now time.Time) Event {
	code := ErrEnrolmentRequired.Code
	if e.StateAt(now) == GrantExpired {
		code = ErrEnrolmentExpired.Code
	}
	once := fmt.Sprintf("closed:%s:%d:%s:%s", why, e.V, e.CourseID, client)
	return playbackEnded.to(e.UserID, once, EndedPlayback{Client: client, Code: code, CourseID: e.CourseID})
}
