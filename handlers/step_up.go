package handlers

import (
	"log/slog"
	"net/http"
	"time"

	"mstm/shop"
)

// recently is for how long a login or a password counts as a proof that the account's owner is there.
const recently = 10 * time.Minute

// admitStaff holds a staff member's session against what staff need besides their role. The use counts
// as one; it is written down here and not for sockets, see store.StaffIdle.
func (s *Server) admitStaff(r *http.Request, x *exchange, proof bool) error {
	if x.who.row.WantsStaffPassword() {
		if err := s.readSession(r, x); err != nil {
			return err
		}
	}
	if x.who.row.WantsStaffPassword() {
		return shop.ErrStaffPassword.With("min_bytes", minStaffPassword)
	}
	if proof {
		return s.requireProof(r)
	}
	return nil
}

// readSession reads the caller's session from the database: another instance may have just changed it.
func (s *Server) readSession(r *http.Request, x *exchange) error {
	row, err := s.Store.Tokens.Fresh(r.Context(), x.who.UserID, x.who.Client)
	if err != nil {
		return err
	}
	if row.Session() != x.who.Session {
		return shop.ErrUnauthenticated // replaced meanwhile
	}
	x.who.row = row
	return nil
}

// requireProof refuses a person who has neither logged in nor given the password within the last ten
// minutes. A program has a key and no password; what needs a person does not take it.
func (s *Server) requireProof(r *http.Request) error {
	x := exchangeOf(r.Context())
	if x.who.UserID == "" || s.hasProved(x.who) {
		return nil
	}
	if err := s.readSession(r, x); err != nil {
		return err
	}
	if s.hasProved(x.who) {
		return nil
	}
	return shop.ErrStepUp
}

func (s *Server) hasProved(c caller) bool { return s.Now().Sub(c.row.ProvedAt()) < recently }

// noteUse writes down that a staff member's session was used.
func (s *Server) noteUse(r *http.Request) {
	if err := s.Store.Tokens.NoteUse(r.Context(), callerOf(r.Context()).row, s.Now()); err != nil {
		s.Log.WarnContext(r.Context(), "the use of a session is not written down", "err", err)
	}
}

// stepUp answers POST /api/me/step-up `{password}` with until when the session may do what asks for the
// password again. An account that has no password does it by a fresh login with WeChat. Guesses count
// with those at the login.
func (s *Server) stepUp(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Password string `json:"password"`
	}
	if err := decode(w, r, &in); err != nil {
		return err
	}
	me := callerOf(r.Context())
	u, err := s.Store.Users.Get(r.Context(), me.UserID)
	if err != nil {
		return err
	}
	now := s.Now()
	if u.Passwordless {
		if err := s.justLoggedIn(r); err != nil {
			return err
		}
		return s.answerStepUp(w, me.Since)
	}
	forgive, err := s.mayTry(r, u.Username)
	if err != nil {
		return err
	}
	if err := s.matchPassword(r, u, "password", in.Password); err != nil {
		return err
	}
	forgive()
	done, err := s.Store.Tokens.StepUp(r.Context(), me.row, u.HasStaffPassword(), now)
	if err != nil {
		return err
	}
	if !done {
		return shop.ErrUnauthenticated // the session was replaced meanwhile
	}
	s.event(r, "stepped up", slog.String("client", me.Client))
	return s.answerStepUp(w, now)
}

func (s *Server) answerStepUp(w http.ResponseWriter, proved time.Time) error {
	return encode(w, http.StatusOK, struct {
		Until time.Time `json:"until"`
	}{utc(proved.Add(recently))})
}
