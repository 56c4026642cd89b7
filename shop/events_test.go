package shop

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestNoTypeOfEventIsSpelledOutsideTheCatalogue reads the literals of the whole module, tests apart: what they expect is to
// be spelled.
func TestNoTypeOfEventIsSpelledOutsideTheCatalogue(t *testing.T) {
	files, found := 0, map[string]bool{}
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "node_modules" || d.Name() == "acceptance" || strings.HasPrefix(d.Name(), ".") && d.Name() != ".."):
			return fs.SkipDir
		case d.IsDir(), filepath.Ext(path) != ".go", strings.HasSuffix(path, "_test.go"):
			return nil
		}
		files++
		for _, spelled := range eventTypesIn(t, path) {
			if path != filepath.Join("..", "shop", "events.go") {
				t.Errorf("%s spells %s: shop/events.go has a constructor for it", path, spelled)
			}
			found[spelled] = true
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 100 || len(found) != len(EventTypes()) {
		t.Errorf("of %d files, with %d of %d types: the test reads too little", files, len(found), len(EventTypes()))
	}
}

// eventTypesIn are the types that the strings of a file hold.
func eventTypesIn(t *testing.T, path string) (all []string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		lit, ok := n.(*ast.BasicLit)
		if !ok || lit.Kind != token.STRING {
			return true
		}
		text, err := strconv.Unquote(lit.Value)
		for _, typ := range EventTypes() {
			if err == nil && strings.Contains(text, typ) {
				all = append(all, typ)
			}
		}
		return true
	})
	return all
}

