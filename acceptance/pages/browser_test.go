package pages

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"mstm/acceptance/shoptest"
	"mstm/app"
)

// TestTheShopInABrowser plays a buyer in headless Chromium: two tabs that agree, a payment
// by the code on the sandbox's phone page, and the course open without a reload; an editor and finance at the console. The plays
// are in web/e2e; SCREENSHOTS names a folder that keeps what they saw.
func TestTheShopInABrowser(t *testing.T) {
	t.Parallel()
	env := browser(t)
	stage := make(chan struct{}, playsAtOnce)
	for _, play := range []string{"shop.e2e.mjs", "link.e2e.mjs", "fallback.e2e.mjs", "wechat.e2e.mjs", "faults.e2e.mjs", "broadcast.e2e.mjs", "life.e2e.mjs", "oldest.e2e.mjs", "proof.e2e.mjs", "console.e2e.mjs", "finance.e2e.mjs", "lesson.e2e.mjs", "devices.e2e.mjs", "finding.e2e.mjs", "marketing.e2e.mjs", "phone.e2e.mjs", "consent.e2e.mjs", "reads.e2e.mjs", "sharing.e2e.mjs", "worker.e2e.mjs", "plan.e2e.mjs"} {
		t.Run(play, func(t *testing.T) {
			for _, tool := range playTools[play] {
				if _, err := exec.LookPath(tool); err != nil {
					t.Skipf("SKIPPED: %s is not installed", tool)
				}
			}
			t.Parallel()
			stage <- struct{}{}
			defer func() { <-stage }()
			s := shoptest.Start(t, playOptions[play]...)
			if s.Visitor().Get("/").Status != 200 {
				t.Skip("the pages are not built into this program: run `make web` first")
			}
			if prepare := playData[play]; prepare != nil {
				prepare(t, s)
			}
			pictures := t.TempDir()
			if keep := os.Getenv("SCREENSHOTS"); keep != "" {
				pictures = filepath.Join(keep, play)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 8*time.Minute)
			defer cancel()
			node := exec.CommandContext(ctx, "node", filepath.Join("web", "e2e", play), s.Url, s.Sandbox, pictures)
			node.Env = append(os.Environ(), env...)
			out, err := node.CombinedOutput()
			if err != nil {
				t.Fatalf("%s: %v\n%s", play, err, out)
			}
			if seen, err := filepath.Glob(filepath.Join(pictures, "*.png")); err != nil || len(seen) == 0 {
				t.Errorf("%s left no screenshots: %v\n%s", play, err, out)
			}
		})
	}
}

// playsAtOnce is how many plays run beside one another: each has a shop and a browser of its own, and mostly waits.
const playsAtOnce = 3

// playOptions are what a play needs of the shop: one registers often from an address of its own, one has a second person confirm.
var playOptions = map[string][]shoptest.Option{
	"proof.e2e.mjs":     {shoptest.WithRegisterProof},
	"marketing.e2e.mjs": {func(s *app.Settings) { s.Broadcast.ConfirmAbove = 300 }},
}

// playData is what a play finds in the database.
var playData = map[string]func(testing.TB, *shoptest.Shop){
	"marketing.e2e.mjs": func(t testing.TB, s *shoptest.Shop) {
		shoptest.Enrol(t, s.Database(), "go1", shoptest.Crowd(t, s.Database(), "crowd", 600))
	},
}

// playTools are programs that a play runs.
var playTools = map[string][]string{"console.e2e.mjs": {"ffmpeg", "ffprobe"}, "lesson.e2e.mjs": {"ffmpeg", "ffprobe"}}

// browser finds what the plays need, or says why they are left out.
func browser(t *testing.T) (env []string) {
	chromium := chromiumPath()
	if _, err := os.Stat(chromium); err != nil {
		t.Skipf("there is no Chromium at %s; CHROMIUM names another", chromium)
	}
	if _, err := exec.LookPath("node"); err != nil {
		t.Skip("node is not installed")
	}
	if _, err := os.Stat(filepath.Join("web", "node_modules", "playwright-core")); err != nil {
		t.Skip("the plays' library is not installed: run `npm ci` in web/ first")
	}
	return []string{"CHROMIUM=" + chromium}
}
