package store

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"mstm/shop"
	"mstm/shop/webhooks"
)

// exceptions are the queries that no index serves whole.
var exceptions = []exception{
	// Small collections, which are read whole.
	{collection: "api_keys", why: "tens: staff make them by hand"},
	{collection: "categories", why: "tens: shelves of a shop"},
	{collection: "courses", why: "10^4: the catalogue, read at start, and for what an editor does to a file"},
	{collection: "webhooks", why: "20 at most"},
	{collection: "notice_templates", why: "one for each form of a notice"},
	{collection: "front_pages", why: "one for each edit of the front page"},
	{collection: "shop_papers", why: "one for each edit of the papers"},
	{collection: "quarantine", by: "(*UnmatchedPayments).All", why: "payments that fit no order: people look into each"},
	{collection: "claims", by: "(*Claims).All", why: "courses in open orders; of the check"},
	{collection: "due", by: "(*oldWakeups).orders", why: "empty: of the version before; of the check"},

	// Walks over everything, by batches, at night or by hand.
	{by: "(*Audiences).Each", why: "a broadcast to all enrolled learners that an audience may have: each is looked at"},
	{by: "(*Enrolments).Each", why: "the nightly recount and the check"},
	{by: "(*Figures).Repair", why: "the nightly recount"},
	{by: "(*IdempotencyKeys).Orders", why: "the check; without the answers' bytes"},
	{by: "(*LessonTexts).InUse", why: "the nightly search for files that nothing uses"},
	{by: "(*Media).Each", why: "the nightly search for files that nothing uses"},
	{by: "(*Notices).Each", why: "the check"},
	{by: "(*Orders).Each", why: "the nightly recount and the check"},
	{by: "(*Progress).Each", why: "the nightly recount"},
	{by: "(*Users).Each", why: "the nightly recount and the check"},

	// Read in part by an index, which bounds the rest.
	{by: "(*Orders).Page", given: "user_id=", fields: []string{"state=", "lines.course_id=", "created_at<>"}, why: "orders of one learner: hundreds"},
	{by: "(*Orders).Page", fields: []string{"user_id~"}, why: "orders that were never placed have no user: as many as processes died at it"},
	{by: "(*Audit).Page", given: "object=", fields: []string{"by=", "act="}, why: "rows about one thing: hundreds"},
	{by: "(*Audit).Page", given: "by=", fields: []string{"act="}, why: "keys of one actor's rows, which have the act; no documents"},
	{by: "(*Roles).admins", fields: []string{"deleted_at="}, why: "accounts with a role: tens"},
	{by: "(*Users).EachOptedOut", fields: []string{"deleted_at="}, why: "deleted accounts that had opted out"},
	{by: "(*Wakeups).Due", fields: []string{"until<>"}, why: "rows that are due and have a lease: the places of all instances"},
	{by: "(*WebhookDeliveries).Hold", fields: []string{"test="}, why: "tests that wait: sent by hand"},
	{by: "(*Media).Used", why: "keys of one for each file; no documents: 10^5 files are some 50 ms of a page of the console"},

	{by: "(*Enrolments).CountLearners", why: "enrolments in one course"},

	// What scans, and is known to.
	{by: "(*Wakeups).firstDue", why: "never sent to MongoDB: only the embedded store asks for the first row"},
	{by: "(*Users).Count", why: "all accounts, once for each broadcast to all: MongoDB answers null by no index alone"},
	{by: "(*Users).page", why: "support looks for people by a part of a name: all accounts, by hand, in the lists' class. A search engine would end it"},
}

// bounding are indexes that serve no query whole but bound an exception.
var bounding = []string{
	"media:state,by,size",
	"users:username", "users:name", // the beginnings of names in (*Users).page
}

