package account

import "mstm/shop"

// A View is an account as its owner sees it.
type View struct {
	ID       string      `json:"id"`
	Username string      `json:"username"`
	Name     string      `json:"name"`
	Roles    []shop.Role `json:"roles"`
}

// ViewOf is an account as its owner sees it.
func ViewOf(u *shop.User) View {
	return View{ID: u.ID, Username: u.Username, Name: u.Name, Roles: u.Roles}
}
