package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"mstm/shop"
)

const templatesAge = 5 * time.Second // how late an edit may be that the bus could not announce

// NoticeTemplates are the wordings that staff have given notices.
type NoticeTemplates struct {
	*base
	docs  Collection[shop.NoticeTemplate]
	audit *Audit

	templates *cached[map[string]shop.NoticeTemplate]
}

func newNoticeTemplates(b *base) *NoticeTemplates {
	s := &NoticeTemplates{base: b, docs: newCollection[shop.NoticeTemplate](b, "notice_templates")}
	s.templates = newCached[map[string]shop.NoticeTemplate](b.bus, changeTemplates, templatesAge)
	return s
}

// All are the wordings that people have given notices, by form, from memory unless
// one has changed. The caller must not change them.
func (s *NoticeTemplates) All(ctx context.Context) (map[string]shop.NoticeTemplate, error) {
	return s.templates.get(ctx, s.Read)
}

// Read reads them as they are in the database now, for editing.
func (s *NoticeTemplates) Read(ctx context.Context) (map[string]shop.NoticeTemplate, error) {
	rows, err := s.docs.All(ctx, bson.M{})
	if err != nil {
		return nil, err
	}
	all := make(map[string]shop.NoticeTemplate, len(rows))
	for _, t := range rows {
		all[t.Form] = t
	}
	return all, nil
}

// Put makes t the edit after the one that the caller has seen (t.V is that one's;
// 0: there was none), and puts it into the audit. If another edit was first it is
// shop.ErrEditConflict. t as it is kept is returned.
//
// The audit has every edit, also when the process dies before it writes there: the row holds the
// whole edit, and the next edit writes this one's audit row first.
func (s *NoticeTemplates) Put(ctx context.Context, t shop.NoticeTemplate) (shop.NoticeTemplate, error) {
	won, err := s.put(ctx, &t)
	if err != nil {
		return t, fmt.Errorf("notice template %s: %w", t.Form, err)
	}
	if !won {
		return t, shop.ErrEditConflict
	}
	s.changed(ctx, changeTemplates, t.Form)
	if err := s.record(ctx, t); err != nil {
		s.log.WarnContext(ctx, "audit is behind", "notice_template", t.Form, "err", err)
	}
	return t, nil
}

func (s *NoticeTemplates) put(ctx context.Context, t *shop.NoticeTemplate) (bool, error) {
	seen := t.V
	t.V++
	if seen == 0 {
		return s.docs.Insert(ctx, t)
	}
	last, err := s.docs.Get(ctx, t.Form)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if last.V != seen {
		return false, nil
	}
	if err := s.record(ctx, *last); err != nil {
		return false, err
	}
	return s.docs.Replace(ctx, bson.M{"_id": t.Form, "v": seen}, t)
}

func (s *NoticeTemplates) record(ctx context.Context, t shop.NoticeTemplate) error {
	row := AuditRow{
		ID: fmt.Sprintf("notice_template:%s:%d", t.Form, t.V), Object: "notice_template:" + t.Form, Act: "reset", By: t.By, At: t.At,
	}
	if w := t.Texts; w != nil {
		row.Act = "edit"
		row.Data = map[string]string{"zh_title": w.Zh.Title, "zh_body": w.Zh.Body, "en_title": w.En.Title, "en_body": w.En.Body}
	}
	return s.audit.add(ctx, row)
}
