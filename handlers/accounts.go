package handlers

import (
	"net/http"
	"time"

	altcha "github.com/altcha-org/altcha-lib-go"

	"mstm/account"
	"mstm/shop"
)

// userView is an account as its owner sees it.
type userView struct {
	ID       string      `json:"id"`
	Username string      `json:"username"`
	Name     string      `json:"name"`
	Roles    []shop.Role `json:"roles"`
}

func viewUser(u *shop.User) userView {
	return userView{ID: u.ID, Username: u.Username, Name: u.Name, Roles: u.Roles}
}

// session is the answer to a login.
type session struct {
	Token     string    `json:"token"`
	ExpiresAt time.Time `json:"expires_at"`
	User      userView  `json:"user"`
}

// answerSession answers with a session that has begun, or with why none has.
func answerSession(w http.ResponseWriter, status int, begun account.Session, err error) error {
	if err != nil {
		return err
	}
	return encode(w, status, session{begun.Token, utc(begun.ExpiresAt), viewUser(begun.User)})
}

// credentials are the body of a login.
type credentials struct {
	Username string `json:"username"`
	Password string `json:"password"`
	Client   string `json:"client"`
}

// visitor is the sender of a request as the accounts see it.
func (s *Server) visitor(r *http.Request) account.Visitor {
	x := exchangeOf(r.Context())
	return account.Visitor{Addr: s.address(r), English: english(r), RequestID: x.id, Who: x.who.id()}
}

// register answers POST /api/register: a new learner, logged in.
func (s *Server) register(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		credentials
		Name  string          `json:"name"`
		Proof *altcha.Payload `json:"proof"`
	}
	if err := decode(w, r, &in); err != nil {
		return err
	}
	begun, err := s.Accounts.Register(r.Context(), s.visitor(r), account.Registration{
		Credentials: account.Credentials(in.credentials), Name: in.Name, Proof: in.Proof,
	})
	return answerSession(w, http.StatusCreated, begun, err)
}

// login answers POST /api/login.
func (s *Server) login(w http.ResponseWriter, r *http.Request) error {
	var in credentials
	if err := decode(w, r, &in); err != nil {
		return err
	}
	begun, err := s.Accounts.Login(r.Context(), s.visitor(r), account.Credentials(in))
	return answerSession(w, http.StatusOK, begun, err)
}

// logout answers POST /api/logout: this client's token and sockets end.
func (s *Server) logout(w http.ResponseWriter, r *http.Request) error {
	if err := s.Accounts.Logout(r.Context(), s.visitor(r), callerOf(r.Context()).row); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
