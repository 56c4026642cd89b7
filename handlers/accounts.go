package handlers

import (
	"net/http"
	"time"

	altcha "github.com/altcha-org/altcha-lib-go"

	"mstm/account"
	"mstm/handlers/rest"
)

// accounts register people and log them in and out.
type accounts struct{ accounts *account.Accounts }

// session is the answer to a login.
type session struct {
	Token     string       `json:"token"`
	ExpiresAt time.Time    `json:"expires_at"`
	User      account.View `json:"user"`
}

// answerSession answers with a session that has begun, or with why none has.
func answerSession(w http.ResponseWriter, status int, begun account.Session, err error) error {
	if err != nil {
		return err
	}
	return rest.Encode(w, status, session{begun.Token, rest.UTC(begun.ExpiresAt), account.ViewOf(begun.User)})
}

// credentials are the body of a login.
type credentials struct {
	Username string `json:"username"`
	Password string `json:"password"`
	Client   string `json:"client"`
}

// deviceCredentials are credentials given on a device that has an id.
type deviceCredentials struct {
	credentials
	Device string `json:"device"`
}

func (c deviceCredentials) of() account.Credentials {
	return account.Credentials{Username: c.Username, Password: c.Password, Client: c.Client, Device: c.Device}
}

// register answers POST /api/register: a new learner, logged in.
func (h *accounts) register(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		deviceCredentials
		Name  string          `json:"name"`
		Proof *altcha.Payload `json:"proof"`
		consentsIn
	}
	if err := rest.Decode(w, r, &in); err != nil {
		return err
	}
	begun, err := h.accounts.Register(r.Context(), rest.Visitor(r), account.Registration{
		Credentials: in.of(), Name: in.Name, Proof: in.Proof, Consents: in.Consents,
	})
	return answerSession(w, http.StatusCreated, begun, err)
}

// login answers POST /api/login.
func (h *accounts) login(w http.ResponseWriter, r *http.Request) error {
	var in deviceCredentials
	if err := rest.Decode(w, r, &in); err != nil {
		return err
	}
	begun, err := h.accounts.Login(r.Context(), rest.Visitor(r), in.of())
	return answerSession(w, http.StatusOK, begun, err)
}

// logout answers POST /api/logout: this session's token and sockets end.
func (h *accounts) logout(w http.ResponseWriter, r *http.Request) error {
	if err := h.accounts.Logout(r.Context(), rest.Visitor(r), rest.CallerOf(r.Context()).Row); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
