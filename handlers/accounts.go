package handlers

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"slices"
	"time"

	"github.com/alexedwards/argon2id"
	altcha "github.com/altcha-org/altcha-lib-go"

	"mstm/hub"
	"mstm/shop"
	"mstm/store"
)

// tokenTTL is how long a login lasts.
const tokenTTL = 30 * 24 * time.Hour

var usernamePattern = regexp.MustCompile(`^[a-z0-9][a-z0-9_.-]{2,31}$`)

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

func newSession(token string, row store.TokenRow, u *shop.User) session {
	return session{Token: token, ExpiresAt: utc(row.ExpiresAt), User: viewUser(u)}
}

// credentials are the body of a login.
type credentials struct {
	Username string `json:"username"`
	Password string `json:"password"`
	Client   string `json:"client"`
}

func (c *credentials) normalise() error {
	c.Username = shop.NormalUsername(c.Username)
	if c.Client == "" {
		c.Client = "web"
	}
	return checkClient(c.Client)
}

// checkClient refuses a client that is not on the list, and names those that are.
func checkClient(name string) error {
	if !store.ValidClient(name) {
		return shop.ErrInvalidField.At("client").With("allowed", store.Clients())
	}
	return nil
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
	if err := s.checkProof(r, proofOfRegistering, in.Proof); err != nil {
		return err
	}
	var u *shop.User
	err := s.hashing.join(r.Context(), func() (err error) {
		if u, err = s.newLearner(&in.credentials, in.Name); err == nil {
			err = s.mayRegister(r)
		}
		if err == nil {
			err = s.spendProof(r, proofOfRegistering, in.Proof)
		}
		if err == nil {
			u.PasswordHash, err = argon2id.CreateHash(normalPassword(in.Password), s.hashing.params)
		}
		return err
	})
	if err != nil {
		return err
	}
	if english(r) {
		u.Locale = shop.LocaleEn // until they choose
	}
	u.StaffPassword = new(hasStaffLength(in.Password))
	if err := s.Store.Users.Insert(r.Context(), u); err != nil {
		return err
	}
	s.event(r, "registered", slog.String("who", u.ID))
	return s.openSession(w, r, http.StatusCreated, u, in.Client)
}

// newLearner checks what a registration says. The name that others see is the username
// until the learner chooses one.
func (s *Server) newLearner(in *credentials, name string) (*shop.User, error) {
	if err := in.normalise(); err != nil {
		return nil, err
	}
	if !usernamePattern.MatchString(in.Username) {
		return nil, shop.ErrInvalidField.At("username")
	}
	if err := s.hashing.checkNew(in.Password, in.Username, minPassword); err != nil {
		return nil, err
	}
	name, err := shop.CleanLine("name", name, 0, maxName)
	if err != nil {
		return nil, err
	}
	if name == "" {
		name = in.Username
	}
	return &shop.User{Username: in.Username, Name: name, Roles: []shop.Role{shop.RoleLearner}, CreatedAt: s.Now().UTC()}, nil
}

// login answers POST /api/login. An unknown username and a wrong password have the same
// answer, after the same work, and may be tried as often.
func (s *Server) login(w http.ResponseWriter, r *http.Request) error {
	var in credentials
	if err := decode(w, r, &in); err != nil {
		return err
	}
	if err := in.normalise(); err != nil {
		return err
	}
	forgive, err := s.mayTry(r, in.Username)
	if err != nil {
		return err
	}
	u, err := s.userNamed(r.Context(), in.Username)
	if err != nil {
		return err
	}
	ok, weak, err := s.hashing.matches(r.Context(), in.Password, u.PasswordHash)
	if err != nil {
		return err
	}
	if !ok {
		s.event(r, "login refused", slog.String("addr", s.address(r)))
		return shop.ErrWrongCredentials
	}
	forgive()
	s.notePassword(r, u, in.Password, weak)
	return s.openSession(w, r, http.StatusOK, u, in.Client)
}

