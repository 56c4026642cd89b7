package phone

import (
	"errors"
	"testing"
	"time"

	"mstm/shop"
)

func TestParse_AsPeopleType_IsOneNumber(t *testing.T) {
	for _, typed := range []string{"13800001234", "138 0000 1234", "138-0000-1234", "+86 138 0000 1234", "0086 13800001234", "８６13800001234", "１３８００００１２３４", " 13800001234 "} {
		got, err := Parse(typed, []string{"86"})
		if err != nil || got != "+8613800001234" {
			t.Errorf("%q is %q, %v", typed, got, err)
		}
	}
	if got, err := Parse("+44 7911 123456", []string{"86", "44"}); err != nil || got != "+447911123456" {
		t.Errorf("of another country: %q, %v", got, err)
	}
	if got, err := Parse("19912345678", []string{"86"}); err != nil || got != "+8619912345678" {
		t.Errorf("of a new range: %q, %v", got, err)
	}
}

func TestParse_NoNumberForMessages_IsRefused(t *testing.T) {
	for _, typed := range []string{"", "1380000123", "138000012345", "12800001234", "010 8888 8888", "+44 7911 123456", "110", "hello", "13800001234 ext 5", string(make([]byte, 65))} {
		if got, err := Parse(typed, []string{"86"}); !errors.Is(err, shop.ErrPhoneInvalid) {
			t.Errorf("%q is %q, %v", typed, got, err)
		}
	}
}

func TestMasked_ShowsFourDigitsOfTheEnd(t *testing.T) {
	for number, want := range map[string]string{"+8613800001234": "138****1234", "+447911123456": "+44****3456", "": ""} {
		if got := Masked(number); got != want {
			t.Errorf("%q is %q", number, got)
		}
	}
}

var now = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func asked(places ...string) *Code {
	c := &Code{ID: CodeID(Login, "+8613800001234", "")}
	for _, p := range places {
		c.Ask(p, "salt", now)
	}
	return c
}

// other is a code that is not c's.
func other(c *Code) string {
	if c.Text("key") == "000000" {
		return "000001"
	}
	return "000000"
}

func TestCode_StrangersGuess_LeaveTheOwnersTries(t *testing.T) {
	c := asked("owner")
	for i := range 100 {
		want := Wrong
		if i >= CodeTries {
			want = Spent
		}
		if got := c.Try([]string{"stranger"}, other(c), "key", now); got != want {
			t.Fatalf("guess %d: %v", i, got)
		}
	}
	if got := c.Try([]string{"stranger"}, c.Text("key"), "key", now); got != Spent {
		t.Errorf("the right code after all tries: %v", got)
	}
	if got := c.Try([]string{"owner"}, c.Text("key"), "key", now); got != Right {
		t.Errorf("the owner's: %v", got)
	}
}

func TestCode_FiveWrong_TheRightOneIsRefused(t *testing.T) {
	c := asked("owner")
	for range CodeTries {
		c.Try([]string{"owner"}, other(c), "key", now)
	}
	if got := c.Try([]string{"owner"}, c.Text("key"), "key", now); got != Spent {
		t.Errorf("the sixth: %v", got)
	}
	was := c.Text("key")
	c.Ask("owner", "another salt", now)
	if c.Text("key") == was || c.Try([]string{"owner"}, c.Text("key"), "key", now) != Right {
		t.Error("the next code is the old one, or is refused")
	}
}

func TestCode_AskedAgain_IsTheSameWhileFresh(t *testing.T) {
	c := asked("owner")
	was := c.Text("key")
	c.Ask("stranger", "another salt", now.Add(time.Minute))
	if c.Text("key") != was || c.Try([]string{"owner"}, was, "key", now.Add(time.Minute)) != Right {
		t.Error("a stranger's wish made the owner's code useless")
	}
	c.Ask("owner", "another salt", now.Add(2*time.Minute+time.Second))
	if c.Text("key") == was {
		t.Error("an old code is sent again")
	}
}

func TestCode_ManyAskers_ShareTheStrangersTries(t *testing.T) {
	c := asked("1", "2", "3", "4", "5", "6")
	tried := 0
	for _, place := range []string{"1", "2", "3", "4", "5", "6", "7"} {
		for range 100 {
			if c.Try([]string{place}, other(c), "key", now) == Wrong {
				tried++
			}
		}
	}
	if tried != CodeTries*(mostAskers+1) {
		t.Errorf("%d tries were compared", tried)
	}
}

func TestCode_OverOrUsed_IsWrong(t *testing.T) {
	c := asked("owner")
	text := c.Text("key")
	if got := c.Try([]string{"owner"}, text, "key", now.Add(CodeLife)); got != Wrong {
		t.Errorf("after its time: %v", got)
	}
	c.UseUp()
	if got := c.Try([]string{"owner"}, text, "key", now); got != Wrong {
		t.Errorf("a second time: %v", got)
	}
	if got := (&Code{}).Try([]string{"owner"}, "", "key", now); got != Wrong {
		t.Errorf("without a code: %v", got)
	}
}