// TestEveryEventSaysWhereItGoesOnceAndAtWhichVersion holds the keys too: an instance of another version publishes under the
// same.
func TestEveryEventSaysWhereItGoesOnceAndAtWhichVersion(t *testing.T) {
	at := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	order := &Order{ID: "o1", UserID: "ann", State: OrderPaid, History: make([]Record, 3)}
	enrolment := &Enrolment{UserID: "ann", CourseID: "go1", V: 4}
	course := &Course{ID: "go1", State: CourseOnSale, Versions: []PolicyVersion{{Version: 1}, {Version: 2}}}
	kept := &Broadcast{ID: "b1", StartedAt: &at, Channels: []BroadcastChannel{ByLive, ByInbox}}
	fleeting := &Broadcast{ID: "b2", StartedAt: &at, Channels: []BroadcastChannel{ByLive}}
	uploader, console := MediaProgress(&Media{ID: "m1", By: "edith"})
	if got, err := json.Marshal(console.Data); err != nil || string(got) != `{"id":"m1","v":0,"state":"","offset":0,"size":0,"progress":0}` {
		t.Errorf("a file on the console's topic: %s, %v", got, err)
	}
	seen := map[string]bool{}
	for _, tt := range []struct {
		event             Event
		topic, kind, once string
		whole             bool
		version           int64
	}{
		{CartChanged("ann", Cart{Version: 7}, ""), "user:ann", "cart.changed", "", true, 7},
		{CartChanged("ann", Cart{Version: 7}, "bought:o1"), "user:ann", "cart.changed", "bought:o1:7", true, 7},
		{CourseChanged(course), "course:go1", "course.changed", "", true, 2},
		{OrderChanged(order), "user:ann", "order.changed", "order:o1:3", false, 0},
		{PaymentChanged(order), "user:ann", "payment.changed", "payment:o1:0", false, 0},
		{OrderOnDesk(order), "desk", "order.changed", "desk:order:o1:3", false, 0},
		{EnrolmentChanged("grant:o1", enrolment, enrolment.View(at)), "user:ann", "enrolment.changed", "grant:o1:4:revoked", false, 0},
		{ProgressChanged("ann", course, "l1", NoProgress("ann:go1")), "user:ann", "progress.changed", "", false, 0},
		{NoticePosted(Notice{ID: "ann:order_fulfilled:o1", UserID: "ann"}), "user:ann", "notice.posted", "notice:ann:order_fulfilled:o1", false, 0},
		{BroadcastPosted(kept, "ann"), "user:ann", "notice.posted", "notice:ann:activity:b1", false, 0},
		{BroadcastPosted(fleeting, ""), "activity", "notice.posted", "broadcast:b2", false, 0},
		{NoticeRead("ann", AllNotices), "user:ann", "notice.read", "", false, 0},
		{NotificationsChanged(&User{ID: "ann"}), "user:ann", "notifications.changed", "", false, 0},
		{SessionReplaced(), "", "session.replaced", "", false, 0},
		{SessionsChanged("ann"), "user:ann", "sessions.changed", "", false, 0},
		{LoginAnswered("c0de", true), "login:c0de", "login.answered", "", false, 0},
		{WeChatBound("ann", "W"), "user:ann", "wechat.bound", "bound:W", false, 0},
		{WeChatUnbound("ann"), "user:ann", "wechat.bound", "", false, 0},
		{WeChatMoved("ann", "W"), "user:ann", "wechat.bound", "moved:W", false, 0},
		{WeChatReleased("ann", "W"), "user:ann", "wechat.bound", "released:W", false, 0},
		{WeChatRefused("ann", "W", ErrWeChatOwnAccount), "user:ann", "wechat.bound", "taken:W", false, 0},
		{BroadcastProgress(kept, MessageCounts{}), "desk", "broadcast.progress", "", false, 0},
		{uploader, "user:edith", "media.progress", "", false, 0},
		{console, "desk", "media.progress", "", false, 0},
		{FrontChanged(3, time.Time{}), "activity", "front.changed", "front:3", true, 3},
		{FrontChanged(3, at), "activity", "front.changed", fmt.Sprintf("front:3:%d", at.Unix()), true, 3},
		{CatalogueChanged(), "activity", "catalogue.changed", "", false, 0},
		{PersonChanged("ann", "sue"), "desk", "person.changed", "", false, 0},
		{OrderExceptionOpened(order), "desk", "exception.opened", "exception:o1", false, 0},
		{UnmatchedOpened("n1:t1", Payment{Total: 7}), "desk", "exception.opened", "unmatched:n1:t1", false, 0},
		{StatsChanged(at), "desk", "stats.changed", fmt.Sprintf("stats:%d", at.Unix()), false, 0},
		{PlaybackClosed("refund:o1", enrolment, "web", at), "user:ann", "playback.ended", "closed:refund:o1:4:go1:web", false, 0},
		{PlaybackEnded("ann", "web", "s1"), "user:ann", "playback.ended", "", false, 0},
	} {
		seen[tt.kind] = true
		e := tt.event
		if e.Topic != tt.topic || e.Type != tt.kind || e.Once != tt.once || e.Whole != tt.whole || e.Version != tt.version {
			t.Errorf("event %+v, want %+v", e, tt)
		}
		if v, is := e.Data.(NoticeView); is && v.Fleeting != (e.Once == "broadcast:b2") {
			t.Errorf("notice %+v", v)
		}
	}
	for _, typ := range EventTypes() {
		if !seen[typ] || !IsEventType(typ) {
			t.Errorf("%s has no constructor here", typ)
		}
	}
	if IsEventType("activity.begins") {
		t.Error("a type of marketing's is the shop's")
	}
}

func TestTheConsolesTopicShowsARoleItsOwnEvents(t *testing.T) {
	for _, tt := range []struct {
		roles                      []Role
		broadcasts, medias, orders bool
	}{
		{[]Role{RoleLearner}, false, false, false},
		{[]Role{RoleLearner, RoleEditor}, false, true, false},
		{[]Role{RoleMarketer}, true, false, false},
		{[]Role{RoleFinance}, true, false, true},
		{[]Role{RoleSupport}, false, false, true},
		{[]Role{RoleEditor, RoleMarketer}, true, true, false},
		{[]Role{RoleAdmin}, true, true, true},
	} {
		bits := RoleBits(tt.roles)
		if got := ShownOnDesk(bits, "broadcast.progress"); got != tt.broadcasts {
			t.Errorf("%v and broadcasts: %v", tt.roles, got)
		}
		if got := ShownOnDesk(bits, "media.progress"); got != tt.medias {
			t.Errorf("%v and files: %v", tt.roles, got)
		}
		if got := ShownOnDesk(bits, "order.changed"); got != tt.orders {
			t.Errorf("%v and orders: %v", tt.roles, got)
		}
		if !ShownOnDesk(bits, "marketing.own") {
			t.Errorf("%v: an event that is no one role's is hidden", tt.roles)
		}
	}
}
