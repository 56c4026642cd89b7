// Package files tests uploads and what is made of them, with the whole program.
package files

import (
	"testing"

	"mstm/acceptance/shoptest"
)

func TestMain(m *testing.M) { shoptest.Main(m) }

// obj is a JSON object to be sent.
type obj = shoptest.Obj
