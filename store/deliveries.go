package store

import (
	"context"
	"strconv"

	"go.mongodb.org/mongo-driver/v2/bson"

	"mstm/shop"
)

// Deliveries are the WeChat messages and their state.
type Deliveries struct {
	*base
	docs    Collection[shop.Delivery]
	wakeups *Wakeups
	numbers Collection[messageNumber]
}

func newDeliveries(b *base) *Deliveries {
	s := &Deliveries{base: b, docs: newCollection[shop.Delivery](b, "deliveries")}
	s.numbers = newCollection[messageNumber](b, "message_numbers")
	return s
}

// Insert notes a message that is to be sent and reports whether this call did it:
// the same id twice is sent once.
func (s *Deliveries) Insert(ctx context.Context, d shop.Delivery) (bool, error) {
	// The row first: one without its delivery is found and dropped, a delivery without its row
	// would never be.
	if err := s.wakeups.insert(ctx, deliveryWakeup(d)); err != nil {
		return false, err
	}
	return s.docs.Insert(ctx, &d)
}

// InsertAll is Insert for many; it reports how many were not there yet. After an error some may be.
func (s *Deliveries) InsertAll(ctx context.Context, all []shop.Delivery) (fresh int, err error) {
	rows := make([]shop.Wakeup, len(all))
	for i, d := range all {
		rows[i] = deliveryWakeup(d)
	}
	if _, err := s.wakeups.insertAll(ctx, rows); err != nil {
		return 0, err
	}
	return s.docs.InsertAll(ctx, all)
}

// Save replaces a delivery, unless it has been written since it was read, and reports whether this
// call did it. d then is what stands there. Its wakeup follows: it is set to the next try, or goes. After
// a crash in between, the look comes too early and mends that.
func (s *Deliveries) Save(ctx context.Context, d *shop.Delivery) (bool, error) {
	if won, err := s.Note(ctx, d); !won || err != nil {
		return false, err
	}
	id := deliveryWakeup(*d).ID
	if d.State == shop.DeliveryWaiting {
		_, err := s.wakeups.docs.Update(ctx, bson.M{"_id": id}, bson.M{"$set": free(bson.M{"at": d.NextAt.UTC(), "seq": NewID()})})
		return true, err
	}
	_, err := s.wakeups.docs.DeleteByID(ctx, id)
	return true, err
}

// Note is Save for an instance that has the delivery's wakeup and goes on with it: the wakeup stays.
func (s *Deliveries) Note(ctx context.Context, d *shop.Delivery) (bool, error) {
	next := *d
	next.V++
	if next.State == shop.DeliverySent && next.MsgID != 0 {
		if err := s.number(ctx, &next); err != nil {
			return false, err
		}
	}
	won, err := s.docs.Replace(ctx, bson.M{"_id": d.ID, "v": d.V}, &next)
	if won {
		*d = next
		s.tally.add("message:" + string(d.State))
	}
	return won, err
}

// Get reads one; ErrNotFound where there is none.
func (s *Deliveries) Get(ctx context.Context, id string) (*shop.Delivery, error) {
	return s.docs.Get(ctx, id)
}

// ByID reads the deliveries with these ids; missing ones are left out.
func (s *Deliveries) ByID(ctx context.Context, ids []string) (map[string]*shop.Delivery, error) {
	all, err := s.docs.ByIDs(ctx, ids)
	return byID(all, func(d *shop.Delivery) string { return d.ID }), err
}

// Count counts a broadcast's deliveries by what became of them; a state that none
// is in is left out.
func (s *Deliveries) Count(ctx context.Context, broadcast string) (map[shop.DeliveryState]int64, error) {
	return countBy[shop.DeliveryState](ctx, s.docs.raw(), bson.M{"broadcast": broadcast}, "state")
}

// CountCodes counts a broadcast's deliveries in a state by the code of why they are in it.
func (s *Deliveries) CountCodes(ctx context.Context, broadcast string, state shop.DeliveryState) (map[string]int64, error) {
	return countBy[string](ctx, s.docs.raw(), bson.M{"broadcast": broadcast, "state": state}, "code")
}

// CountFailed counts the deliveries of some broadcasts that failed, by broadcast; one without any is left out.
func (s *Deliveries) CountFailed(ctx context.Context, broadcasts []string) (map[string]int64, error) {
	return countBy[string](ctx, s.docs.raw(), bson.M{"broadcast": bson.M{"$in": broadcasts}, "state": shop.DeliveryFailed}, "broadcast")
}

// deliveryWakeup is the wakeup of a message that waits.
func deliveryWakeup(d shop.Delivery) shop.Wakeup {
	kind := shop.WakeMessage
	if d.Kind == shop.KindActivity {
		kind = shop.WakeActivity
	}
	w := shop.NewWakeup(kind, d.ID, d.NextAt)
	w.Rank = d.Rank
	return w
}

// messageNumber leads from WeChat's number of a message to its delivery, because only an _id
// is found at once in every store.
type messageNumber struct {
	ID       string `bson:"_id"` // the number in decimal
	Delivery string `bson:"delivery"`
}

func (s *Deliveries) number(ctx context.Context, d *shop.Delivery) error {
	_, err := s.numbers.Insert(ctx, &messageNumber{strconv.FormatInt(d.MsgID, 10), d.ID})
	return err
}

// ByMsgID finds the delivery that WeChat gave a number; ErrNotFound where none has it.
// The number is on record before the delivery says that it was sent.
func (s *Deliveries) ByMsgID(ctx context.Context, msgid int64) (*shop.Delivery, error) {
	n, err := s.numbers.Get(ctx, strconv.FormatInt(msgid, 10))
	if err != nil {
		return nil, err
	}
	return s.Get(ctx, n.Delivery)
}