// userNamed is the account with a username, an empty one where there is none: its hash is
// empty, which no password matches. What cannot be a username never reaches the store.
func (s *Server) userNamed(ctx context.Context, name string) (*shop.User, error) {
	if !usernamePattern.MatchString(name) {
		return &shop.User{}, nil
	}
	u, err := s.Store.Users.ByUsername(ctx, name)
	if errors.Is(err, shop.ErrUserNotFound) {
		return &shop.User{}, nil
	}
	return u, err
}

// notePassword keeps what can only be seen while the right password is there: its length, where that is
// not known yet, and the hash that it has today, where the kept one is weak. The login does not depend on
// it: it is tried again next time.
func (s *Server) notePassword(r *http.Request, u *shop.User, password string, weak bool) {
	long := hasStaffLength(password)
	if !weak && u.StaffPassword != nil && *u.StaffPassword == long {
		return
	}
	u.StaffPassword = &long
	hash, err := u.PasswordHash, error(nil)
	if weak {
		hash, err = s.hashing.hash(r.Context(), password)
	}
	if err == nil {
		_, err = s.Store.Users.ReplacePassword(r.Context(), u.ID, u.PasswordHash, hash, long)
	}
	if err != nil {
		s.Log.WarnContext(r.Context(), "what a password says is not kept", "user", u.ID, "err", err)
		return
	}
	u.PasswordHash = hash
}

// openSession makes the client's new token, which ends its old one and that one's sockets.
func (s *Server) openSession(w http.ResponseWriter, r *http.Request, status int, u *shop.User, client string) error {
	now := s.Now()
	token, row, err := s.Store.Tokens.Put(r.Context(), u, client, now, tokenTTL)
	if err != nil {
		return err
	}
	if err := s.stillSame(r.Context(), u, client); err != nil {
		return err
	}
	ended, err := s.Store.Tokens.EndOldest(r.Context(), u.ID, client)
	if err != nil {
		return err
	}
	for _, old := range ended {
		s.endSockets(r, u.ID, old.Client, "", hub.Replaced)
	}
	// Not where a newer login has replaced this one already: that one's sockets are good.
	if _, err := s.Store.Tokens.Authenticate(r.Context(), token, now); err == nil {
		s.endSockets(r, u.ID, client, row.Session(), hub.Replaced)
	}
	s.event(r, "logged in", slog.String("who", u.ID), slog.String("client", client))
	return encode(w, status, newSession(token, row, u))
}

// stillSame takes the new token back where the password or the roles changed between
// reading the account and writing the token: whoever changed them could not see it.
func (s *Server) stillSame(ctx context.Context, u *shop.User, client string) error {
	now, err := s.Store.Users.Get(ctx, u.ID)
	if err == nil && now.PasswordHash == u.PasswordHash && slices.Equal(now.Roles, u.Roles) {
		return nil
	}
	if dropErr := s.Store.Tokens.Delete(ctx, u.ID, client); dropErr != nil {
		return dropErr
	}
	if err != nil {
		return err
	}
	return shop.ErrWrongCredentials
}

