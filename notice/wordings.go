package notice

import (
	"context"
	"time"

	"mstm/shop"
	"mstm/store"
)

// Wordings are the texts of the notices that the shop writes by itself, as staff edit them.
type Wordings struct {
	Templates *store.NoticeTemplates
	Now       func() time.Time // the shop's clock
}

// Edited are the wordings that staff have given, by form.
func (s *Wordings) Edited(ctx context.Context) (map[string]shop.NoticeTemplate, error) {
	return s.Templates.Read(ctx)
}

// Edit gives a form a wording, or with nil texts the program's own again, in the name of the user by: notices from now on
// are worded so, on every instance within seconds. seen is the version that was read, 0 for a form that was never edited;
// where another edit was first it is shop.ErrEditConflict.
func (s *Wordings) Edit(ctx context.Context, f shop.NoticeForm, seen *int64, texts *shop.Wordings, by string) (shop.NoticeTemplate, error) {
	if texts != nil {
		clean, err := cleanWordings(f, *texts)
		if err != nil {
			return shop.NoticeTemplate{}, err
		}
		texts = &clean
	}
	if seen == nil || *seen < 0 {
		return shop.NoticeTemplate{}, shop.ErrInvalidField.At("v")
	}
	return s.Templates.Put(ctx, shop.NoticeTemplate{Form: f.Name, Texts: texts, V: *seen, By: by, At: s.Now().UTC()})
}

// Preview is a wording as a learner could come to read it; nil is the one of now. Nothing is written.
func (s *Wordings) Preview(ctx context.Context, f shop.NoticeForm, texts *shop.Wordings) (shop.Wordings, error) {
	if texts != nil {
		clean, err := cleanWordings(f, *texts)
		if err != nil {
			return shop.Wordings{}, err
		}
		return f.Sample(clean), nil
	}
	edited, err := s.Templates.Read(ctx)
	if err != nil {
		return shop.Wordings{}, err
	}
	return f.Sample(f.Texts(edited)), nil
}

// cleanWordings are wordings as they are kept: plain text within the limits, with no placeholder that the form does not
// know.
func cleanWordings(f shop.NoticeForm, in shop.Wordings) (shop.Wordings, error) {
	var err error
	if in.Zh, err = cleanWording("texts."+shop.LocaleZh, in.Zh); err != nil {
		return in, err
	}
	if in.En, err = cleanWording("texts."+shop.LocaleEn, in.En); err != nil {
		return in, err
	}
	return in, f.Check(in)
}

func cleanWording(at string, in shop.Wording) (out shop.Wording, err error) {
	if out.Title, err = shop.CleanLine(at+".title", in.Title, 1, shop.MaxWordingTitle); err != nil {
		return out, err
	}
	out.Body, err = shop.CleanText(at+".body", in.Body, 1, shop.MaxWordingBody)
	return out, err
}