// askEverything asks each list and each count of the store once for every form of its filter.
func askEverything(t *testing.T) {
	t.Helper()
	s, ctx := open(t, t.TempDir()), t.Context()
	now := time.Date(2025, 3, 1, 10, 0, 0, 0, time.UTC)
	cursor, err := position{1740823200000, "a"}.cursor()
	if err != nil {
		t.Fatal(err)
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Error(err)
		}
	}
	for _, c := range []string{"", cursor} {
		for _, f := range []AuditFilter{
			{}, {Calls: true}, {From: now}, {Objects: []string{"x"}}, {Objects: []string{"x"}, Act: "a", By: []string{"y"}}, {By: []string{"y"}},
			{By: []string{"y"}, Act: "a"}, {Act: "a"}, {Act: "a", Until: now}, {Objects: []string{"x"}, Calls: true, From: now, Until: now}, {Objects: []string{"x"}, Act: "a"},
		} {
			_, _, err := s.Audit.Page(ctx, f, 5, c)
			must(err)
		}
		for _, f := range []OrderFilter{
			{}, {State: shop.OrderPending}, {UserID: "u"}, {CourseID: "c"}, {CourseID: "c", State: shop.OrderPaid}, {UserID: "u", State: shop.OrderPaid},
			{UserID: "u", CourseID: "c"}, {UserID: "u", CourseID: "c", State: shop.OrderPaid}, {From: now, Until: now}, {State: shop.OrderPaid, From: now, Until: now},
			{CourseID: "c", From: now, Until: now}, {Referral: "spring"}, {Referral: "spring", From: now, Until: now},
		} {
			_, _, err := s.Orders.Page(ctx, f, 5, c)
			must(err)
		}
		_, _, err := s.Orders.Of(ctx, "u", 5, c)
		must(err)
		for _, unread := range []bool{false, true} {
			_, _, err = s.Notices.Of(ctx, "u", unread, nil, 5, c)
			must(err)
		}
		_, _, err = s.Users.Page(ctx, "", 5, c)
		must(err)
		_, _, err = s.Users.Page(ctx, "li", 5, c)
		must(err)
		_, _, err = s.Users.Staff(ctx, 5, c)
		must(err)
		for _, kind := range []shop.MediaKind{"", "video"} {
			_, _, err = s.Media.Page(ctx, kind, 5, c)
			must(err)
		}
		_, _, err = s.Media.PageFailed(ctx, 5, c)
		must(err)
		for _, state := range []shop.BroadcastState{"", shop.BroadcastPaused} {
			_, _, err = s.Broadcasts.Page(ctx, state, 5, c)
			must(err)
		}
		_, _, err = s.StaffNotes.Of(ctx, "u", 5, c)
		must(err)
		for _, state := range []webhooks.DeliveryState{"", webhooks.Failed} {
			_, _, err = s.WebhookDeliveries.Page(ctx, "e", state, 5, c)
			must(err)
		}
	}
	for _, day := range []string{"", "2025-03-01"} {
		for _, state := range []shop.ReconciliationState{"", shop.ReconciliationDifferences} {
			_, _, err := s.Reconciliations.Page(ctx, state, 5, day)
			must(err)
		}
	}
	askWalks(t, s, now, must)
}

