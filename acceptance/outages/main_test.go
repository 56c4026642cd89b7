// Package outages tests a shop whose stores hang, fill up or go away, that is flooded, or that is stopped.
package outages

import (
	"testing"

	"mstm/acceptance/shoptest"
)

func TestMain(m *testing.M) { shoptest.Main(m) }

// obj is a JSON object to be sent.
type obj = shoptest.Obj
