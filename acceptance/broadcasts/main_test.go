// Package broadcasts tests broadcasts: their audiences and channels, while senders are killed and payments go on.
package broadcasts

import (
	"testing"

	"mstm/acceptance/shoptest"
)

func TestMain(m *testing.M) { shoptest.Main(m) }

// obj is a JSON object to be sent.
type obj = shoptest.Obj
