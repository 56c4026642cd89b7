package notices

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"mstm/acceptance/shoptest"
	"mstm/app"
	"mstm/hub/hubtest"
	"mstm/store/redistest"
	"mstm/store/storetest"
)

// TestFortyDaysOfReminders lets forty days pass, midnight by midnight, in a shop that is stopped at
// three of these midnights and has a second instance for two weeks. Learners let their months and
// cards run out, renew in time and after the end, buy the full price, give a month back. Each
// reminder must come on its day, once in the inbox, once on the open page (which comes back after
// each stop) and once by WeChat where one is bound.
func TestFortyDaysOfReminders(t *testing.T) {
	f := openForty(t)
	ladder, cards := f.a.Sell(shoptest.Usual()), f.sellCards()
	lapsing, renewing, owner, leaver, returning := f.reader("lapsing", true), f.reader("renewing", true), f.reader("owner", false), f.reader("leaver", false), f.reader("returning", false)
	returning.Patch("/api/me", obj{"locale": "en"}).Want(200)

	f.buys(lapsing, 0, ladder.S1)
	f.buys(renewing, 0, ladder.S1)
	f.buys(owner, 0, ladder.S1)
	left := f.buys(leaver, 0, ladder.S1)
	f.on("2025-03-02 10:00", func() { f.buys(renewing, 9900, cards); f.buys(returning, 9900, cards) })
	f.on("2025-03-15 10:00", func() { f.buys(renewing, 9900, cards) }) // after the reminder 3 days before
	f.on("2025-03-16 10:00", f.addInstance)
	f.on("2025-03-24 10:00", func() { f.loginAgain(); f.buys(returning, 9900, cards) }) // six days after the end
	f.on("2025-03-27 10:00", func() { f.buys(renewing, 20000, ladder.S2) })
	f.on("2025-03-28 10:00", func() { f.gives(leaver, ladder.Id, left) })
	f.on("2025-03-31 10:00", func() { f.buys(owner, 99900, ladder.Full); f.dropInstance() })
	f.stopAt = map[string]bool{"2025-03-11": true, "2025-03-26": true, "2025-04-06": true}
	f.pass("2025-03-02", 40)

	f.wantTold(lapsing, "ladder 7 03-26", "ladder 3 03-30", "ladder 1 04-01", "ladder 0 04-02")
	f.wantTold(renewing, "cards 7 03-11", "cards 3 03-15", "cards 7 03-26", "ladder 7 03-26", "cards 3 03-30", "cards 1 04-01", "cards 0 04-02")
	f.wantTold(owner, "ladder 7 03-26", "ladder 3 03-30")
	f.wantTold(leaver, "ladder 7 03-26")
	f.wantTold(returning, "cards 7 03-11", "cards 3 03-15", "cards 1 03-17", "cards 0 03-18", "cards 7 04-02", "cards 3 04-06", "cards 1 04-08", "cards 0 04-09")
	if n := reminders(lapsing.Person, ladder.Id)[0]; !strings.Contains(n.Body, "下一阶段「第二个月」200.00 元，1 个月；「全款」999.00 元") {
		t.Errorf("without what it costs to go on: %+v", n)
	}
	if n := reminders(returning.Person, f.cards)[0]; n.Title != "7 days of access left" || !strings.Contains(n.Body, "To go on: “半月卡”, ¥99.00, 15 days") {
		t.Errorf("not in English: %+v", n)
	}
}

// forty is a shop over forty days.
type forty struct {
	t            *testing.T
	a, b         *shoptest.Shop // b is there for a while
	db           *mongo.Database
	options      []shoptest.Option
	ladder       string // ids of courses
	cards        string
	readers      []*reader
	plans        map[string]func()
	stopAt       map[string]bool // days that begin with a stop of a
	mongo, redis string
}

// reader is a learner with a page that is always open, as far as the shop is.
type reader struct {
	*shoptest.Person
	name   string
	openid string // "": no WeChat
	page   *hubtest.Client
	pos    string         // where the page has come
	heard  map[string]int // how often a notice came to the page, by its id
}

func openForty(t *testing.T) *forty {
	f := &forty{t: t, mongo: storetest.Mongo(t), redis: redistest.Single(t), plans: map[string]func(){}}
	site, sandbox := shoptest.FreeAddr(t), shoptest.FreeAddr(t) // it comes back where WeChat and the pages know it
	f.options = []shoptest.Option{shoptest.WithStores(f.mongo, f.redis), shoptest.WithDataDir(t.TempDir()), func(s *app.Settings) {
		s.Addr, s.SandboxAddr = site, sandbox
	}}
	f.a = shoptest.Start(t, f.options...).At(t, "2025-03-01 10:00")
	f.db = shoptest.OpenDatabase(t, f.mongo)
	return f
}

// sellCards puts a course on sale that is sold by the half month.
func (f *forty) sellCards() shoptest.Wish {
	var out struct {
		ID       string `json:"id"`
		Policies []struct {
			ID string `json:"id"`
		} `json:"policies"`
	}
	editor := f.a.Staff("editor")
	card := obj{"kind": "period", "name": "半月卡", "period": obj{"unit": "day", "count": 15}, "price_fen": 9900}
	editor.Post("/api/admin/courses", shoptest.OutlineOf("棋社", f.a.Category(), obj{"policies": []obj{card}})).Want(201).Into(&out)
	editor.Post("/api/admin/courses/"+out.ID+"/publish", nil).Want(200)
	f.cards = out.ID
	return shoptest.Wish{CourseID: out.ID, PolicyID: out.Policies[0].ID}
}

