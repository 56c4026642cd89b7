package learning

import (
	"testing"
	"time"

	"mstm/store"
)

func TestTicketsAreNotGuessed(t *testing.T) {
	secret, now := []byte("secret"), time.Now()
	good := ticket{User: "u", Course: "c", Lesson: "l", Media: "m", Until: now.Add(time.Minute)}.write(secret)
	if _, err := readTicket(secret, good, now); err != nil {
		t.Fatal(err)
	}
	for i := range 10_000 {
		guess := []byte(good)
		at := i % len(guess)
		guess[at] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"[(i*7+int(guess[at]))%64]
		if string(guess) == good {
			continue
		}
		if _, err := readTicket(secret, string(guess), now); err == nil {
			t.Fatalf("%s is believed", guess)
		}
	}
	for _, bad := range []string{"", ".", "..", good + "=", store.NewID(), good[:20]} {
		if _, err := readTicket(secret, bad, now); err == nil {
			t.Errorf("%q is believed", bad)
		}
	}
}