func askWalks(t *testing.T, s *DB, now time.Time, must func(error)) {
	ctx := t.Context()
	for _, s.ferret = range []bool{false, true} { // as MongoDB is asked, too
		must(s.Orders.EachWithCash(ctx, now, now, func(*shop.Order) error { return nil }))
	}
	for _, a := range []shop.Audience{{Kind: shop.AudienceAll}, {Kind: shop.AudienceCourse, CourseID: "c"}, {Kind: shop.AudienceExpiring}, {Kind: shop.AudienceCategory, CategoryID: "x"}} {
		for _, after := range []string{"", "u"} {
			must(s.Audiences.Each(ctx, a, "", after, now, func(string) error { return nil }))
		}
	}
	for _, a := range []shop.Audience{{Kind: shop.AudienceAll}, {Kind: shop.AudienceCourse}} {
		must(s.Readers.EachReading(ctx, &shop.Broadcast{ID: "b", Audience: a}, func(string, time.Time, bool) error { return nil }))
	}
	for _, kinds := range [][]shop.WakeupKind{{shop.WakeOrder}, nil} {
		_, err := s.Wakeups.Due(ctx, now, now, 5, kinds...)
		must(err)
	}
	for _, all := range []bool{false, true} {
		must(s.Adoption.Adopt(ctx, all))
	}
	for _, ask := range []func() error{
		func() error { return s.Audit.Each(ctx, "x", func(*AuditRow) error { return nil }) },
		func() error { _, err := s.Audit.CountMoves(ctx); return err },
		func() error { return s.Bindings.Each(ctx, "", func(*Binding) error { return nil }) },
		func() error { _, err := s.Agreements.Of(ctx, "u"); return err },
		func() error { _, err := s.Broadcasts.Posted(ctx); return err },
		func() error {
			_, err := s.Broadcasts.InStates(ctx, shop.BroadcastPaused, shop.BroadcastUnconfirmed)
			return err
		},
		func() error { _, err := s.Broadcasts.StartedSince(ctx, now); return err },
		func() error { _, err := s.Catalogue.Get(ctx); return err },
		func() error { _, err := s.Claims.Of(ctx, "o"); return err },
		func() error { _, err := s.Claims.All(ctx); return err },
		func() error { _, err := s.Courses.CountIn(ctx, "x"); return err },
		func() error { _, err := s.Deliveries.Count(ctx, "b"); return err },
		func() error { _, err := s.Deliveries.CountCodes(ctx, "b", shop.DeliveryFailed); return err },
		func() error { _, err := s.Deliveries.CountFailed(ctx, []string{"b", "c"}); return err },
		func() error { _, err := s.Enrolments.Of(ctx, "u"); return err },
		func() error { return s.Enrolments.Each(ctx, func(*shop.Enrolment) error { return nil }) },
		func() error { _, err := s.Enrolments.CountLearners(ctx, "c"); return err },
		func() error { return s.Enrolments.EachIn(ctx, "c", 10, func(*shop.Enrolment) {}) },
		func() error { _, err := s.Figures.Queue(ctx, 5); return err },
		func() error { _, err := s.Figures.Read(ctx, [2]string{"a", "b"}); return err },
		func() error { _, err := s.Figures.Repair(ctx); return err },
		func() error { _, err := s.IdempotencyKeys.Forget(ctx, now, 5); return err },
		func() error { _, err := s.IdempotencyKeys.Orders(ctx); return err },
		func() error {
			_, err := s.LessonTexts.InUse(ctx, func(string, string) bool { return true })
			return err
		},
		func() error { _, err := s.Media.JobsDue(ctx, shop.JobTranscode, now, 5); return err },
		func() error { return s.Media.Each(ctx, func(*shop.Media) error { return nil }) },
		func() error { _, err := s.Media.Used(ctx); return err },
		func() error { _, err := s.Media.CountFailed(ctx); return err },
		func() error { _, err := s.Media.Jobs(ctx); return err },
		func() error { _, err := s.Orders.Open(ctx); return err },
		func() error { _, err := s.Orders.OldestIn(ctx, shop.OrderPending); return err },
		func() error { _, _, err := s.Wakeups.Overdue(ctx, now); return err },
		func() error { _, err := s.UnmatchedPayments.CountOpen(ctx); return err },
		func() error { _, err := s.Media.Unfinished(ctx, "u"); return err },
		func() error { _, err := s.Media.InUse(ctx); return err },
		func() error { _, err := s.Media.UsedBy(ctx, "m"); return err },
		func() error { _, err := s.Playing.Count(ctx, now); return err },
		func() error { return s.Notes.DeleteOf(ctx, "u") },
		func() error { _, err := s.NoticeTemplates.Read(ctx); return err },
		func() error { _, err := s.Notices.Count(ctx, "b"); return err },
		func() error { _, err := s.Notices.CountUnread(ctx, "u"); return err },
		func() error { _, err := s.Notices.ReadAll(ctx, "u", now); return err },
		func() error { return s.Notices.Each(ctx, func(*shop.Notice) error { return nil }) },
		func() error { _, err := s.Orders.OfTransaction(ctx, "t"); return err },
		func() error { _, err := s.Orders.OpenFor(ctx, "c"); return err },
		func() error { return s.Orders.Each(ctx, func(*shop.Order) error { return nil }) },
		func() error { return s.Orders.EachPaid(ctx, now, now, func(*shop.Order) error { return nil }) },
		func() error { _, err := s.OrderWakeups.Orders(ctx); return err },
		func() error { return s.Phones.removeOldCodes(ctx, now) },
		func() error { return s.Proofs.removeOld(ctx) },
		func() error { _, err := s.APIKeys.All(ctx, now); return err },
		func() error { _, err := s.Papers.Read(ctx); return err },
		func() error { _, err := s.Front.Read(ctx); return err },
		func() error { _, err := s.Tokens.Current(ctx, []TokenOwner{{"u", "web"}}, now); return err },
		func() error { return s.Progress.Each(ctx, func(*shop.CourseProgress) error { return nil }) },
		func() error { _, err := s.Roles.admins(ctx); return err },
		func() error { return s.StaffNotes.DeleteOf(ctx, "u") },
		func() error { return s.Tokens.DeleteAll(ctx, "u") },
		func() error { return s.Trials.share(ctx, "u") },
		func() error { _, err := s.UnmatchedPayments.Of(ctx, "o"); return err },
		func() error { _, err := s.UnmatchedPayments.All(ctx); return err },
		func() error { _, err := s.UnmatchedPayments.Undone(ctx); return err },
		func() error { _, err := s.UnmatchedPayments.Undecided(ctx); return err },
		func() error { _, err := s.Reconciliations.Different(ctx); return err },
		func() error { _, err := s.Unsent.List(ctx, 5); return err },
		func() error { _, err := s.Webhooks.All(ctx); return err },
		func() error { _, err := s.WebhookDeliveries.Due(ctx, "e", now, 5); return err },
		func() error { _, err := s.WebhookDeliveries.Next(ctx, "e"); return err },
		func() error { _, err := s.WebhookDeliveries.ReplayFailed(ctx, "e", now, now); return err },
		func() error { return s.WebhookDeliveries.Hold(ctx, "e") },
		func() error { _, err := s.WebhookDeliveries.Forget(ctx, "e", now, 5); return err },
		func() error { return s.Users.Each(ctx, func(*shop.User) error { return nil }) },
		func() error { _, err := s.Users.Count(ctx); return err },
		func() error { return s.Users.EachOptedOut(ctx, func(string) error { return nil }) },
	} {
		must(ask())
	}
}

