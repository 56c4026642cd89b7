package papers

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"mstm/shop"
)

var noon = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)

func TestNext_OneTextChanged_OnlyThatHasANewVersion(t *testing.T) {
	p := Default()
	e := p.Edit()
	e.Terms += "\n\n新的一条。"
	next, err := p.Next(e, "anna", noon)
	if err != nil {
		t.Fatal(err)
	}
	if next.V != 1 || next.By != "anna" || !next.At.Equal(noon) {
		t.Errorf("edition %d by %s at %v", next.V, next.By, next.At)
	}
	if next.Terms.Version != 2 || !next.Terms.At.Equal(noon) || !reflect.DeepEqual(next.Privacy, p.Privacy) || !reflect.DeepEqual(next.Refunds, p.Refunds) {
		t.Errorf("terms %d, privacy %d, refunds %d", next.Terms.Version, next.Privacy.Version, next.Refunds.Version)
	}
	same, err := next.Next(next.Edit(), "bert", noon.Add(time.Hour))
	if err != nil || same.Terms.Version != 2 || !same.Terms.At.Equal(noon) || same.V != 2 {
		t.Errorf("the same text again: version %d, edition %d, %v", same.Terms.Version, same.V, err)
	}
}

func TestNext_FieldThatCannotBe_IsRefusedByItsName(t *testing.T) {
	for _, tt := range []struct {
		field string
		set   func(*Edit)
	}{
		{"name", func(e *Edit) { e.Name = " " }},
		{"name", func(e *Edit) { e.Name = strings.Repeat("课", MaxName+1) }},
		{"name", func(e *Edit) { e.Name = "拾\u202e课" }},
		{"logo", func(e *Edit) { e.Logo = "javascript:alert(1)" }},
		{"logo", func(e *Edit) { e.Logo = "//evil.example/x.png" }},
		{"logo", func(e *Edit) { e.Logo = "http://shop.example/x.png" }},
		{"logo", func(e *Edit) { e.Logo = `/x"onerror="x` }},
		{"icp", func(e *Edit) { e.ICP = "12345678" }},
		{"police", func(e *Edit) { e.Police = "京公网安备号" }},
		{"contact.phone", func(e *Edit) { e.Contact.Phone = "call me" }},
		{"contact.email", func(e *Edit) { e.Contact.Email = "a@b" }},
		{"contact.qr", func(e *Edit) { e.Contact.QR = "a\nb" }},
		{"terms", func(e *Edit) { e.Terms = "" }},
		{"privacy", func(e *Edit) { e.Privacy = strings.Repeat("条", MaxText+1) }},
		{"refunds", func(e *Edit) { e.Refunds = " \n " }},
	} {
		e := Default().Edit()
		tt.set(&e)
		_, err := Default().Next(e, "anna", noon)
		var refused *shop.Error
		if !errors.As(err, &refused) || refused.Code != shop.ErrInvalidField.Code || refused.Param != tt.field {
			t.Errorf("%s: %v", tt.field, err)
		}
	}
}

func TestNext_NumbersAsPeopleWriteThem_AreTaken(t *testing.T) {
	e := Default().Edit()
	e.ICP, e.Police = " 沪ICP备 2021000123号-2 ", "沪公网安备 31010402000001号"
	e.Logo, e.Contact.Phone, e.Contact.Email = "https://cdn.example/logo.svg", "+86 400-123-4567", "kefu@shop.example"
	p, err := Default().Next(e, "anna", noon)
	if err != nil || p.ICP != "沪ICP备2021000123号-2" || p.Police != "沪公网安备31010402000001号" {
		t.Errorf("%+v, %v", p, err)
	}
	e.ICP = "京ICP证030173号"
	if _, err := Default().Next(e, "anna", noon); err != nil {
		t.Error(err)
	}
}

func TestMissing_ShopBeforeItsFirstEdit_LacksWhatTheLawAsks(t *testing.T) {
	want := []string{"name", "company", "icp", "police", "contact", "terms", "privacy"}
	if got := Default().Missing(); !reflect.DeepEqual(got, want) {
		t.Errorf("missing %v", got)
	}
	e := Sample(noon).Edit()
	e.Terms, e.Privacy = "自己的协议", "自己的政策"
	whole, err := Default().Next(e, "anna", noon)
	if err != nil {
		t.Fatal(err)
	}
	if got := whole.Missing(); len(got) != 0 {
		t.Errorf("a whole one misses %v", got)
	}
}

func TestSample_IsWhatAnEditCouldBe(t *testing.T) {
	p := Sample(noon)
	next, err := Default().Next(p.Edit(), p.By, noon)
	if err != nil || !reflect.DeepEqual(next, p) {
		t.Errorf("%+v is not %+v: %v", next, p, err)
	}
}
