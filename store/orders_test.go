package store

import (
	"testing"
	"time"

	"mstm/shop"
)

// TestOrders_AChangeThatIsNotWritten_LeavesNoTrace: an order that is carried on must be the one
// that is stored, whatever a change has tried on it before it found nothing to do.
func TestOrders_AChangeThatIsNotWritten_LeavesNoTrace(t *testing.T) {
	s := open(t, t.TempDir())
	line := shop.OrderLine{CourseID: "c", PolicyID: "p", Kind: shop.KindLifetime, List: 100, Price: 100}
	seen := shop.NewOrder(newID(), "u", []shop.OrderLine{line}, time.Now().UTC().Truncate(time.Millisecond))
	if fresh, err := s.Orders.Insert(t.Context(), seen); err != nil || !fresh {
		t.Fatal(fresh, err)
	}
	tried := func(o *shop.Order) error {
		o.BuyerGone = true
		o.Lines[0].Came(shop.ErrCourseOffSale)
		o.Duties[shop.DutyCount] = &shop.Duty{Done: true}
		return Unchanged()
	}
	carried, wrote, err := s.Orders.ChangeFrom(t.Context(), seen, tried)
	if err != nil || wrote {
		t.Fatal(wrote, err)
	}
	changed, err := s.Orders.Change(t.Context(), seen.ID, tried)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range []*shop.Order{seen, carried, changed} {
		if o.BuyerGone || o.Lines[0].Result != "" || o.Duties[shop.DutyCount] != nil {
			t.Errorf("the order is %+v", o)
		}
	}
}
