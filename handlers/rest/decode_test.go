package rest

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"mstm/shop"
)

func TestABodyThatIsNotExactlyRightIsRefused(t *testing.T) {
	type body struct {
		Username string `json:"username"`
		Total    int64  `json:"total_fen"`
		Lines    []struct {
			CourseID string `json:"course_id"`
		} `json:"lines"`
	}
	deep := strings.Repeat(`{"lines":[`, 20) + strings.Repeat(`]}`, 20)
	rows := []struct {
		name, body string
		want       error
		param      string
	}{
		{"an object is read", `{"username":"lin","total_fen":1,"lines":[{"course_id":"go1"}]}`, nil, ""},
		{"white space around it is nothing", " \n{}\t ", nil, ""},
		{"nothing", ``, shop.ErrInvalidJSON, ""},
		{"null", `null`, shop.ErrInvalidJSON, ""},
		{"a list", `[]`, shop.ErrInvalidJSON, ""},
		{"half an object", `{"username":"lin"`, shop.ErrInvalidJSON, ""},
		{"something after the object", `{} {}`, shop.ErrInvalidJSON, ""},
		{"a comment", `{/* */}`, shop.ErrInvalidJSON, ""},
		{"an unknown field", `{"price_fen":1}`, shop.ErrUnknownField, "price_fen"},
		{"an unknown field in a list", `{"lines":[{},{"price_fen":1}]}`, shop.ErrUnknownField, "lines[1].price_fen"},
		{"a field in another case", `{"Username":"lin"}`, shop.ErrUnknownField, "Username"},
		{"a field twice", `{"username":"lin","username":"admin"}`, shop.ErrInvalidJSON, "username"},
		{"an operator for a name", `{"username":{"$ne":null}}`, shop.ErrInvalidField, "username"},
		{"a number for a name", `{"username":1}`, shop.ErrInvalidField, "username"},
		{"money with a fraction", `{"total_fen":1.5}`, shop.ErrInvalidField, "total_fen"},
		{"money as text", `{"total_fen":"1"}`, shop.ErrInvalidField, "total_fen"},
		{"money beyond int64", `{"total_fen":9223372036854775808}`, shop.ErrInvalidField, "total_fen"},
		{"money beyond everything", `{"total_fen":1e400}`, shop.ErrInvalidField, "total_fen"},
		{"half a surrogate", `{"username":"\ud800"}`, shop.ErrInvalidJSON, "username"},
		{"bytes that are no UTF-8", "{\"username\":\"\xff\"}", shop.ErrInvalidJSON, "username"},
		{"nesting without end", deep, shop.ErrInvalidJSON, ""},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			var v body
			err := DecodeBytes([]byte(row.body), &v)
			var e *shop.Error
			errors.As(err, &e)
			if !errors.Is(err, row.want) || e != nil && row.param != "" && e.Param != row.param {
				t.Fatalf("decode: %v, want %v at %q", err, row.want, row.param)
			}
		})
	}
}

// FuzzDecode holds the strict decoder against the standard one: what it accepts, the other
// reads the same way.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{`{}`, `{"username":"a","lines":[{"course_id":"x"}]}`, `{"username":"a","username":"b"}`, `{"USERNAME":1}`, `{"total_fen":1e2}`} {
		f.Add([]byte(seed))
	}
	type body struct {
		Username string             `json:"username"`
		Total    *shop.Fen          `json:"total_fen"`
		Lines    []shop.LineRequest `json:"lines"`
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var strict, loose body
		if DecodeBytes(raw, &strict) != nil {
			return
		}
		d := json.NewDecoder(bytes.NewReader(raw))
		d.DisallowUnknownFields()
		if err := d.Decode(&loose); err != nil {
			t.Fatalf("accepted %q, which the standard decoder refuses: %v", raw, err)
		}
		a, _ := json.Marshal(strict)
		b, _ := json.Marshal(loose)
		if !bytes.Equal(bytes.ReplaceAll(a, []byte("null"), []byte("[]")), bytes.ReplaceAll(b, []byte("null"), []byte("[]"))) {
			t.Fatalf("%q reads as %s and as %s", raw, a, b)
		}
	})
}
