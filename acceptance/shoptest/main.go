package shoptest

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"mstm/app"
	"mstm/handlers"
	"mstm/handlers/contracttest"
	"mstm/hub"
	"mstm/hub/hubtest"
)

// fuseEnv makes this test binary be the shop: a test that kills a whole process starts its
// own binary again. The value is the path of the process's fuse.
const fuseEnv = "MSTM_TEST_FUSE"

// programEnv makes this test binary be the program, command line and exit codes included.
const programEnv = "MSTM_TEST_PROGRAM"

// Main is the TestMain of every package of whole-program tests. It makes the test binary also the
// program under test, and begins relative paths at the repository's root.
func Main(m *testing.M) {
	if err := goToRoot(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	hubtest.CheckFrame = checkFrame
	path := os.Getenv(fuseEnv)
	switch {
	case path != "":
		if err := beShop(path); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	case os.Getenv(programEnv) != "":
		app.Main()
	default:
		// Tests that may run side by side mostly wait, for processes and for what is due.
		flag.Parse()
		_ = flag.Set("test.parallel", cmp.Or(os.Getenv("CRASH_WORKERS"), "8")) // the flag is there
		code := m.Run()
		sayWhatWasAnswered()
		os.Exit(code)
	}
}

// goToRoot makes the folder of go.mod the working directory of a test.
func goToRoot() error {
	if os.Getenv(fuseEnv)+os.Getenv(programEnv) != "" {
		return nil
	}
	for {
		if _, err := os.Stat("go.mod"); err == nil {
			return nil
		}
		dir, err := os.Getwd()
		if err != nil || dir == filepath.Dir(dir) {
			return fmt.Errorf("no go.mod above the tests: %w", err)
		}
		if err := os.Chdir(".."); err != nil {
			return err
		}
	}
}

func beShop(fusePath string) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	cfg, err := app.ReadSettings()
	if err != nil {
		return err
	}
	log, flush := app.StartLog(os.Stderr)
	defer flush()
	return (&app.App{Settings: cfg, Log: log, Writes: (&fuse{path: fusePath}).monitor(), Hashing: cheap}).Run(ctx)
}

// contract is the OpenAPI document that every exchange of these tests is held against.
var contract = sync.OnceValues(func() (*contracttest.Contract, error) {
	text, err := handlers.Contract()
	if err != nil {
		return nil, err
	}
	return contracttest.Read(text)
})

// asTheContractHasIt fails the test where the OpenAPI document says otherwise.
func asTheContractHasIt(t testing.TB, x contracttest.Exchange) {
	t.Helper()
	c, err := contract()
	if err == nil {
		err = c.Check(x)
	}
	if err != nil {
		t.Errorf("against the contract: %v", err)
	}
}

// sayWhatWasAnswered prints, after a whole run, the operations without a good answer in any test.
func sayWhatWasAnswered() {
	c, err := contract()
	if err != nil || flag.Lookup("test.run").Value.String()+flag.Lookup("test.list").Value.String() != "" {
		return
	}
	never, all := c.Unanswered()
	fmt.Printf("contract: %d of %d operations were answered here, not %s\n", all-len(never), all, strings.Join(never, ", "))
}

// checkFrame holds every frame of a socket, in these tests, against the AsyncAPI document.
var checkFrame = contracttest.FrameCheck(hub.Document(), handlers.Contract)
