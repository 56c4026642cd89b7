package hub

import (
	"hash/fnv"
	"strings"
)

// The shared topics. Activity is for all, also without login; Desk is the console's.
const (
	Activity = "activity"
	Desk     = "desk"
)

const (
	userPrefix   = "user:"
	coursePrefix = "course:"
	loginPrefix  = "login:"
	ownTopic     = "user" // what a client calls its own user topic
	maxTopicID   = 128    // bytes
)

// UserTopic is the topic of one learner, on every client of theirs. Clients see it as "user".
func UserTopic(userID string) string { return userPrefix + userID }

// CourseTopic is the topic of the pages that show one course.
func CourseTopic(courseID string) string { return coursePrefix + courseID }

// LoginTopic is the topic of a page that waits to be let in by its code. Anyone with the code may follow it.
func LoginTopic(code string) string { return loginPrefix + code }

// validTopic reports whether something can be published to name.
func validTopic(name string) bool {
	if name == Activity || name == Desk {
		return true
	}
	id, ok := strings.CutPrefix(name, userPrefix)
	if !ok {
		id, ok = cutOpenPrefix(name)
	}
	return ok && validID(id)
}

// cutOpenPrefix is the id in the topic of one thing that everybody may follow, also without login.
func cutOpenPrefix(name string) (id string, ok bool) {
	for _, prefix := range []string{coursePrefix, loginPrefix} {
		if id, ok = strings.CutPrefix(name, prefix); ok {
			return id, true
		}
	}
	return "", false
}

func isOpenTopic(name string) bool {
	_, ok := cutOpenPrefix(name)
	return ok
}

// validID admits what an id of this shop may hold and keeps out what would break a key, a
// message header or a log line: spaces, braces, control characters.
func validID(id string) bool {
	if id == "" || len(id) > maxTopicID {
		return false
	}
	for _, r := range id {
		if r <= ' ' || r == 0x7f || r == '{' || r == '}' || r == 0xfffd {
			return false
		}
	}
	return true
}

func isUserTopic(name string) bool { return strings.HasPrefix(name, userPrefix) }

// shownTopic is the name a client knows the topic by.
func shownTopic(name string) string {
	if isUserTopic(name) {
		return ownTopic
	}
	return name
}

// The partitions: users and courses are spread by hash, waiting logins with the courses, the two shared topics have their own,
// so that a marketing flood does not push personal history out. Every instance of a fleet must
// agree on these numbers, and changing them loses the history.
const (
	activityPartition = iota
	deskPartition
	firstCoursePartition
	coursePartitions   = 4
	firstUserPartition = firstCoursePartition + coursePartitions
	userPartitions     = 16
)

// partitionIndex is the partition that holds a valid topic.
func partitionIndex(topic string) int {
	switch {
	case topic == Activity:
		return activityPartition
	case topic == Desk:
		return deskPartition
	case isOpenTopic(topic):
		return firstCoursePartition + spread(topic, coursePartitions)
	default:
		return firstUserPartition + spread(topic, userPartitions)
	}
}

func spread(topic string, n uint32) int {
	f := fnv.New32a()
	f.Write([]byte(topic))
	return int(f.Sum32() % n)
}
