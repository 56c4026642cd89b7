package hub

import (
	"fmt"
	"testing"
)

// TestMadeUpCoursesHideNobody: whoever follows as many as are counted leaves room for the shop's own topics.
func TestMadeUpCoursesHideNobody(t *testing.T) {
	p := newPresence()
	for i := range 2 * mostTopicsCounted {
		p.add(spot{fmt.Sprint(coursePrefix, i), ""}, 1)
	}
	if len(p.here) != mostTopicsCounted {
		t.Errorf("%d topics are counted", len(p.here))
	}
	for _, s := range []spot{{ownTopic, "alice"}, {Activity, "alice"}, {Desk, "alice"}, addressSpot("192.0.2.1")} {
		if p.add(s, 1); p.at(s) != 1 {
			t.Errorf("%d are at %v", p.at(s), s)
		}
	}
}
