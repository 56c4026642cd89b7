package catalogue

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"time"

	"mstm/hub"
	"mstm/runner"
	"mstm/shop"
	"mstm/store"
	"mstm/store/storetest"
)

// planning is a catalogue whose clock stands, with the looks of two instances.
type planning struct {
	*Catalogue
	*Courses
	db        *store.DB
	now       time.Time
	instances [2]*runner.Wakeups
}

func newPlanning(t *testing.T) *planning {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	p := &planning{db: storetest.Open(t), now: time.Now().UTC().Truncate(time.Millisecond)}
	if _, err := p.db.Categories.Insert(t.Context(), shop.Category{ID: "code", Name: "编程"}); err != nil {
		t.Fatal(err)
	}
	p.Catalogue = New(Config{
		Store: CollectionsOf(p.db), Hub: hub.New(hub.Config{Redis: p.db.Redis(), Log: log}), Orders: &takenDown{},
		Cover: func(id string) string { return "/covers/" + id + ".svg" }, Now: p.clock, Log: log,
	})
	p.Courses = p.Catalogue.Courses
	for i := range p.instances {
		p.instances[i] = runner.NewWakeups(runner.WakeupsConfig{Queue: p.db.Wakeups, By: store.NewID(), Now: p.clock, Log: log})
		p.instances[i].Handle(p.Plans.Wakeups())
	}
	return p
}

func (p *planning) clock() time.Time { return p.now }

