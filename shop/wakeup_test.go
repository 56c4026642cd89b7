package shop

import (
	"slices"
	"testing"
)

// A wakeup of a rank that is not in the list would never be looked at.
func TestWakeupRanks_EveryKindAndTopic_IsInTheList(t *testing.T) {
	for _, k := range []WakeupKind{WakeOrder, WakeAccessEnd, WakeBroadcast, WakeMessage, WakeActivity} {
		if !slices.Contains(WakeupRanks(), k.rank()) {
			t.Errorf("%s has rank %d", k, k.rank())
		}
	}
	for _, topic := range []Topic{TopicOrders, TopicReminders, TopicActivities, "another"} {
		if !slices.Contains(WakeupRanks(), topic.rank()) {
			t.Errorf("%s has rank %d", topic, topic.rank())
		}
	}
}
