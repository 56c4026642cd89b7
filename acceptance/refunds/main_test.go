// Package refunds tests refunds: of lines, of edited courses, with WeChat's faults, for deleted accounts.
package refunds

import (
	"testing"

	"mstm/acceptance/shoptest"
)

func TestMain(m *testing.M) { shoptest.Main(m) }

// obj is a JSON object to be sent.
type obj = shoptest.Obj