// TestQueries_WithoutAnIndex_AreNamed plants queries.
func TestQueries_WithoutAnIndex_AreNamed(t *testing.T) {
	down := func(fields ...string) (sort []indexKey) {
		for _, f := range fields {
			sort = append(sort, indexKey{f, true})
		}
		return sort
	}
	for _, row := range []struct {
		fields  map[string]comparison
		sort    []indexKey
		limited bool
		served  bool
	}{
		{fields: map[string]comparison{"_id": equal, "v": equal}, served: true},
		{fields: map[string]comparison{"v": equal}},
		{fields: map[string]comparison{"user_id": equal}, sort: down("created_at", "_id"), served: true},
		{fields: map[string]comparison{"user_id": equal}, sort: []indexKey{{"created_at", false}, {"_id", false}}, served: true},
		{fields: map[string]comparison{"user_id": equal}, sort: []indexKey{{"created_at", false}, {"_id", true}}},
		{fields: map[string]comparison{"user_id": equal}, sort: down("paid_at")},
		{fields: map[string]comparison{"user_id": within}, sort: down("created_at")},
		{fields: map[string]comparison{"paid_at": other}},
		{fields: map[string]comparison{}, sort: down("created_at"), limited: true, served: true},
		{fields: map[string]comparison{}, sort: down("created_at")},
		{fields: map[string]comparison{"state": equal, "v": equal}, sort: down("created_at"), limited: true},
	} {
		q := query{by: "planted", collection: "orders", all: conjunction{fields: row.fields}, sort: row.sort, limited: row.limited}
		if reason := q.lacks(); (reason == "") != row.served {
			t.Errorf("%s: %q", q, reason)
		}
	}
}