func (f *forty) reader(name string, weChat bool) *reader {
	r := &reader{Person: f.a.NewLearner(), name: name, heard: map[string]int{}}
	if weChat {
		r.openid = shoptest.SomeWeChat()
		f.a.Bind(r.Person, r.openid, "")
	}
	r.page = r.Socket()
	r.pos = userPos(r.page)
	f.readers = append(f.readers, r)
	return r
}

// buys buys and pays, and knows the courses by their names.
func (f *forty) buys(r *reader, total int64, w shoptest.Wish) (order string) {
	if f.ladder == "" && w.CourseID != f.cards {
		f.ladder = w.CourseID
	}
	return f.a.Buy(r.Person, total, w).ID
}

func (f *forty) gives(r *reader, course, order string) {
	r.Post("/api/orders/"+order+"/refund", obj{"reason": "不学了"}).Want(200)
	shoptest.Eventually(f.t, time.Minute, func() error { return shoptest.GrantState(r.Person, course, order, "revoked") })
}

// on plans what happens at a time.
func (f *forty) on(when string, do func()) { f.plans[when] = do }

// pass lets so many days pass, from the beginning of one on.
func (f *forty) pass(from string, days int) {
	day := shoptest.BeijingTime(f.t, from)
	for range days {
		f.begin(day)
		for _, when := range slices.Sorted(maps.Keys(f.plans)) {
			if strings.HasPrefix(when, day.Format(time.DateOnly)) {
				f.a.SetClock(shoptest.BeijingTime(f.t, when).Format(time.RFC3339))
				f.plans[when]()
			}
		}
		day = day.AddDate(0, 0, 1)
	}
}

// begin begins a day, and waits until all its reminders are posted and sent.
func (f *forty) begin(day time.Time) {
	f.a.SetClock(day.Format(time.RFC3339))
	if f.stopAt[day.Format(time.DateOnly)] {
		f.restart()
	}
	// What fails while an instance stops is looked at again ten seconds later.
	shoptest.Eventually(f.t, time.Minute, func() error {
		if err := turned(f.db, day.Add(time.Minute)); err != nil {
			return err
		}
		waiting, err := shoptest.Rows(f.db, "deliveries", bson.M{"state": "waiting"})
		if err == nil && len(waiting) > 0 {
			err = fmt.Errorf("on %s still to be sent: %v", day.Format(time.DateOnly), waiting)
		}
		return err
	})
}

// restart stops the shop while it is at what the day brings, and starts it again.
func (f *forty) restart() {
	f.a.Stop()
	for _, r := range f.readers {
		r.close()
	}
	f.a = shoptest.Start(f.t, f.options...)
	for _, r := range f.readers {
		r.page = back(r.Person, r.pos)
	}
}

// loginAgain is before the tokens end, after thirty days.
func (f *forty) loginAgain() {
	for _, r := range f.readers {
		r.close()
		r.Again()
		r.page = back(r.Person, r.pos)
	}
}

func (f *forty) addInstance() {
	f.b = shoptest.Start(f.t, shoptest.WithStores(f.mongo, f.redis), shoptest.WithSandboxOf(f.a), func(s *app.Settings) { s.SandboxAddr = "off" })
}

func (f *forty) dropInstance() { f.b.Stop() }

// close closes the page and notes its events and its position.
func (r *reader) close() {
	r.page.Close()
	r.page.Ended(time.Minute)
	r.note()
}

func (r *reader) note() {
	for _, f := range r.page.All() {
		if f.Op == "event" && f.Topic == "user" {
			r.pos = f.Pos
		}
		if f.Type == "notice.posted" {
			var n shoptest.Notice
			f.Into(r.T, &n)
			r.heard[n.ID]++
		}
	}
}

// wantTold wants a reader to have exactly these reminders, as `course days-before day`.
func (f *forty) wantTold(r *reader, want ...string) {
	f.t.Helper()
	events(f.t, r.page) // all that was on its way
	r.note()
	r.page.Close()
	var box struct {
		Items []struct {
			shoptest.Notice
			CreatedAt time.Time `json:"created_at"`
		} `json:"items"`
	}
	r.Get("/api/notices?limit=100").Want(200).Into(&box)
	told := []string{}
	days := map[string]string{"access_ends_in_7": "7", "access_ends_in_3": "3", "access_ends_in_1": "1", "access_ended": "0"}
	courses := map[string]string{"/courses/" + f.ladder: "ladder", "/courses/" + f.cards: "cards"}
	for _, n := range box.Items {
		if r.heard[n.ID] != 1 {
			f.t.Errorf("%s heard of %s %d times", r.name, n.ID, r.heard[n.ID])
		}
		if strings.HasPrefix(n.Kind, "access_") {
			told = append(told, n.CreatedAt.In(shoptest.Beijing).Format("01-02")+" "+courses[n.Link]+" "+days[n.Kind])
		}
	}
	slices.Sort(told)
	for i, text := range told { // the day last
		told[i] = text[6:] + " " + text[:5]
	}
	slices.SortFunc(want, func(x, y string) int { return strings.Compare(x[len(x)-5:]+x, y[len(y)-5:]+y) })
	if !slices.Equal(told, want) {
		f.t.Errorf("%s got %q, not %q", r.name, told, want)
	}
	if len(r.heard) != len(box.Items) {
		f.t.Errorf("%s heard of %d notices and has %d", r.name, len(r.heard), len(box.Items))
	}
	if r.openid == "" {
		return
	}
	sent := 0
	for _, c := range f.a.Cards(r.openid) {
		if strings.HasPrefix(c.Template, "access_") {
			sent++
		}
	}
	if sent != len(want) {
		f.t.Errorf("%s got %d messages of %d", r.name, sent, len(want))
	}
}
