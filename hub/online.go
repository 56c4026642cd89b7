package hub

import (
	"context"

	"mstm/hub/fleet"
)

// Online is the sum over all instances, and Followers its part of one topic.
type (
	Online    = fleet.Online
	Followers = fleet.Followers
)

// ErrFleetUnknown is the answer of OnlineUsers while the other instances are not known.
var ErrFleetUnknown = fleet.ErrUnknown

// Online counts the sockets and users of all instances: see fleet.Fleet.Online.
func (h *Hub) Online() Online { return h.fleet.Online() }

// OnlineUsers lists the users with an open socket on any instance: see fleet.Fleet.Users.
func (h *Hub) OnlineUsers(context.Context) ([]string, error) { return h.fleet.Users() }