// TestQueries_EveryMethodThatLooks_IsAsked finds the methods of the store that list or count, and wants each recorded.
func TestQueries_EveryMethodThatLooks_IsAsked(t *testing.T) {
	askEverything(t)
	recorded.mu.Lock()
	asked := map[string]bool{}
	for _, q := range recorded.seen {
		asked[q.by] = true
	}
	recorded.mu.Unlock()
	all := methodsThatLook(t)
	if len(all) < 40 {
		t.Fatalf("found only %d methods that look: %v", len(all), all)
	}
	for _, name := range all {
		if !asked[name] {
			t.Errorf("%s lists or counts, and no test here asks it: add it to askEverything", name)
		}
	}
}

// methodsThatLook are those that call a list or a count of a collection.
func methodsThatLook(t *testing.T) (all []string) {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	var parsed []*ast.File
	fields := map[string]bool{} // of type Collection
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") || slices.Contains(plumbing, name) {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		parsed = append(parsed, f)
		ast.Inspect(f, func(n ast.Node) bool {
			if x, ok := n.(*ast.Field); ok {
				of, generic := x.Type.(*ast.IndexExpr)
				isCollection := generic && fmt.Sprint(of.X) == "Collection" || fmt.Sprint(x.Type) == "wakeupRows"
				for _, name := range x.Names {
					if isCollection {
						fields[name.Name] = true
					}
				}
			}
			return true
		})
	}
	for _, f := range parsed {
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Body != nil && looks(fn, fields) {
				all = append(all, methodName(fn))
			}
		}
	}
	return all
}

func looks(fn *ast.FuncDecl, fields map[string]bool) (found bool) {
	ast.Inspect(fn.Body, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		of := call.Fun
		if generic, ok := of.(*ast.IndexExpr); ok {
			of = generic.X
		}
		switch of := of.(type) {
		case *ast.Ident:
			found = found || slices.Contains([]string{"pageBy", "page", "sumAll", "countBy", "forEach", "findAll"}, of.Name)
		case *ast.SelectorExpr:
			last := ""
			switch x := of.X.(type) {
			case *ast.Ident:
				last = x.Name
			case *ast.SelectorExpr:
				last = x.Sel.Name
			}
			found = found || fields[last] && slices.Contains([]string{"All", "Each", "Count", "Page", "UpdateAll"}, of.Sel.Name)
		}
		return true
	})
	return found
}

func methodName(fn *ast.FuncDecl) string {
	if fn.Recv == nil {
		return fn.Name.Name
	}
	if star, ok := fn.Recv.List[0].Type.(*ast.StarExpr); ok {
		switch of := star.X.(type) { // a generic type is written as the runtime does
		case *ast.IndexExpr:
			return fmt.Sprintf("(*%s[...]).%s", of.X, fn.Name.Name)
		case *ast.IndexListExpr:
			return fmt.Sprintf("(*%s[...]).%s", of.X, fn.Name.Name)
		}
		return fmt.Sprintf("(*%s).%s", star.X, fn.Name.Name)
	}
	return fmt.Sprintf("%s.%s", fn.Recv.List[0].Type, fn.Name.Name)
}
