package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"mstm/shop"
)

// waiting is a command that waits at a gate, and says when it is in.
func waiting(t *testing.T, g *gate, c Class, who string, in chan<- string, name string) {
	t.Helper()
	g.mu.Lock()
	before := g.lines[c].n
	g.mu.Unlock()
	go func() {
		ctx := Background(context.Background(), c)
		ticketOf(ctx).who = who
		leave, err := g.enter(ctx)
		if err != nil {
			in <- err.Error()
			return
		}
		in <- name
		leave()
	}()
	for n := before; n == before; time.Sleep(time.Millisecond) {
		g.mu.Lock()
		n = g.lines[c].n
		g.mu.Unlock()
	}
}

func heard(in <-chan string, n int) (order []string) {
	for range n {
		order = append(order, <-in)
	}
	return order
}

func held(t *testing.T, g *gate, c Class) (leave func()) {
	t.Helper()
	leave, err := g.enter(Background(context.Background(), c))
	if err != nil {
		t.Fatal(err)
	}
	return leave
}

func TestGate_OnePlace_LetsInByClass(t *testing.T) {
	g, in := newGate(1), make(chan string, 10)
	leave := held(t, g, Lists)
	for _, c := range []Class{Lists, Reading, Paying, Settlement} {
		waiting(t, g, c, "", in, c.String())
	}
	leave()
	if got := heard(in, 4); !slices.Equal(got, []string{"settlement", "paying", "reading", "lists"}) {
		t.Errorf("let in: %v", got)
	}
}

func TestGate_OnePersonWithMany_WaitsBehindThoseWithOne(t *testing.T) {
	g, in := newGate(1), make(chan string, 20)
	leave := held(t, g, Lists)
	for i := range 6 {
		waiting(t, g, Lists, "flood", in, fmt.Sprint("flood", i))
	}
	waiting(t, g, Lists, "lin", in, "lin")
	waiting(t, g, Lists, "wei", in, "wei")
	leave()
	if got := heard(in, 8); !slices.Equal(got[:4], []string{"lin", "wei", "flood0", "flood1"}) {
		t.Errorf("let in: %v", got)
	}
}

func TestGate_AlwaysThoseWithOne_LetsThePersonWithManyInSometimes(t *testing.T) {
	g, in := newGate(1), make(chan string, 40)
	leave := held(t, g, Lists)
	waiting(t, g, Lists, "flood", in, "flood")
	waiting(t, g, Lists, "flood", in, "flood")
	for i := range 20 {
		waiting(t, g, Lists, fmt.Sprint("person", i), in, "other")
	}
	leave()
	if at := slices.Index(heard(in, 22), "flood"); at < 0 || at >= lowTurn {
		t.Errorf("the flood's first came after %d commands", at)
	}
}

func TestGate_AlwaysBusyAbove_LetsTheLowestInSometimes(t *testing.T) {
	g, in := newGate(1), make(chan string, 40)
	leave := held(t, g, Settlement)
	for i := range 20 {
		waiting(t, g, Settlement, "", in, fmt.Sprint(i))
	}
	waiting(t, g, Lists, "", in, "lists")
	leave()
	if at := slices.Index(heard(in, 21), "lists"); at < 0 || at >= lowTurn {
		t.Errorf("the list came after %d commands", at)
	}
}

func TestGate_ManyPlaces_KeepsRoomAbove(t *testing.T) {
	g := newGate(100)
	for range 25 {
		defer held(t, g, Lists)()
	}
	short, cancel := context.WithTimeout(Background(t.Context(), Lists), 20*time.Millisecond)
	defer cancel()
	if _, err := g.enter(short); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a 26th list: %v", err)
	}
	for range 25 {
		defer held(t, g, Reading)()
	}
	for range 25 {
		defer held(t, g, Paying)()
	}
	for range 25 {
		defer held(t, g, Settlement)()
	}
	if g.room(Settlement) {
		t.Error("a 101st command goes in")
	}
}

func TestGate_FullClass_RefusesARequestsFirstCommandAlone(t *testing.T) {
	g, in := newGate(1), make(chan string, maxLists+1)
	leave := held(t, g, Reading)
	begun := Request(t.Context(), Lists, "lin")
	ticketOf(begun).used.Add(1) // its first is done
	for range maxLists {
		waiting(t, g, Lists, "", in, "waited")
	}
	_, err := g.enter(Request(t.Context(), Lists, "wei"))
	if !errors.Is(err, shop.ErrOverloaded) || !errors.Is(err, shop.ErrUnavailable) {
		t.Errorf("a request that begins: %v", err)
	}
	short, cancel := context.WithTimeout(begun, 20*time.Millisecond)
	defer cancel()
	if _, err := g.enter(short); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a request that has begun: %v", err)
	}
	leave()
	heard(in, maxLists)
}

// TestGate_ManyAtOnceAndSomeGiveUp_LosesNoPlace plays a crowd of which a part hangs up.
func TestGate_ManyAtOnceAndSomeGiveUp_LosesNoPlace(t *testing.T) {
	g := newGate(3)
	var all sync.WaitGroup
	for i := range 400 {
		all.Go(func() {
			ctx, cancel := context.WithTimeout(Request(t.Context(), Class(i%Classes), fmt.Sprint(i%7)), time.Duration(i%20)*time.Millisecond)
			defer cancel()
			if leave, err := g.enter(ctx); err == nil {
				time.Sleep(100 * time.Microsecond)
				leave()
			}
		})
	}
	all.Wait()
	for c := range g.lines {
		if g.taken[c] != 0 || g.lines[c].n != 0 || g.lines[c].turns.Len() != 0 || len(g.lines[c].byWho) != 0 {
			t.Errorf("class %s: %d places are taken, %d wait", Class(c), g.taken[c], g.lines[c].n)
		}
	}
}
