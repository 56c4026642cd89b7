package store

import (
	"context"
	"sync/atomic"
)

// A Class says how much depends on a command to the database. Where commands wait, the
// smaller class goes first.
type Class int

// The classes. A context that names none is of class Reading.
const (
	Settlement Class = iota // money that has been paid: callbacks and sweeps
	Paying                  // placing, paying, cancelling, refunds, logging in
	Reading                 // carts, accounts, one object
	Lists                   // lists, search, exports, marketing

	Classes = iota // how many there are
)

// String is the class in metrics and logs.
func (c Class) String() string {
	return [Classes]string{"settlement", "paying", "reading", "lists"}[c]
}

// ticket is what the commands of one request have in common.
type ticket struct {
	class Class
	who   string
	used  atomic.Int64 // commands so far
	bound bool         // its first command is refused where the class is full
}

type ticketKey struct{}

// Request gives a context's commands a class, and the person or address on whose account
// they are: commands of one class take turns by that name. The first command of a request
// is refused with shop.ErrOverloaded where too many of its class wait already; those that
// follow always wait.
func Request(ctx context.Context, class Class, who string) context.Context {
	return context.WithValue(ctx, ticketKey{}, &ticket{class: class, who: who, bound: true})
}

// Background gives the commands of work that no request waits for a class. It is never
// refused.
func Background(ctx context.Context, class Class) context.Context {
	return context.WithValue(ctx, ticketKey{}, &ticket{class: class})
}

// Commands is how many commands a context of Request has sent.
func Commands(ctx context.Context) int64 { return ticketOf(ctx).used.Load() }

// ticketOf is a context's ticket, or a new one of class Reading.
func ticketOf(ctx context.Context) *ticket {
	if t, ok := ctx.Value(ticketKey{}).(*ticket); ok {
		return t
	}
	return &ticket{class: Reading}
}

// insideKey marks the context of commands that a place at the gate is held for already.
type insideKey struct{}

func inside(ctx context.Context) context.Context { return context.WithValue(ctx, insideKey{}, true) }

func isInside(ctx context.Context) bool { return ctx.Value(insideKey{}) != nil }