func (p *planning) plan(t *testing.T, id string, action shop.PlanAction, in time.Duration) *shop.Course {
	t.Helper()
	at := p.now.Add(in)
	c, err := p.Plans.Make(t.Context(), id, "edith", Planned{PublishAt: &at, Action: action}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// look has both instances look at once at what is due.
func (p *planning) look(t *testing.T) {
	t.Helper()
	var both sync.WaitGroup
	for _, instance := range p.instances {
		both.Go(func() {
			if err := instance.LookOnce(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	both.Wait()
}

// ends are the rows of the audit on how plans of a course ended.
func (p *planning) ends(t *testing.T, id string) (rows []store.AuditRow) {
	t.Helper()
	err := p.db.Audit.Each(t.Context(), "course:"+id, func(r *store.AuditRow) error {
		if r.Act == "course_plan_done" || r.Act == "course_plan_failed" {
			rows = append(rows, *r)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func (p *planning) get(t *testing.T, id string) *shop.Course {
	t.Helper()
	c, err := p.Get(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// waiting counts the wakeups of plans that are left.
func (p *planning) waiting(t *testing.T) int {
	t.Helper()
	rows, err := p.db.Wakeups.Due(t.Context(), p.now.AddDate(10, 0, 0), time.Now().Add(time.Hour), 100, shop.WakePlan)
	if err != nil {
		t.Fatal(err)
	}
	return len(rows)
}

func TestPlan_TwoInstancesAtItsTime_CarryItOutOnce(t *testing.T) {
	p := newPlanning(t)
	c := p.plan(t, p.draft(t).ID, "", 2*time.Minute)
	if again := p.plan(t, c.ID, shop.PlanPublish, 2*time.Minute); again.V != c.V || again.Plan.ID != c.Plan.ID {
		t.Errorf("a repeated request made another plan: %+v", again.Plan)
	}
	p.look(t)
	if now := p.get(t, c.ID); now.State != shop.CourseDraft || !now.Plan.Waits() {
		t.Fatalf("before its time: %s, %+v", now.State, now.Plan)
	}
	p.now = p.now.Add(31 * 24 * time.Hour) // the sandbox's clock leaps
	p.look(t)
	now := p.get(t, c.ID)
	if now.State != shop.CourseOnSale || now.Plan.State != shop.PlanDone || now.V != c.V+1 {
		t.Fatalf("at its time: %s, version %d after %d, %+v", now.State, now.V, c.V, now.Plan)
	}
	if rows := p.ends(t, c.ID); len(rows) != 1 || rows[0].By != "edith" || rows[0].Act != "course_plan_done" {
		t.Errorf("the audit: %+v", rows)
	}
	if n := p.waiting(t); n != 0 {
		t.Errorf("%d wakeups left", n)
	}
}

func TestPlan_DeathBetweenItsWrites_IsMadeUpFor(t *testing.T) {
	p := newPlanning(t)
	c := p.plan(t, p.draft(t).ID, shop.PlanPublish, time.Minute)
	p.now = p.now.Add(time.Minute)
	// A process that carried the plan out and died before the audit knew.
	_, err := p.db.Courses.Change(t.Context(), c.ID, func(c *shop.Course) error {
		if !c.CarryOut(c.Plan.ID, store.NewID, p.now) {
			t.Error("not carried out")
		}
		return nil
	})
	if err != nil || len(p.ends(t, c.ID)) != 0 {
		t.Fatalf("%v, %v", err, p.ends(t, c.ID))
	}
	p.look(t)
	if rows := p.ends(t, c.ID); len(rows) != 1 || p.waiting(t) != 0 {
		t.Errorf("after the next look: %+v, %d wakeups", rows, p.waiting(t))
	}

	// A process that died between the wakeup and the plan: the look finds nothing, and again later.
	other := p.draft(t)
	dead := *other
	dead.Plan = &shop.CoursePlan{ID: "lost", Action: shop.PlanPublish, At: p.now, By: "edith", State: shop.PlanWaiting}
	_, err = p.db.Courses.Change(t.Context(), other.ID, func(c *shop.Course) error { c.Plan = dead.Plan; return nil })
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Plans.Withdraw(t.Context(), other.ID); err != nil {
		t.Fatal(err)
	}
	p.look(t)
	if now := p.get(t, other.ID); now.State != shop.CourseDraft || p.waiting(t) != 1 {
		t.Errorf("a plan that is not there: %s, %d wakeups", now.State, p.waiting(t))
	}
}

func TestPlan_ForgottenBeforeTheAuditKnew_IsAudited(t *testing.T) {
	p := newPlanning(t)
	c := p.plan(t, p.draft(t).ID, shop.PlanPublish, time.Minute)
	p.now = p.now.Add(time.Minute)
	_, err := p.db.Courses.Change(t.Context(), c.ID, func(c *shop.Course) error { c.CarryOut(c.Plan.ID, store.NewID, p.now); return nil })
	if err != nil {
		t.Fatal(err)
	}
	p.plan(t, c.ID, shop.PlanUnpublish, time.Hour)
	if rows := p.ends(t, c.ID); len(rows) != 1 || rows[0].Data["action"] != "publish" {
		t.Errorf("%+v", rows)
	}
	p.now = p.now.Add(time.Hour)
	p.look(t)
	if now := p.get(t, c.ID); now.State != shop.CourseOffSale || len(p.ends(t, c.ID)) != 2 {
		t.Errorf("the next plan: %s, %+v", now.State, p.ends(t, c.ID))
	}
}

func TestPlan_WithdrawnOrReplaced_DoesNothingAtItsTime(t *testing.T) {
	p := newPlanning(t)
	withdrawn, replaced := p.draft(t).ID, p.draft(t).ID
	p.plan(t, withdrawn, shop.PlanPublish, time.Minute)
	p.plan(t, replaced, shop.PlanPublish, time.Minute)
	if c, err := p.Plans.Withdraw(t.Context(), withdrawn); err != nil || c.Plan != nil {
		t.Fatalf("%+v, %v", c, err)
	}
	p.plan(t, replaced, shop.PlanPublish, time.Hour)
	p.now = p.now.Add(2 * time.Minute)
	p.look(t)
	if a, b := p.get(t, withdrawn), p.get(t, replaced); a.State != shop.CourseDraft || b.State != shop.CourseDraft || !b.Plan.Waits() {
		t.Fatalf("%s; %s, %+v", a.State, b.State, b.Plan)
	}
	p.now = p.now.Add(time.Hour)
	p.look(t)
	if c := p.get(t, replaced); c.State != shop.CourseOnSale {
		t.Errorf("the second plan: %s, %+v", c.State, c.Plan)
	}
}

func TestPlan_NotPossibleAtItsTime_StaysWithTheReason(t *testing.T) {
	p := newPlanning(t)
	price := shop.Fen(100)
	change := Pricing{Policies: []Policy{{Kind: shop.KindLifetime, Name: "全款", Price: &price}}}
	overtaken := p.draft(t).ID
	at := p.now.Add(time.Minute)
	planned := Planned{PublishAt: &at, Pricing: change}
	if _, err := p.Plans.Make(t.Context(), overtaken, "edith", planned, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := p.SetPrices(t.Context(), overtaken, change, nil); err != nil {
		t.Fatal(err)
	}
	byLaw := p.plan(t, p.draft(t).ID, shop.PlanPublish, time.Minute).ID
	if c, err := p.TakeOffSale(t.Context(), byLaw, "lawyer", true); err != nil || c.Plan.State != shop.PlanFailed {
		t.Fatalf("%+v, %v", c, err)
	}
	onTime := p.draft(t).ID
	if _, err := p.Plans.Make(t.Context(), onTime, "edith", planned, nil); err != nil {
		t.Fatal(err)
	}
	p.now = p.now.Add(time.Minute)
	p.look(t)
	for id, want := range map[string]string{overtaken: "EDIT_CONFLICT", byLaw: "COURSE_TAKEN_DOWN"} {
		c, rows := p.get(t, id), p.ends(t, id)
		if c.State != shop.CourseDraft || c.Plan.State != shop.PlanFailed || c.Plan.Reason != want || len(rows) != 1 || rows[0].Data["reason"] != want {
			t.Errorf("%s: %s, %+v, %+v", want, c.State, c.Plan, rows)
		}
	}
	if c := p.get(t, onTime); c.State != shop.CourseOnSale || c.Current().Version != 2 || c.Current().Policies[0].Price != 100 {
		t.Errorf("planned prices: %s, %+v", c.State, c.Current())
	}
}

func TestPlan_OfWhatCannotBe_IsRefused(t *testing.T) {
	p := newPlanning(t)
	priced := p.draft(t).ID
	bare, err := p.Create(t.Context(), Outline{Title: "空", CategoryID: "code", Teacher: shop.Teacher{Name: "林老师"}}, Pricing{})
	if err != nil {
		t.Fatal(err)
	}
	down := p.draft(t).ID
	if _, err := p.TakeOffSale(t.Context(), down, "lawyer", true); err != nil {
		t.Fatal(err)
	}
	stale := int64(-1)
	for name, row := range map[string]struct {
		id     string
		action shop.PlanAction
		in     time.Duration
		seen   *int64
		want   error
	}{
		"now":                 {priced, "", 0, nil, shop.ErrPlanTime},
		"in the past":         {priced, "", -time.Second, nil, shop.ErrPlanTime},
		"in two years":        {priced, "", 2 * 366 * 24 * time.Hour, nil, shop.ErrPlanTime},
		"no price":            {bare.ID, "", time.Hour, nil, shop.ErrNoPolicies},
		"off sale by law":     {down, "", time.Hour, nil, shop.ErrCourseTakenDown},
		"a draft off sale":    {priced, shop.PlanUnpublish, time.Hour, nil, shop.ErrPlanNeedless},
		"another action":      {priced, "burn", time.Hour, nil, shop.ErrInvalidField},
		"another version":     {priced, "", time.Hour, &stale, shop.ErrEditConflict},
		"a course that isn't": {"nothing", "", time.Hour, nil, shop.ErrCourseNotFound},
	} {
		at := p.now.Add(row.in)
		if _, err := p.Plans.Make(t.Context(), row.id, "edith", Planned{PublishAt: &at, Action: row.action}, row.seen); !errors.Is(err, row.want) {
			t.Errorf("%s: %v, want %v", name, err, row.want)
		}
	}
	if n := p.waiting(t); n != 0 {
		t.Errorf("refused plans left %d wakeups", n)
	}
}

func TestPlan_ClockPutBackDuringALook_WaitsForItsTime(t *testing.T) {
	p := newPlanning(t)
	c := p.plan(t, p.draft(t).ID, shop.PlanPublish, time.Hour)
	w, err := p.db.Wakeups.Get(t.Context(), shop.WakeupID(shop.WakePlan, c.ID+":"+c.Plan.ID))
	if err != nil {
		t.Fatal(err)
	}
	if settled, err := p.Plans.look(context.WithoutCancel(t.Context()), *w); err != nil || !settled {
		t.Fatalf("%v, %v", settled, err)
	}
	if now := p.get(t, c.ID); now.State != shop.CourseDraft || p.waiting(t) != 1 {
		t.Errorf("%s, %d wakeups", now.State, p.waiting(t))
	}
}
