package desk

import (
	"log/slog"
	"net/http"
	"time"

	"mstm/handlers/rest"
	"mstm/notice"
	"mstm/shop"
)

// noticeTemplates word the notices that the shop writes by itself.
type NoticeTemplates struct{ Wordings *notice.Wordings }

// NoticeTemplate is how one form of the notices that the shop writes by itself is worded.
type NoticeTemplate struct {
	Form         string             `json:"form"`
	Placeholders []shop.NoticeField `json:"placeholders"`
	Texts        shop.Wordings      `json:"texts"`
	Default      shop.Wordings      `json:"default"`
	Edited       bool               `json:"edited"` // texts are not the default's
	V            int64              `json:"v"`      // what an edit has to name; 0: it was never edited
	EditedBy     string             `json:"edited_by,omitempty"`
	EditedAt     *time.Time         `json:"edited_at,omitempty"`
}

func viewNoticeTemplate(f shop.NoticeForm, edited map[string]shop.NoticeTemplate) NoticeTemplate {
	v := NoticeTemplate{Form: f.Name, Placeholders: f.Fields, Texts: f.Texts(edited), Default: f.Default}
	v.Edited = v.Texts != v.Default
	if t, ok := edited[f.Name]; ok {
		at := rest.UTC(t.At)
		v.V, v.EditedBy, v.EditedAt = t.V, t.By, &at
	}
	return v
}

// wordingLimits are the most characters that a wording may have.
type wordingLimits struct {
	Title int `json:"title"`
	Body  int `json:"body"`
}

// List answers GET /api/admin/notice-templates: every form, edited or not.
func (h *NoticeTemplates) List(w http.ResponseWriter, r *http.Request) error {
	edited, err := h.Wordings.Edited(r.Context())
	if err != nil {
		return err
	}
	list := struct {
		rest.Page[NoticeTemplate]
		Limits wordingLimits `json:"limits"`
	}{Limits: wordingLimits{shop.MaxWordingTitle, shop.MaxWordingBody}}
	for _, f := range shop.NoticeForms() {
		list.Items = append(list.Items, viewNoticeTemplate(f, edited))
	}
	return rest.Encode(w, http.StatusOK, list)
}

// Put answers PUT /api/admin/notice-templates/:form `{v,texts}`: notices from now on
// are worded so, on every instance within seconds. v is the version that was read.
func (h *NoticeTemplates) Put(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		V     *int64         `json:"v"`
		Texts *shop.Wordings `json:"texts"`
	}
	f, err := noticeForm(r)
	if err != nil {
		return err
	}
	if err := rest.Decode(w, r, &in); err != nil {
		return err
	}
	if in.Texts == nil {
		return shop.ErrInvalidField.At("texts")
	}
	return h.edit(w, r, f, in.V, in.Texts)
}

// Reset answers POST /api/admin/notice-templates/:form/reset `{v}`: the wording is
// the program's own again.
func (h *NoticeTemplates) Reset(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		V *int64 `json:"v"`
	}
	f, err := noticeForm(r)
	if err != nil {
		return err
	}
	if err := rest.Decode(w, r, &in); err != nil {
		return err
	}
	return h.edit(w, r, f, in.V, nil)
}

func (h *NoticeTemplates) edit(w http.ResponseWriter, r *http.Request, f shop.NoticeForm, seen *int64, texts *shop.Wordings) error {
	t, err := h.Wordings.Edit(r.Context(), f, seen, texts, rest.LearnerID(r.Context()))
	if err != nil {
		return err
	}
	rest.LogEvent(r, "notice template edited", slog.String("form", f.Name), slog.Int64("v", t.V), slog.Bool("reset", texts == nil))
	return rest.Encode(w, http.StatusOK, viewNoticeTemplate(f, map[string]shop.NoticeTemplate{f.Name: t}))
}

// Preview answers POST /api/admin/notice-templates/:form/preview `{texts?}` with the
// wording as a learner could come to read it, `{texts}`; without texts that of now. Nothing is
// written.
func (h *NoticeTemplates) Preview(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Texts *shop.Wordings `json:"texts"`
	}
	f, err := noticeForm(r)
	if err != nil {
		return err
	}
	if err := rest.Decode(w, r, &in); err != nil {
		return err
	}
	texts, err := h.Wordings.Preview(r.Context(), f, in.Texts)
	if err != nil {
		return err
	}
	return rest.Encode(w, http.StatusOK, struct {
		Texts shop.Wordings `json:"texts"`
	}{texts})
}

// noticeForm is the form that the path names.
func noticeForm(r *http.Request) (shop.NoticeForm, error) {
	return shop.NoticeFormNamed(rest.Param(r, "form"))
}
