package storetest

import (
	"testing"
	"time"

	"mstm/store"
)

func TestEachStoreIsEmptyAndRuns(t *testing.T) {
	for range 2 {
		s := Open(t, func(c *store.Config) { c.Now = func() time.Time { return time.Unix(0, 0) } })
		if err := s.PutSetting(t.Context(), "seen", true); err != nil {
			t.Fatal(err)
		}
	}
	s := Open(t)
	var seen bool
	if found, err := s.Setting(t.Context(), "seen", &seen); found || err != nil {
		t.Errorf("a fresh store remembers: %v, %v", found, err)
	}
	if mongoErr, redisErr := s.Ping(t.Context()); mongoErr != nil || redisErr != nil {
		t.Error(mongoErr, redisErr)
	}
}

func TestTheDatabaseInAURI(t *testing.T) {
	for uri, want := range map[string]string{
		"":                                   "",
		"mongodb://h":                        "mongodb://h/x",
		"mongodb://u:p@h1,h2/a?replicaSet=r": "mongodb://u:p@h1,h2/x?replicaSet=r",
	} {
		if got := database(uri, "x"); got != want {
			t.Errorf("%q: %q, want %q", uri, got, want)
		}
	}
}
