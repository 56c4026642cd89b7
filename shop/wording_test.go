package shop

import (
	"errors"
	"testing"
	"unicode/utf8"
)

func TestAWordingIsFilled(t *testing.T) {
	values := map[string]string{"course": "围棋", "offer": "", "sly": "{course}"}
	for _, tt := range []struct{ name, text, want string }{
		{"a placeholder each time that it comes", "{course}、{course}", "围棋、围棋"},
		{"what a value holds is text", "{sly}", "{course}"},
		{"an empty value leaves no space at the end", "Done. {offer}", "Done."},
		{"one without a value is empty", "《{other}》", "《》"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := (Wording{tt.text, tt.text}).Fill(values); got != (Wording{tt.want, tt.want}) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestAWordingMayOnlyUseWhatItsFormKnows(t *testing.T) {
	f, err := NoticeFormNamed(string(AccessEnded))
	if err != nil {
		t.Fatal(err)
	}
	good := Wording{"{course}", "{date} {offer}"}
	for _, tt := range []struct {
		name          string
		w             Wordings
		param, stands string
	}{
		{"known ones", Wordings{good, good}, "", ""},
		{"none at all", Wordings{Wording{"到期", "到期了"}, good}, "", ""},
		{"an unknown one", Wordings{Wording{"到期", "{curse}"}, good}, "texts.zh-CN.body", "{curse}"},
		{"another form's", Wordings{good, Wording{"{amount}", "x"}}, "texts.en.title", "{amount}"},
		{"a brace that is not closed", Wordings{Wording{"到期", "看 {course"}, good}, "texts.zh-CN.body", "{course"},
		{"a lone closing brace", Wordings{good, Wording{"x", "a } b"}}, "texts.en.body", "} b"},
		{"capitals", Wordings{Wording{"{Course}", "x"}, good}, "texts.zh-CN.title", "{Course}"},
		{"one in another", Wordings{Wording{"{{course}}", "x"}, good}, "texts.zh-CN.title", "{}"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := f.Check(tt.w)
			var refusal *Error
			if tt.param == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if !errors.As(err, &refusal) || refusal.Code != "PLACEHOLDER_UNKNOWN" || refusal.Param != tt.param || refusal.Extra["placeholder"] != tt.stands {
				t.Errorf("got %v with %v, want %s and %s", err, refusal.Extra, tt.param, tt.stands)
			}
		})
	}
}

// The program's own wordings pass what the console's must, use what they name, and are in both
// languages.
func TestTheFormsOfNotices(t *testing.T) {
	seen := map[string]bool{}
	for _, f := range NoticeForms() {
		if seen[f.Name] {
			t.Errorf("%s is there twice", f.Name)
		}
		seen[f.Name] = true
		if err := f.Check(f.Default); err != nil {
			t.Errorf("%s: %v", f.Name, err)
		}
		sample := f.Sample(f.Default)
		for locale, w := range map[string]Wording{"zh-CN": f.Default.Zh, "en": f.Default.En} {
			title, body := utf8.RuneCountInString(w.Title), utf8.RuneCountInString(w.Body)
			if title == 0 || title > MaxWordingTitle || body == 0 || body > MaxWordingBody {
				t.Errorf("%s in %s is %d and %d characters", f.Name, locale, title, body)
			}
			if filled := sample.In(locale); strayPlaceholder(filled.Title+filled.Body, nil) != "" {
				t.Errorf("%s in %s is not filled by its samples: %q", f.Name, locale, filled)
			}
			for _, field := range f.Fields {
				if field.Sample[locale] == "" {
					t.Errorf("%s: no sample of {%s} in %s", f.Name, field.Name, locale)
				}
			}
		}
	}
	if len(seen) != 12 {
		t.Errorf("%d forms", len(seen))
	}
	if _, err := NoticeFormNamed("nothing"); !errors.Is(err, ErrTemplateNotFound) {
		t.Errorf("an unknown form: %v", err)
	}
}

func TestATemplateThatCannotBeFilledAnyMoreCountsAsNone(t *testing.T) {
	f, err := NoticeFormNamed(NoticePaidBack)
	if err != nil {
		t.Fatal(err)
	}
	ours := Wordings{Wording{"到账", "{amount}"}, Wording{"Back", "{amount}"}}
	gone := Wordings{Wording{"到账", "{bonus}"}, ours.En}
	for _, tt := range []struct {
		name  string
		texts *Wordings
		want  Wordings
	}{{"edited", &ours, ours}, {"reset", nil, f.Default}, {"of a field that is gone", &gone, f.Default}} {
		edited := map[string]NoticeTemplate{f.Name: {Form: f.Name, Texts: tt.texts, V: 3}}
		if got := f.Texts(edited); got != tt.want {
			t.Errorf("%s: %+v", tt.name, got)
		}
	}
	if got := f.Texts(nil); got != f.Default {
		t.Errorf("none: %+v", got)
	}
}
