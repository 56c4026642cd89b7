// Package payments tests payments: callbacks lost, late, forged or many, and a WeChat that is away.
package payments

import (
	"testing"

	"mstm/acceptance/shoptest"
)

func TestMain(m *testing.M) { shoptest.Main(m) }

// obj is a JSON object to be sent.
type obj = shoptest.Obj
