package handlers

import (
	commandline "flag"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"mstm/handlers/contracttest"
	"mstm/hub"
	"mstm/hub/hubtest"
)

// checkedContract is the contract that every exchange of these tests is held against.
var checkedContract = sync.OnceValues(func() (*contracttest.Contract, error) {
	text, err := Contract()
	if err != nil {
		return nil, err
	}
	return contracttest.Read(text)
})

// checkFrame holds every frame of a socket, in these tests, against the AsyncAPI document.
var checkFrame = contracttest.FrameCheck(hub.Document(), Contract)

func TestMain(m *testing.M) {
	hubtest.CheckFrame = checkFrame
	code := m.Run()
	if c, err := checkedContract(); err == nil && commandline.Lookup("test.run").Value.String()+commandline.Lookup("test.list").Value.String() == "" {
		never, all := c.Unanswered()
		fmt.Printf("contract: %d of %d operations were answered here, not %s\n", all-len(never), all, strings.Join(never, ", "))
	}
	os.Exit(code)
}
