package sandbox

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/julienschmidt/httprouter"
	"go.etcd.io/bbolt"
)

// messageRoutes is how the account writes to people, and what the control API shows of it.
func (s *official) messageRoutes(r *httprouter.Router) {
	r.POST("/cgi-bin/message/template/send", s.account("template_send", s.withToken(s.sendTemplate)))
	r.POST("/cgi-bin/message/subscribe/bizsend", s.account("subscribe_send", s.withToken(s.sendSubscribed)))

	r.GET("/sandbox/messages", s.control(s.messages))
	r.POST("/sandbox/subscribe", s.control(s.subscribe))
	r.GET("/sandbox/message-quota", s.control(s.showQuota))
	r.PUT("/sandbox/message-quota", s.control(s.setQuota))
	r.GET("/sandbox/templates", s.control(s.listTemplates))
	r.PUT("/sandbox/templates", s.control(s.loseTemplates))
}

// message is one that reached a person, as WeChat shows it: a card with a title and rows.
type message struct {
	Openid      string    `json:"openid"`
	Template    string    `json:"template"` // the shop's word
	TemplateID  string    `json:"template_id"`
	Title       string    `json:"title"`
	Rows        []line    `json:"rows"`
	URL         string    `json:"url,omitempty"`
	ClientMsgID string    `json:"client_msg_id,omitempty"`
	MsgID       int64     `json:"msgid,string"`
	At          time.Time `json:"at"`
}

// line is a row of a card.
type line struct {
	Key   string `json:"key"`
	Label string `json:"label"`
	Value string `json:"value"`
}

// letter is the body of a call that sends a message.
type letter struct {
	ToUser      string `json:"touser"`
	TemplateID  string `json:"template_id"`
	URL         string `json:"url"`  // of a template message
	Page        string `json:"page"` // of a subscription notice
	ClientMsgID string `json:"client_msg_id"`
	Data        map[string]struct {
		Value string `json:"value"`
		Color string `json:"color"`
	} `json:"data"`
	MiniProgram *struct {
		AppID    string `json:"appid"`
		PagePath string `json:"pagepath"`
	} `json:"miniprogram"`
}

// card fills the template's rows with what the letter says.
func (l letter) card(t *msgTemplate, now time.Time) (message, error) {
	m := message{Openid: l.ToUser, Template: t.Name, TemplateID: t.ID, Title: t.Title, URL: l.URL + l.Page, ClientMsgID: l.ClientMsgID, At: now.UTC()}
	for _, r := range t.Rows {
		value := l.Data[r.Key].Value
		if !fits(r.Key, value) {
			return m, &errcode{47003, "argument invalid! data." + r.Key + ".value invalid"}
		}
		m.Rows = append(m.Rows, line{r.Key, r.Label, value})
	}
	return m, nil
}

// onceFor is how long a client_msg_id is known.
const onceFor = 10 * time.Minute

// sendTemplate answers POST /cgi-bin/message/template/send.
func (s *official) sendTemplate(r *request) (any, error) {
	var in letter
	if err := decodeAccount(r, &in); err != nil {
		return nil, err
	}
	var m message
	err := s.db.Update(func(tx *bbolt.Tx) (err error) {
		m, err = s.takeTemplate(tx, in)
		return err
	})
	if err != nil {
		return nil, err
	}
	s.reportSent(m.Openid, "TEMPLATESENDJOBFINISH", func(outcome string) string {
		return fmt.Sprintf("<MsgID>%d</MsgID><Status><![CDATA[%s]]></Status>", m.MsgID, outcome)
	})
	return map[string]any{"errcode": 0, "errmsg": "ok", "msgid": m.MsgID}, nil
}

func (s *official) takeTemplate(tx *bbolt.Tx, in letter) (m message, err error) {
	t, err := s.template(tx, in.TemplateID, false)
	if err != nil {
		return m, err
	}
	f, err := get[follower](tx, bucketFollowers, in.ToUser)
	switch {
	case err != nil:
		return m, err
	case f == nil:
		return m, &errcode{40003, "invalid openid"}
	case !f.Following:
		return m, &errcode{43004, "require subscribe"}
	}
	if m, err = in.card(t, s.now()); err != nil {
		return m, err
	}
	if err := s.takeOnce(tx, in); err != nil {
		return m, err
	}
	if err := s.useQuota(tx); err != nil {
		return m, err
	}
	return s.keepMessage(tx, m)
}

