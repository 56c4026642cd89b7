package explore

import (
	"os"
	"strconv"
	"testing"

	"mstm/shop"
)

const yuan shop.Fen = 100

func lifetime(course string, price shop.Fen) shop.OrderLine {
	return shop.OrderLine{CourseID: course, PolicyID: "full", Kind: shop.KindLifetime, List: price, Price: price}
}

func stage(course string, n int, price shop.Fen) shop.OrderLine {
	month := shop.Period{Unit: shop.Month, Count: 1}
	return shop.OrderLine{CourseID: course, PolicyID: "s", Kind: shop.KindStage, Stage: n, Period: &month, List: price, Price: price}
}

var scenarios = []scenario{
	{name: "one order, two ways to pay", orders: [][]shop.OrderLine{{lifetime("c", 999*yuan)}}, attempts: 2, takeDown: true, until: 1},
	{name: "one order and its refunds", orders: [][]shop.OrderLine{{lifetime("c", 999*yuan)}}, attempts: 1, refunds: 2, until: 3},
	{name: "two orders for one course", orders: [][]shop.OrderLine{{lifetime("c", 999*yuan)}, {lifetime("c", 899*yuan)}}, attempts: 1, until: 1},
	{name: "a free stage and the next", orders: [][]shop.OrderLine{{stage("c", 1, 0)}, {stage("c", 2, 200*yuan)}}, attempts: 1, refunds: 1, until: 1},
	{name: "two courses, one of them bought beside", orders: [][]shop.OrderLine{
		{lifetime("c", 100*yuan), lifetime("d", 50*yuan)}, {lifetime("c", 90*yuan)},
	}, attempts: 1, refunds: 1, until: 1},
	{name: "a stage is refunded while the next waits for its money", orders: [][]shop.OrderLine{
		{stage("c", 1, 100*yuan)}, {stage("c", 2, 200*yuan)},
	}, attempts: 1, refunds: 1},
	{name: "an account is deleted", orders: [][]shop.OrderLine{{lifetime("c", 100*yuan), lifetime("d", 50*yuan)}}, attempts: 1, deletes: true, until: 1},
}

// most is how many states of one scenario are looked at: EXPLORE_STATES, or enough for a
// test suite.
func most() int {
	if n, err := strconv.Atoi(os.Getenv("EXPLORE_STATES")); err == nil {
		return n
	}
	return 50_000
}

func TestEveryReachableStateKeepsTheInvariants(t *testing.T) {
	for _, s := range scenarios {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			r := search(newWorld(s), most())
			if r.broken != "" {
				t.Fatal(r)
			}
			t.Log(r)
		})
	}
}

// TestPlantedFaultsAreFound breaks one step of the shop at a time, each in the scenario
// that has what it takes.
func TestPlantedFaultsAreFound(t *testing.T) {
	for fault, where := range map[string]int{
		"a second payment is kept":                        0,
		"a payment while closing counts twice":            0,
		"a paid order forgets to grant":                   1,
		"an order is fulfilled without its grant":         1,
		"the buyer gets no notice":                        1,
		"a refund that went through revokes nothing":      1,
		"a refunded course stays open":                    1,
		"a refund gives back more than was paid":          1,
		"a look at the grants leaves no trace":            1,
		"a late payment always revives its order":         2,
		"the free stage is granted without its trial":     3,
		"a refused line is not paid back":                 5,
		"the money of a refused line stays with the shop": 5,
		"the account is not looked at again":              6,
	} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			s := scenarios[where]
			s.fault = fault
			r := search(newWorld(s), most())
			if r.broken == "" {
				t.Fatalf("not found in %s", r)
			}
			t.Log(r)
		})
	}
}
