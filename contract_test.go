package main

import (
	"flag"
	"fmt"
	"strings"
	"sync"
	"testing"

	"mstm/handlers"
	"mstm/handlers/contracttest"
	"mstm/hub"
)

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

// checkFrame holds every frame of a socket, in these tests, against the AsyncAPI document.
var checkFrame = contracttest.FrameCheck(hub.Document(), handlers.Contract)

// sayWhatWasAnswered tells, after a whole run, which operations no test had a good answer of.
func sayWhatWasAnswered() {
	c, err := contract()
	if err != nil || flag.Lookup("test.run").Value.String()+flag.Lookup("test.list").Value.String() != "" {
		return
	}
	never, all := c.Unanswered()
	fmt.Printf("contract: %d of %d operations were answered here, not %s\n", all-len(never), all, strings.Join(never, ", "))
}
