// Package pages tests the pages in a browser, the examples of the docs, and clients of other makers.
package pages

import (
	"testing"

	"mstm/acceptance/shoptest"
)

func TestMain(m *testing.M) { shoptest.Main(m) }

// obj is a JSON object to be sent.
type obj = shoptest.Obj