// takeOnce refuses a client_msg_id that was taken a short while ago.
func (s *official) takeOnce(tx *bbolt.Tx, in letter) error {
	if in.ClientMsgID == "" {
		return nil
	}
	key := in.ToUser + "/" + in.ClientMsgID
	at, err := get[time.Time](tx, bucketOnce, key)
	if err != nil {
		return err
	}
	if at != nil && s.now().Sub(*at).Abs() < onceFor {
		return &errcode{40241, "duplicate client_msg_id"}
	}
	return put(tx, bucketOnce, key, s.now())
}

// keepMessage gives a message its number and puts it onto the phone.
func (s *official) keepMessage(tx *bbolt.Tx, m message) (message, error) {
	n := sequence(tx, bucketMessages)
	m.MsgID = 3_700_000_000_000_000_000 + int64(n)
	return m, put(tx, bucketMessages, fmt.Sprintf("%s/%012d", m.Openid, n), m)
}

// sendSubscribed answers POST /cgi-bin/message/subscribe/bizsend: one consent is one message. A
// person that does not follow gets it among the service notifications.
func (s *official) sendSubscribed(r *request) (any, error) {
	var in letter
	if err := decodeAccount(r, &in); err != nil {
		return nil, err
	}
	var m message
	err := s.db.Update(func(tx *bbolt.Tx) (err error) {
		m, err = s.takeSubscribed(tx, in)
		return err
	})
	if err != nil {
		return nil, err
	}
	s.reportSent(m.Openid, "subscribe_msg_sent_event", func(outcome string) string {
		code := 0
		if outcome != "success" {
			code = 1
		}
		return fmt.Sprintf("<SubscribeMsgSentEvent><List><TemplateId><![CDATA[%s]]></TemplateId><MsgID>%d</MsgID>"+
			"<ErrorCode>%d</ErrorCode><ErrorStatus><![CDATA[%s]]></ErrorStatus></List></SubscribeMsgSentEvent>", m.TemplateID, m.MsgID, code, outcome)
	})
	return map[string]any{"errcode": 0, "errmsg": "ok"}, nil
}

func (s *official) takeSubscribed(tx *bbolt.Tx, in letter) (m message, err error) {
	t, err := s.template(tx, in.TemplateID, true)
	if err != nil {
		return m, err
	}
	f, err := get[follower](tx, bucketFollowers, in.ToUser)
	if err != nil {
		return m, err
	}
	if f == nil {
		return m, &errcode{40003, "invalid openid"}
	}
	key := in.ToUser + "/" + t.ID
	left, err := get[int](tx, bucketGrants, key)
	if err != nil {
		return m, err
	}
	if left == nil || *left < 1 {
		return m, &errcode{43101, "user refuse to accept the msg"}
	}
	if m, err = in.card(t, s.now()); err != nil {
		return m, err
	}
	if err := put(tx, bucketGrants, key, *left-1); err != nil {
		return m, err
	}
	return s.keepMessage(tx, m)
}

// subscribe answers POST /sandbox/subscribe: a person answers the page's question whether one
// message of an activity may come.
func (s *official) subscribe(r *request) (any, error) {
	in := struct {
		Openid     string        `json:"openid"`
		TemplateID string        `json:"template_id"`
		Accept     bool          `json:"accept"`
		Fault      CallbackFault `json:"fault"`
	}{Accept: true}
	if err := r.decode(&in); err != nil {
		return nil, err
	}
	if in.TemplateID == "" {
		in.TemplateID = activityTemplate().ID
	}
	openid := s.phones.openidOr(in.Openid)
	err := s.db.Update(func(tx *bbolt.Tx) error {
		if _, err := s.template(tx, in.TemplateID, true); err != nil {
			return paramError("template_id", "no template to subscribe to")
		}
		return grant(tx, openid, in.TemplateID, in.Accept)
	})
	if err != nil {
		return nil, err
	}
	word := "reject"
	if in.Accept {
		word = "accept"
	}
	return s.followers.pushToShop(r.Context(), pushed{Openid: openid, Event: "subscribe_msg_popup_event", more: "<SubscribeMsgPopupEvent><List><TemplateId><![CDATA[" +
		in.TemplateID + "]]></TemplateId><SubscribeStatusString><![CDATA[" + word + "]]></SubscribeStatusString><PopupScene>1</PopupScene></List></SubscribeMsgPopupEvent>"}, in.Fault), nil
}

