package handlers

import (
	"strings"
	"testing"

	"mstm/shop"
	"mstm/shop/papers"
	"mstm/store"
	"mstm/storefront"
)

// editedPapers are the papers as the console has them.
type editedPapers struct {
	V int64 `json:"v"`
	papers.Edit
	Versions map[string]int `json:"versions"`
	Missing  []string       `json:"missing"`
	EditedBy string         `json:"edited_by"`
	EditedAt string         `json:"edited_at"`
}

// paperText is a text as the pages have it.
type paperText struct {
	Paper   string `json:"paper"`
	Title   string `json:"title"`
	Version int    `json:"version"`
	At      string `json:"at"`
	HTML    string `json:"html"`
}

func TestPapers_Edited_AreShownToEverybodyAndKeptInVersions(t *testing.T) {
	w := newWorld(t)
	admin := w.staff("boss", shop.RoleAdmin)
	first := as[storefront.View](w.do("GET", "/api/papers", "", nil).is(200))
	if first.Name == "" || first.ICP != "" || first.Terms.Version != 1 || first.Privacy.Version != 1 {
		t.Fatalf("before the first edit %+v", first)
	}
	own := as[paperText](w.do("GET", "/api/papers/terms", "", nil).is(200))
	if own.Version != 1 || own.Title != "用户协议" || !strings.Contains(own.HTML, "<h2") {
		t.Errorf("the program's own terms: %+v", own)
	}

	edited := as[editedPapers](w.do("PUT", "/api/admin/papers", admin, `{"v":0,"name":"围棋学堂","icp":"浙ICP备2021000123号-2",
		"police":"浙公网安备33010402000001号","contact":{"phone":"400-123-4567"},"terms":"# 协议\n\n**请读**<script>alert(1)</script>[坏](javascript:alert(1))"}`).is(200))
	if edited.V != 1 || edited.Versions["terms"] != 2 || edited.Versions["privacy"] != 1 || edited.EditedBy == "" || edited.Contact.Phone != "400-123-4567" {
		t.Errorf("edited %+v", edited)
	}
	shown := as[storefront.View](w.do("GET", "/api/papers", "", nil).is(200))
	if shown.Name != "围棋学堂" || shown.ICP != "浙ICP备2021000123号-2" || shown.PoliceURL != "https://beian.mps.gov.cn/#/query/webSearch?code=33010402000001" ||
		shown.Terms.Version != 2 || shown.Terms.At == nil || shown.Slogan != first.Slogan {
		t.Errorf("shown %+v", shown)
	}
	terms := as[paperText](w.do("GET", "/api/papers/terms", "", nil).is(200))
	if terms.Version != 2 || !strings.Contains(terms.HTML, "<strong>请读</strong>") || strings.Contains(terms.HTML, "<script") || strings.Contains(terms.HTML, "javascript:") {
		t.Errorf("terms %+v", terms)
	}
	before := as[paperText](w.do("GET", "/api/papers/terms?version=1", "", nil).is(200))
	if before.Version != 1 || before.HTML != own.HTML {
		t.Errorf("the version before is %+v", before)
	}
	w.do("PUT", "/api/admin/papers", admin, `{"v":1,"contact":{"email":"kefu@shop.example"}}`).is(200)
	now := as[editedPapers](w.do("GET", "/api/admin/papers", admin, nil).is(200))
	if now.V != 2 || now.Name != "围棋学堂" || now.Contact.Phone != "400-123-4567" || now.Contact.Email != "kefu@shop.example" || now.Versions["terms"] != 2 {
		t.Errorf("what was left out: %+v", now)
	}
	rows := map[string]map[string]string{}
	if err := w.store.Audit.Each(t.Context(), "papers", func(r *store.AuditRow) error { rows[r.ID] = r.Data; return nil }); err != nil {
		t.Fatal(err)
	}
	if len(rows) != 2 || rows["papers:1"]["after_name"] != "围棋学堂" || rows["papers:1"]["before_terms"] != "v1" || rows["papers:2"]["after_contact_email"] != "kefu@shop.example" {
		t.Errorf("audit %v", rows)
	}
}

func TestPapers_WrongEditOrReader_IsRefused(t *testing.T) {
	w := newWorld(t)
	admin := w.staff("boss", shop.RoleAdmin)
	learner, _ := w.learner("someone")
	w.do("GET", "/api/admin/papers", learner, nil).is(403, "FORBIDDEN")
	w.do("PUT", "/api/admin/papers", w.staff("edith", shop.RoleEditor), `{"v":0}`).is(403, "FORBIDDEN")
	w.do("PUT", "/api/admin/papers", admin, `{"name":"店"}`).is(400, "INVALID_FIELD")
	w.do("PUT", "/api/admin/papers", admin, `{"v":0,"icp":"八位数字"}`).is(400, "INVALID_FIELD")
	w.do("PUT", "/api/admin/papers", admin, `{"v":0,"terms":"![图](media:abcdefgh)"}`).is(400, "INVALID_FIELD")
	w.do("PUT", "/api/admin/papers", admin, `{"v":0,"terms":"![图](https://x.example/a.png)"}`).is(400, "INVALID_FIELD")
	w.do("PUT", "/api/admin/papers", admin, `{"v":3,"name":"店"}`).is(409, "EDIT_CONFLICT")
	w.do("PUT", "/api/admin/papers", admin, `{"v":0,"name":"店"}`).is(200)
	w.do("PUT", "/api/admin/papers", admin, `{"v":0,"name":"铺"}`).is(409, "EDIT_CONFLICT")
	long := strings.Repeat("条", papers.MaxText)
	w.do("PUT", "/api/admin/papers", admin, map[string]any{"v": 1, "terms": long, "privacy": long, "refunds": long}).is(200)
	for _, path := range []string{"/api/papers/nothing", "/api/papers/terms?version=9", "/api/papers/refunds?version=2000000000"} {
		w.do("GET", path, "", nil).is(404, "PAPER_NOT_FOUND")
	}
	for _, q := range []string{"0", "-1", "x", "", "99999999999999999999"} {
		w.do("GET", "/api/papers/terms?version="+q, "", nil).is(400, "INVALID_QUERY")
	}
}