// logout answers POST /api/logout: this client's token and sockets end.
func (s *Server) logout(w http.ResponseWriter, r *http.Request) error {
	c := callerOf(r.Context())
	if err := s.Store.Tokens.Delete(r.Context(), c.UserID, c.Client); err != nil {
		return err
	}
	s.endSockets(r, c.UserID, c.Client, "", hub.LoggedOut)
	s.event(r, "logged out")
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// meView is an account with what only its owner asks for.
type meView struct {
	userView
	WeChatBound   bool               `json:"wechat_bound"`
	Notifications shop.Notifications `json:"notifications"`
	Locale        string             `json:"locale"`
}

// showMe answers GET /api/me.
func (s *Server) showMe(w http.ResponseWriter, r *http.Request) error {
	u, err := s.Store.Users.Get(r.Context(), learnerID(r.Context()))
	if err != nil {
		return err
	}
	b, err := s.Store.Bindings.Get(r.Context(), u.ID)
	if err != nil {
		return err
	}
	return encode(w, http.StatusOK, meView{viewUser(u), b.Openid != "", u.Muted.Notifications(), u.Language()})
}

// changeMe answers PATCH /api/me `{name?,locale?,notifications?:{orders?,reminders?,activities?}}`:
// what is not named stays as it is.
func (s *Server) changeMe(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Name          *string              `json:"name"`
		Locale        *string              `json:"locale"`
		Notifications map[shop.Topic]*bool `json:"notifications"`
	}
	if err := decode(w, r, &in); err != nil {
		return err
	}
	change := store.ProfileChange{Locale: in.Locale, Mute: map[shop.Topic]bool{}}
	if in.Name != nil {
		name, err := shop.CleanLine("name", *in.Name, 1, maxName)
		if err != nil {
			return err
		}
		change.Name = &name
	}
	if in.Locale != nil && *in.Locale != shop.LocaleZh && *in.Locale != shop.LocaleEn {
		return shop.ErrInvalidField.At("locale")
	}
	for topic, wanted := range in.Notifications {
		if !topic.Valid() {
			return shop.ErrUnknownField.At(fmt.Sprintf("notifications.%.32q", string(topic)))
		}
		if wanted == nil { // a null is no "no"
			return shop.ErrInvalidField.At("notifications." + string(topic))
		}
		change.Mute[topic] = !*wanted
	}
	if change.Name == nil && change.Locale == nil && len(change.Mute) == 0 {
		return shop.ErrInvalidField // nothing that could be changed
	}
	if err := s.Store.Users.ChangeProfile(r.Context(), learnerID(r.Context()), change); err != nil {
		return err
	}
	if len(change.Mute) > 0 {
		s.tellNotifications(r)
	}
	return s.showMe(w, r)
}

// tellNotifications tells the learner's open pages what is wanted now: those hear of activities for
// everybody also when they are not.
func (s *Server) tellNotifications(r *http.Request) {
	u, err := s.Store.Users.Get(r.Context(), learnerID(r.Context()))
	if err != nil {
		s.Log.WarnContext(r.Context(), "a choice of notifications is not told", "err", err)
		return
	}
	s.tell(r, shop.NotificationsChanged(u))
}

// endSockets ends open pages of tokens that are dead by now. The tokens are dead whether
// or not this works, so its failure is only logged.
func (s *Server) endSockets(r *http.Request, userID, client, except string, why hub.EndReason) {
	ctx, cancel := afterwards(r)
	defer cancel()
	if err := s.Hub.End(ctx, userID, client, except, why); err != nil && !errors.Is(err, hub.ErrPending) {
		s.Log.WarnContext(ctx, "sockets not ended", "user", userID, "err", err)
	}
}

// endOtherSockets is endSockets for all pages but the one that has the answer with the session's next token.
func (s *Server) endOtherSockets(r *http.Request, userID, old, fresh string) {
	ctx, cancel := afterwards(r)
	defer cancel()
	if err := s.Hub.EndOthers(ctx, userID, old, fresh); err != nil {
		s.Log.WarnContext(ctx, "sockets not ended", "user", userID, "err", err)
	}
}

// afterwards is the context of what follows a change that is done: it goes on when the
// caller hangs up, but not for long.
func afterwards(r *http.Request) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(r.Context()), time.Second)
}

// event logs what an auditor looks for: logins, denials, acts of staff.
func (s *Server) event(r *http.Request, what string, attrs ...slog.Attr) {
	x := exchangeOf(r.Context())
	attrs = append(attrs, slog.String("request_id", x.id), slog.String("user", x.who.id()))
	s.Log.LogAttrs(r.Context(), slog.LevelInfo, what, attrs...)
}
