package handlers

import (
	"strings"
	"testing"

	"mstm/handlers/desk"
	"mstm/handlers/rest"
	"mstm/shop"
)

// templates is the answer to a list, by form.
func (w *world) templates(token string) map[string]desk.NoticeTemplate {
	w.t.Helper()
	all := map[string]desk.NoticeTemplate{}
	for _, v := range as[rest.Page[desk.NoticeTemplate]](w.do("GET", "/api/admin/notice-templates", token, nil).is(200)).Items {
		all[v.Form] = v
	}
	return all
}

func TestTheWordingOfNotices(t *testing.T) {
	w := newWorld(t)
	editor := w.staff("edith", "learner", "editor")
	first := w.templates(editor)
	form := first["access_ended"]
	if len(first) != len(shop.NoticeForms()) || form.V != 0 || form.Edited || form.EditedAt != nil || form.Texts != form.Default ||
		form.Texts.Zh.Title != "课程已到期" || form.Placeholders[0].Name != "course" {
		t.Fatalf("at first: %+v", form)
	}
	path := "/api/admin/notice-templates/access_ended"
	texts := `"texts":{"zh-CN":{"title":" 《{course}》到期了 ","body":"第一行\r\n{offer}"},"en":{"title":"{course} has ended","body":"{offer}"}}`

	preview := as[struct{ Texts shop.Wordings }](w.do("POST", path+"/preview", editor, "{"+texts+"}").is(200)).Texts
	if preview.Zh.Title != "《Go 语言实战》到期了" || !strings.HasPrefix(preview.Zh.Body, "第一行\n想继续学习，可以选择：") || preview.En.Title != "Go 语言实战 has ended" {
		t.Errorf("preview %+v", preview)
	}
	if now := w.templates(editor)["access_ended"]; now.V != 0 || now.Edited {
		t.Errorf("the preview left %+v", now)
	}
	preview = as[struct{ Texts shop.Wordings }](w.do("POST", path+"/preview", editor, "{}").is(200)).Texts
	if preview.Zh.Title != "课程已到期" || strings.Contains(preview.En.Body, "{") {
		t.Errorf("preview of what is %+v", preview)
	}

	edited := as[desk.NoticeTemplate](w.do("PUT", path, editor, `{"v":0,`+texts+`}`).is(200))
	if edited.V != 1 || !edited.Edited || edited.EditedBy == "" || edited.EditedAt == nil || edited.Texts.Zh != (shop.Wording{Title: "《{course}》到期了", Body: "第一行\n{offer}"}) {
		t.Errorf("edited %+v", edited)
	}
	if now := w.templates(editor)["access_ended"]; now.Texts != edited.Texts || now.V != 1 || now.Default != form.Default {
		t.Errorf("after the edit %+v", now)
	}
	w.do("PUT", path, editor, `{"v":0,`+texts+`}`).is(409, "EDIT_CONFLICT")
	w.do("POST", path+"/reset", editor, `{"v":0}`).is(409, "EDIT_CONFLICT")
	reset := as[desk.NoticeTemplate](w.do("POST", path+"/reset", editor, `{"v":1}`).is(200))
	if reset.V != 2 || reset.Edited || reset.Texts != form.Default {
		t.Errorf("reset %+v", reset)
	}
	if got := w.log.lines(t, "notice template edited"); len(got) != 2 {
		t.Errorf("logged %v", got)
	}
	w.do("GET", "/api/admin/notice-templates", w.staff("mark", "learner", "marketer"), nil).is(403)
	w.templates(w.staff("adam", "learner", "admin"))
}

func TestWordingsThatAreRefused(t *testing.T) {
	w := newWorld(t)
	editor := w.staff("edith", "learner", "editor")
	put := func(zhTitle, zhBody, enTitle, enBody string) map[string]any {
		wording := func(title, body string) map[string]string { return map[string]string{"title": title, "body": body} }
		return map[string]any{"v": 0, "texts": map[string]any{"zh-CN": wording(zhTitle, zhBody), "en": wording(enTitle, enBody)}}
	}
	long := strings.Repeat("字", shop.MaxWordingTitle+1)
	for _, tt := range []struct {
		name        string
		body        any
		status      int
		code, param string
	}{
		{"a placeholder of another form", put("{days}", "x", "x", "x"), 422, "PLACEHOLDER_UNKNOWN", "texts.zh-CN.title"},
		{"a brace that belongs to none", put("x", "x", "x", "{course"), 422, "PLACEHOLDER_UNKNOWN", "texts.en.body"},
		{"a title that is too long", put("x", "x", long, "x"), 400, "INVALID_FIELD", "texts.en.title"},
		{"a body that is too long", put("x", strings.Repeat("字", shop.MaxWordingBody+1), "x", "x"), 400, "INVALID_FIELD", "texts.zh-CN.body"},
		{"a title of two lines", put("a\nb", "x", "x", "x"), 400, "INVALID_FIELD", "texts.zh-CN.title"},
		{"writing that turns around", put("x", "a\u202eb", "x", "x"), 400, "INVALID_FIELD", "texts.zh-CN.body"},
		{"an empty body", put("x", " \n ", "x", "x"), 400, "INVALID_FIELD", "texts.zh-CN.body"},
		{"one language only", `{"v":0,"texts":{"zh-CN":{"title":"a","body":"b"}}}`, 400, "INVALID_FIELD", "texts.en.title"},
		{"no texts", `{"v":0}`, 400, "INVALID_FIELD", "texts"},
		{"no v", `{"texts":{"zh-CN":{"title":"a","body":"b"},"en":{"title":"a","body":"b"}}}`, 400, "INVALID_FIELD", "v"},
		{"a v below 0", `{"v":-1,"texts":{"zh-CN":{"title":"a","body":"b"},"en":{"title":"a","body":"b"}}}`, 400, "INVALID_FIELD", "v"},
		{"a third language", `{"v":0,"texts":{"fr":{"title":"a","body":"b"}}}`, 400, "UNKNOWN_FIELD", "texts.fr"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := w.do("PUT", "/api/admin/notice-templates/access_ended", editor, tt.body).is(tt.status, tt.code)
			if param := as[struct{ Param string }](got).Param; param != tt.param {
				t.Errorf("at %q, want %q", param, tt.param)
			}
		})
	}
	w.do("POST", "/api/admin/notice-templates/access_ended/preview", editor, put("{days}", "x", "x", "x")["texts"]).is(400, "UNKNOWN_FIELD")
	w.do("POST", "/api/admin/notice-templates/access_ended/preview", editor, map[string]any{"texts": put("{days}", "x", "x", "x")["texts"]}).is(422, "PLACEHOLDER_UNKNOWN")
	w.do("PUT", "/api/admin/notice-templates/nothing", editor, put("x", "x", "x", "x")).is(404, "TEMPLATE_NOT_FOUND")
	w.do("POST", "/api/admin/notice-templates/nothing/preview", editor, "{}").is(404, "TEMPLATE_NOT_FOUND")
	w.do("POST", "/api/admin/notice-templates/nothing/reset", editor, `{"v":0}`).is(404, "TEMPLATE_NOT_FOUND")
	for form, v := range w.templates(editor) {
		if v.V != 0 {
			t.Errorf("a refusal left %s %+v", form, v)
		}
	}
}
