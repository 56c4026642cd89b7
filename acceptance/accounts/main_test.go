// Package accounts tests accounts: registering, logging in, WeChat binding and login, roles, and races for each on a paced store.
package accounts

import (
	"testing"

	"mstm/acceptance/shoptest"
)

func TestMain(m *testing.M) { shoptest.Main(m) }

// obj is a JSON object to be sent.
type obj = shoptest.Obj
