package fleet

import (
	"fmt"
	"testing"
)

// TestMadeUpCoursesHideNoTopic: as many made-up topics as are counted leave room for the shop's own topics.
func TestMadeUpCoursesHideNoTopic(t *testing.T) {
	p := newPresence("course:", "login:")
	for i := range 2 * mostTopicsCounted {
		p.add(Key{fmt.Sprint("course:", i), ""}, 1)
	}
	if len(p.here) != mostTopicsCounted {
		t.Errorf("%d topics are counted", len(p.here))
	}
	for _, s := range []Key{{"user", "alice"}, {"activity", "alice"}, {"desk", "alice"}, AddressKey("192.0.2.1")} {
		if p.add(s, 1); p.at(s) != 1 {
			t.Errorf("%d are at %v", p.at(s), s)
		}
	}
}
