package handlers

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"mstm/personal"
	"mstm/shop"
	"mstm/shop/papers"
	"mstm/store"
)

// TestExport_EveryCollection_IsExportedOrSaysWhyNot holds the list of parts and the list of collections equal.
func TestExport_EveryCollection_IsExportedOrSaysWhyNot(t *testing.T) {
	var listed []string
	for _, p := range personal.Parts() {
		if (p.Name == "") == (p.Why == "") {
			t.Errorf("%s is exported and says why it is not, or neither", p.Collection)
		}
		listed = append(listed, p.Collection)
	}
	listed = append(listed, personal.Technical()...)
	slices.Sort(listed)
	all := store.CollectionNames()
	slices.Sort(all)
	if !slices.Equal(listed, all) {
		t.Errorf("personal/parts.go lists\n%v\nand the store has\n%v", listed, all)
	}
}

// somebodysLife fills what the API alone does not fill in this world.
func (w *world) somebodysLife(id, token string) {
	w.t.Helper()
	ctx, now := w.t.Context(), time.Now().UTC()
	must := func(err error) {
		w.t.Helper()
		if err != nil {
			w.t.Fatal(err)
		}
	}
	_, err := w.store.Bindings.Bind(ctx, id, "oABCDEFGHIJKLMNOP", "", now)
	must(err)
	must(w.store.Bindings.SetPayer(ctx, id, "oPAYERPAYERPAYER"))
	_, err = w.store.Orders.Insert(ctx, &shop.Order{
		ID: "order1", UserID: id, State: shop.OrderFulfilled, Lines: []shop.OrderLine{{CourseID: "go1", Title: "Go"}}, Total: 9900, CreatedAt: now, ExpiresAt: now,
		Attempts: []shop.Attempt{{OutTradeNo: "T1", Amount: 9900, CreatedAt: now, PrepayBy: "hidden-call"}}, Refunds: []shop.Refund{{OutRefundNo: "R1", Amount: 100, By: "staff-somebody", CreatedAt: now}},
	})
	must(err)
	_, err = w.store.Enrolments.Change(ctx, id, "go1", func(e *shop.Enrolment) error {
		e.Grants = append(e.Grants, shop.Grant{OrderID: "order1", PolicyID: "p", State: shop.GrantLive, From: now, At: now})
		return nil
	})
	must(err)
	_, err = w.store.Trials.Take(ctx, id, "go1", "order1", now)
	must(err)
	_, _, err = w.store.Progress.Open(ctx, id, "go1", "l1", now)
	must(err)
	_, err = w.store.Notes.Change(ctx, id, "go1", "l1", func(n *shop.LessonNotes) error {
		n.Notes = append(n.Notes, shop.Note{ID: "n1", Text: "我的笔记", CreatedAt: now, UpdatedAt: now})
		return nil
	})
	must(err)
	_, err = w.store.Playing.Change(ctx, id, func(p *store.PlayingRow) error {
		p.Devices = append(p.Devices, store.PlayingDevice{Client: "web", Since: now, SeenAt: now})
		return nil
	})
	must(err)
	_, err = w.store.Notices.Insert(ctx, &shop.Notice{ID: "notice1", UserID: id, Kind: "order", Title: "课程开通", CreatedAt: now})
	must(err)
	must(w.store.Readers.Read(ctx, id, "broadcast1", true, now))
	must(w.store.Agreements.Add(ctx, id, []papers.Edition{{Paper: papers.Terms, Version: 2}}, "asked", now))
	must(w.store.Audit.Add(ctx, store.AuditRow{Object: "user:" + id, Act: "wechat_bound", By: id, At: now}))
}

func TestExport_OfALife_HasEachCollectionThatKnowsThePerson(t *testing.T) {
	w := newWorld(t)
	token, id := w.learner("lin")
	_, other := w.learner("other")
	w.somebodysLife(id, token)
	if _, err := w.store.Notices.Insert(t.Context(), &shop.Notice{ID: "notice2", UserID: other, Kind: "order", Title: "别人的", CreatedAt: time.Now()}); err != nil {
		t.Fatal(err)
	}
	a := w.do("GET", "/api/me/export", token, nil).is(200)
	if a.Header.Get("Cache-Control") != "no-store" || !strings.HasPrefix(a.Header.Get("Content-Disposition"), "attachment") {
		t.Errorf("headers %v", a.Header)
	}
	var copied map[string]json.RawMessage
	a.into(&copied)
	for _, p := range personal.Parts() {
		known := 0
		err := w.store.EachRaw(t.Context(), p.Collection, bson.M{}, func(doc bson.Raw) error {
			if bytes.Contains(doc, []byte(id)) {
				known++
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		var rows []any
		if p.Name == "" {
			continue
		}
		if err := json.Unmarshal(copied[p.Name], &rows); err != nil {
			t.Errorf("%s: %v in %s", p.Name, err, copied[p.Name])
		}
		if known == 0 {
			t.Errorf("the life has nothing in %s, so nothing is shown", p.Collection)
		} else if len(rows) == 0 {
			t.Errorf("%s knows the person by %d documents, the copy has none", p.Collection, known)
		}
	}
	for _, name := range personal.Technical() {
		err := w.store.EachRaw(t.Context(), name, bson.M{}, func(doc bson.Raw) error {
			if bytes.Contains(doc, []byte(id)) {
				t.Errorf("%s knows the person and is listed as technical: %s", name, doc)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	text := string(a.Body)
	for _, there := range []string{"我的笔记", "课程开通", `"out_trade_no":"T1"`, `"out_refund_no":"R1"`, `"openid":"oABC****MNOP"`, `"act":"wechat_bound"`} {
		if !strings.Contains(text, there) {
			t.Errorf("the copy lacks %s", there)
		}
	}
	for _, hidden := range []string{"argon2", "password_hash", `"hash"`, "oABCDEFGHIJKLMNOP", "oPAYERPAYERPAYER", "hidden-call", "staff-somebody", "别人的", other} {
		if strings.Contains(text, hidden) {
			t.Errorf("the copy shows %s", hidden)
		}
	}
}

func TestExport_WithoutProofOrTooOften_IsRefused(t *testing.T) {
	var clock movable
	w := newWorld(t, clock.of)
	token, id := w.learner("lin")
	clock.move(20 * time.Minute)
	w.do("GET", "/api/me/export", token, nil).is(403, "STEP_UP_REQUIRED")
	w.do("POST", "/api/me/step-up", token, map[string]string{"password": aPassword}).is(200)
	for range personal.Exporting.Burst {
		w.do("GET", "/api/me/export", token, nil).is(200)
	}
	w.do("GET", "/api/me/export", token, nil).is(429, "TOO_MANY_REQUESTS")
	rows := 0
	if err := w.store.Audit.Each(t.Context(), "user:"+id, func(r *store.AuditRow) error {
		if r.Act == "data_exported" {
			rows++
		}
		return nil
	}); err != nil || rows != personal.Exporting.Burst {
		t.Errorf("%d copies in the audit, %v", rows, err)
	}
}
