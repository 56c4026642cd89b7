// Package notices tests messages and reminders: each reaches its person once, however the shop is stopped or its clock runs.
package notices

import (
	"testing"

	"mstm/acceptance/shoptest"
)

func TestMain(m *testing.M) { shoptest.Main(m) }

// obj is a JSON object to be sent.
type obj = shoptest.Obj
