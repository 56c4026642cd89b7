package shoptest

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
)

func TestMain(m *testing.M) { Main(m) }

func TestPoint_ReadBack_IsTheSame(t *testing.T) {
	for _, p := range []Point{{When: "before", N: 3}, {When: "after", N: 1, Write: "update orders: pay paid"}, {When: "before", N: 2, Write: "insert wakeups: order", Again: 4}} {
		if got, err := ReadPoint(p.String()); err != nil || got != p {
			t.Errorf("%q is read as %+v, %v", p, got, err)
		}
	}
	for _, wrong := range []string{"", "amid 3", "before x"} {
		if p, err := ReadPoint(wrong); err == nil {
			t.Errorf("%q is taken for %+v", wrong, p)
		}
	}
}

func TestBeijingTime_IsEightHoursAhead(t *testing.T) {
	for text, want := range map[string]string{"2025-03-01": "2025-02-28T16:00:00Z", "2025-03-01 10:00": "2025-03-01T02:00:00Z", "2025-03-01 10:00:00.5": "2025-03-01T02:00:00.5Z"} {
		if got := BeijingTime(t, text).UTC().Format(time.RFC3339Nano); got != want {
			t.Errorf("%s is %s, want %s", text, got, want)
		}
	}
}

func TestWarnings_LeaveOutWhatIsInformation(t *testing.T) {
	log := `{"level":"INFO","msg":"a"}` + "\n" + `{"level":"WARN","msg":"b"}` + "\n" + `{"level":"ERROR","msg":"c"}` + "\n"
	if got := Warnings(log); strings.Contains(got, "a\"}") || !strings.Contains(got, `"b"`) || !strings.Contains(got, `"c"`) {
		t.Errorf("%s", got)
	}
}

func TestEventually_ReturnsOnceNothingIsWrong(t *testing.T) {
	tries := 0
	Eventually(t, time.Minute, func() error {
		if tries++; tries < 3 {
			return errors.New("not yet")
		}
		return nil
	})
	if tries != 3 {
		t.Errorf("%d tries, want 3", tries)
	}
}

func TestMain_RelativePaths_BeginAtTheRoot(t *testing.T) {
	if _, err := os.Stat("main.go"); err != nil {
		t.Error(err)
	}
}

func TestCommand_IsTheProgram_ExitCodesIncluded(t *testing.T) {
	for args, want := range map[string]int{"--version": 0, "chekc": 1} {
		cmd := Command(t, args)
		cmd.Dir = t.TempDir()
		out, _ := cmd.CombinedOutput() // the code says it
		if got := cmd.ProcessState.ExitCode(); got != want {
			t.Errorf("mstm %s exits with %d, want %d: %s", args, got, want, out)
		}
	}
}

// TestProcess_KilledByItsFuse_HasWrittenUpToThere also starts it again on the same data.
func TestProcess_KilledByItsFuse_HasWrittenUpToThere(t *testing.T) {
	weChat := Start(t)
	p := NewProcess(t, t.TempDir(), SandboxEnv(t, weChat)...)
	p.Start()
	learner := p.Register()
	p.Arm(Point{When: "after", N: 1, Write: "insert orders: M1 pending"})
	_, err := learner.With("Idempotency-Key", "fuse").Try("POST", "/api/orders", OrderFor(99900, Wish{CourseID: "go1", PolicyID: "go1full"}))
	p.AwaitEnd()
	if where := p.Burnt(); err == nil || !strings.HasPrefix(where, "after insert orders") {
		t.Fatalf("killed %q, answered with %v", where, err)
	}
	p.Start()
	all, err := Rows(p.Database(), "orders", bson.M{})
	if err != nil || len(all) != 1 {
		t.Errorf("%d orders, %v; want the one that was written before the kill", len(all), err)
	}
}

func TestDump_ShowsEachDocument_ButNotWhatIsLeftOut(t *testing.T) {
	s := Start(t)
	db := s.Database()
	undo := Insert(t, db, "orders", bson.M{"_id": "odd", "total_fen": int64(7)})
	before := Dump(t, db)
	orders := func(dump string) bool { return strings.Contains("\n"+dump, "\norders ") } // texts of lessons have the word, too
	if !orders(before) || orders(Dump(t, db, "orders")) {
		t.Errorf("dumped:\n%s", before)
	}
	undo()
	all, err := Rows(db, "orders", nil)
	if err != nil || slices.ContainsFunc(all, func(r bson.M) bool { return fmt.Sprint(r["_id"]) == "odd" }) {
		t.Errorf("undone, yet there: %v, %v", all, err)
	}
}
