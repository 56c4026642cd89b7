package rest

import (
	"mstm/store"
)

// Route is one row of the table. The field Who is its policy: a row without a policy would refuse every
// request, so New refuses it, as a row without a class.
type Route struct {
	Method, Path string
	Who          Access
	Do           HandlerFunc
	From         Source
	Class        Class
}

// Class is how much depends on a route: where requests wait for the stores, the first class
// goes first.
type Class int

const (
	unclassed  Class = iota
	Settlement       // WeChat's callbacks
	Paying           // placing, paying, cancelling, refunds, and logging in, which these need
	Reading          // carts, accounts, one object
	Playback         // what players fetch while a lesson plays: playlists, keys, segments, files
	Lists            // lists, search, exports, the hub's marketing
	classEnd
)

// of is the class as the store knows it.
func (c Class) of() store.Class { return store.Class(c - Settlement) }

// Source is where a route's answer comes from.
type Source int

const (
	Stores Source = iota // MongoDB, Redis or WeChat, so the request has a deadline
	Memory               // a visitor's comes from memory, without the cost of one
	Probe                // asked by machines every few seconds: only debuggers want it logged
	Stream               // the hub, uploads and playback: only admission has a deadline
)
