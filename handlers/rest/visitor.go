package rest

import (
	"net/http"

	"mstm/account"
)

// Visitor is the sender of a request as the accounts see it.
func Visitor(r *http.Request) account.Visitor {
	return account.Visitor{
		Addr: Address(r), English: English(r), Agent: r.UserAgent(), RequestID: RequestID(r.Context()), Who: CallerOf(r.Context()).ID(),
	}
}
