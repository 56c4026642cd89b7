package payments

import (
	"context"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"mstm/acceptance/shoptest"
	"mstm/store/storetest"
)

// What one payment may pass of our own code, from WeChat's callback until its five events are published: a little more
// than it passed when this was written, 309 in 94, so that a detour shows.
const (
	mostFunctions = 325
	mostFiles     = 98
)

// passed are the functions that the program has passed, by their file.
type passed map[string][]string

// count is how many functions and files there are.
func (p passed) count() (functions, files int) {
	for _, names := range p {
		functions += len(names)
	}
	return functions, len(p)
}

// without leaves out what others were passed, too.
func (p passed) without(others ...passed) passed {
	rest := passed{}
	for file, names := range p {
		for _, name := range names {
			if !slices.ContainsFunc(others, func(o passed) bool { return slices.Contains(o[file], name) }) {
				rest[file] = append(rest[file], name)
			}
		}
	}
	return rest
}

// counted is a shop in a process of its own that counts which of its functions it passes.
type counted struct {
	*shoptest.Process
	addr string
}

// startCounted starts such a shop, which pays in the sandbox of another.
func startCounted(t *testing.T, sandbox *shoptest.Shop) counted {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "counted")
	build := exec.Command("go", "build", "-cover", "-covermode=atomic", "-coverpkg=mstm/...", "-o", binary, "./acceptance/shoptest/counted")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	addr := shoptest.FreeAddr(t)
	p := shoptest.NewProcess(t, t.TempDir(), append(shoptest.SandboxEnv(t, sandbox), "MONGODB_URI="+storetest.Mongo(t), "COUNTED_ADDR="+addr)...)
	p.Binary = binary
	p.Start()
	return counted{p, addr}
}

func (c counted) do(path string) {
	c.T.Helper()
	res, err := http.Post("http://"+c.addr+path, "", nil)
	if err != nil {
		c.T.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusOK {
		c.T.Fatalf("%s: %s", path, res.Status)
	}
}

// function is a line of `go tool covdata func`: file, function and how much of it was passed.
var function = regexp.MustCompile(`^mstm/(\S+\.go):\d+:\s+(\S+)\s+([0-9.]+)%$`)

// passedDuring are the functions of the shop's own code, without its tests' and the sandbox's, that it passes until do
// returns.
func (c counted) passedDuring(do func()) passed {
	c.T.Helper()
	c.do("/clear")
	do()
	dir := c.T.TempDir()
	c.do("/write?dir=" + url.QueryEscape(dir))
	lines, err := exec.Command("go", "tool", "covdata", "func", "-i="+dir).CombinedOutput()
	if err != nil {
		c.T.Fatalf("%v: %s", err, lines)
	}
	all := passed{}
	for line := range strings.Lines(string(lines)) {
		m := function.FindStringSubmatch(strings.TrimSpace(line))
		if m == nil || m[3] == "0.0" || strings.HasPrefix(m[1], "acceptance/") || strings.HasPrefix(m[1], "wechat/sandbox/") {
			continue
		}
		all[m[1]] = append(all[m[1]], m[2])
	}
	return all
}

// TestSettlementPath_OneCallback_PassesFewFunctions counts the functions of our own code, and their files, that one
// payment passes from WeChat's callback until its five events are published, for an order of one line. What a shop that
// rests passes as well is left out.
func TestSettlementPath_OneCallback_PassesFewFunctions(t *testing.T) {
	if os.Getenv("SETTLEMENT_PATH") == "" {
		t.Skip("the program is built once more for it: make path")
	}
	s := shoptest.Start(t)
	c := startCounted(t, s)
	learner := c.Register()
	page := learner.Socket()
	learner.Put("/api/cart/go1", obj{"policy_id": "go1full"}).Want(200)
	rest := func() { time.Sleep(3 * time.Second) }
	before := c.passedDuring(rest) // without an order: one that waits is looked at now and then
	placed := learner.Placed(99900, shoptest.Wish{CourseID: "go1", PolicyID: "go1full"})
	page.Wait("order.changed", 5*time.Second)
	time.Sleep(time.Second)
	heard := len(page.All())

	path := c.passedDuring(func() {
		s.Scan(placed.Payment)
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		for len(page.All()) < heard+5 && ctx.Err() == nil {
			time.Sleep(time.Millisecond)
		}
	})
	var events []string
	for _, f := range page.All()[heard:] {
		events = append(events, f.Type)
	}
	slices.Sort(events)
	shoptest.WantSame(t, "the events of a payment", events, "cart.changed", "enrolment.changed", "notice.posted", "order.changed", "order.changed")
	all, allFiles := path.count()
	path = path.without(before, c.passedDuring(rest))
	functions, files := path.count()
	var list []string
	for file, names := range path {
		list = append(list, file+": "+strings.Join(names, " "))
	}
	slices.Sort(list)
	t.Logf("%d functions in %d files, %d in %d with those of a shop at rest:\n%s", functions, files, all, allFiles, strings.Join(list, "\n"))
	if functions > mostFunctions || files > mostFiles {
		t.Errorf("a payment passes %d functions in %d files, more than %d in %d", functions, files, mostFunctions, mostFiles)
	}
}