// grant books a consent; a refusal takes the earlier consents back.
func grant(tx *bbolt.Tx, openid, templateID string, accept bool) error {
	f, err := get[follower](tx, bucketFollowers, openid)
	if err != nil {
		return err
	}
	if f == nil { // has met the account by its page
		if err := put(tx, bucketFollowers, openid, follower{Openid: openid}); err != nil {
			return err
		}
	}
	key := openid + "/" + templateID
	left, err := get[int](tx, bucketGrants, key)
	switch {
	case err != nil:
		return err
	case !accept:
		return put(tx, bucketGrants, key, 0)
	case left == nil:
		return put(tx, bucketGrants, key, 1)
	}
	return put(tx, bucketGrants, key, *left+1)
}

// messages answers GET /sandbox/messages?openid=&limit=, newest first; without openid everybody's.
func (s *official) messages(r *request) (any, error) {
	var out items[message]
	prefix := r.URL.Query().Get("openid")
	if prefix != "" {
		prefix += "/"
	}
	err := s.db.View(func(tx *bbolt.Tx) (err error) {
		out.Items, err = list[message](tx, bucketMessages, prefix)
		return err
	})
	slices.SortStableFunc(out.Items, func(a, b message) int { return int(b.MsgID - a.MsgID) })
	if n, bad := strconv.Atoi(r.URL.Query().Get("limit")); bad == nil && n >= 0 {
		out.Items = out.Items[:min(n, len(out.Items))]
	}
	return out, err
}

// quota is how many template messages a day the account may send, and has sent.
type quota struct {
	Template int    `json:"template"`
	Used     int    `json:"used"`
	Day      string `json:"day"`
}

const (
	metaQuota    = "message_quota"
	defaultQuota = 100_000
)

func quotaNow(tx *bbolt.Tx, today string) (*quota, error) {
	q, err := get[quota](tx, bucketMeta, metaQuota)
	if err != nil {
		return nil, err
	}
	if q == nil {
		q = &quota{Template: defaultQuota}
	}
	if q.Day != today {
		q.Day, q.Used = today, 0
	}
	return q, nil
}

// useQuota counts one message, or refuses it.
func (s *official) useQuota(tx *bbolt.Tx) error {
	q, err := quotaNow(tx, day(s.now()))
	if err != nil {
		return err
	}
	if q.Used >= q.Template {
		return &errcode{45009, "reach max api daily quota limit"}
	}
	q.Used++
	return put(tx, bucketMeta, metaQuota, q)
}

// showQuota answers GET /sandbox/message-quota.
func (s *official) showQuota(*request) (out any, err error) {
	err = s.db.View(func(tx *bbolt.Tx) (err error) {
		out, err = quotaNow(tx, day(s.now()))
		return err
	})
	return out, err
}

// setQuota answers PUT /sandbox/message-quota `{template}`: so many more today, and so many on
// other days.
func (s *official) setQuota(r *request) (any, error) {
	var in struct {
		Template int `json:"template"`
	}
	if err := r.decode(&in); err != nil {
		return nil, err
	}
	if in.Template < 0 {
		return nil, paramError("template", "a number of messages")
	}
	q := quota{Template: in.Template, Day: day(s.now())}
	return q, s.db.Update(func(tx *bbolt.Tx) error { return put(tx, bucketMeta, metaQuota, q) })
}

// background is work that goes on behind answered calls, a few at a time, until it is closed.
type background struct {
	ctx    context.Context
	cancel context.CancelFunc
	work   *sync.WaitGroup
	places chan struct{}
}

func newBackground() background {
	ctx, cancel := context.WithCancel(context.Background())
	return background{ctx, cancel, &sync.WaitGroup{}, make(chan struct{}, 8)}
}

func (b background) do(work func(context.Context)) {
	b.work.Go(func() {
		select {
		case b.places <- struct{}{}:
			defer func() { <-b.places }()
			work(b.ctx)
		case <-b.ctx.Done():
		}
	})
}

func (b background) close() {
	b.cancel()
	b.work.Wait()
}

// reportSent reports to the shop, a moment later, what became of a message.
func (s *official) reportSent(openid, event string, more func(outcome string) string) {
	f, _ := s.faults.drawCallback("message", "", false)
	outcome := f.Outcome
	if outcome == "" {
		outcome = "success"
	}
	s.telling.do(func(ctx context.Context) {
		pause(ctx, 20*time.Millisecond)
		sent := s.followers.pushToShop(ctx, pushed{Openid: openid, Event: event, more: more(outcome)}, f)
		if n := len(sent.Deliveries); n > 0 && ctx.Err() == nil && !sent.Deliveries[n-1].taken() && !strings.HasPrefix(f.Event, "message") {
			s.log.WarnContext(ctx, "the shop does not take the event", "event", event, "status", sent.Deliveries[n-1].Status, "error", sent.Deliveries[n-1].Error)
		}
	})
}
