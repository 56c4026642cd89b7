package handlers

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"mstm/shop"
	"mstm/store"
)

// caller is the sender of a request: a person by a login's token, a program by an API key, or, as
// the zero value, a visitor.
type caller struct {
	UserID, Client, Session string
	Roles                   []shop.Role
	Since                   time.Time // when the person logged in
	row                     store.TokenRow
	KeyID                   string
	Scopes                  []string
}

// id names the caller in logs.
func (c caller) id() string {
	if c.KeyID != "" {
		return keyOwner + c.KeyID
	}
	return c.UserID
}

// keyOwner begins the id of a program.
const keyOwner = "key:"

// has reports whether the caller is a person with one of the roles; an admin has all.
func (c caller) has(roles ...shop.Role) bool {
	return slices.ContainsFunc(roles, func(r shop.Role) bool { return shop.MayActAs(c.Roles, r) })
}

// access is a route's policy. The zero value refuses every request.
type access struct {
	name  string
	token tokenUse
	may   func(caller) bool
	staff bool // people come as staff: with a password long enough for that
	proof bool // people prove again that they are there, see requireProof
}

// proved is the same policy for what asks for the password again.
func (a access) proved() access {
	a.proof = true
	return a
}

// tokenUse says what a route does with the bearer token.
type tokenUse int

const (
	tokenNeeded   tokenUse = iota // no valid token: 401
	tokenOptional                 // none is a visitor; a bad one is 401, so that the page notices
	tokenIgnored                  // the answer is the same for everybody
)

func anybody(caller) bool    { return true }
func isPerson(c caller) bool { return c.UserID != "" }

// The policies that routes choose from.
var (
	public  = access{name: "public", token: tokenIgnored, may: anybody}
	anyone  = access{name: "anyone", token: tokenOptional, may: anybody}
	learner = access{name: "learner", may: isPerson}
)

// role lets in people with one of the roles, and admins.
func role(roles ...shop.Role) access {
	return access{name: "role:" + shop.JoinRoles(roles, ","), staff: true, may: func(c caller) bool { return c.has(roles...) }}
}

// roleOrScope lets in people with the role, and API keys with one of the scopes.
func roleOrScope(r shop.Role, scopes ...string) access {
	return access{
		name: "role:" + string(r) + "|scope:" + strings.Join(scopes, ","), staff: true,
		may: func(c caller) bool {
			return c.has(r) || slices.ContainsFunc(scopes, func(s string) bool { return slices.Contains(c.Scopes, s) })
		},
	}
}

// isStaff reports whether the route is for people with a role.
func (a access) isStaff() bool { return strings.HasPrefix(a.name, "role:") }

// identify finds the caller of a request.
func (s *Server) identify(r *http.Request, x *exchange, a access) error {
	if a.token == tokenIgnored {
		return nil
	}
	token, given, err := bearer(r)
	if err != nil || !given && a.token == tokenNeeded {
		return shop.ErrUnauthenticated
	}
	if given {
		x.who, err = s.authenticate(r.Context(), token)
	}
	return err
}

// admit checks the caller against the route's policy.
func (s *Server) admit(r *http.Request, x *exchange, a access) error {
	if a.may == nil {
		return shop.ErrForbidden
	}
	if x.who.KeyID != "" {
		if err := s.auditKey(r, x, a.may(x.who)); err != nil {
			return err
		}
	}
	if !a.may(x.who) {
		s.Log.LogAttrs(r.Context(), slog.LevelWarn, "denied", slog.String("request_id", x.id),
			slog.String("route", x.route), slog.String("user", x.who.id()), slog.String("needs", a.name))
		return shop.ErrForbidden
	}
	if a.staff && x.who.UserID != "" {
		return s.admitStaff(r, x, a.proof)
	}
	return nil
}

// auditKey writes a program's call into the audit before it is done, because a program cannot be
// asked later.
func (s *Server) auditKey(r *http.Request, x *exchange, allowed bool) error {
	return s.Store.Audit.Add(r.Context(), store.AuditRow{
		Object: "key:" + x.who.KeyID, Act: "api_key_call", By: x.who.id(), At: s.Now().UTC(),
		Data: map[string]string{"method": knownMethod(r.Method), "route": x.route, "allowed": strconv.FormatBool(allowed), "request_id": x.id},
	})
}

// maxToken bounds what is hashed and looked up; our tokens are far shorter.
const maxToken = 256

var errMalformedToken = errors.New("malformed Authorization header")

// bearer reads the Authorization header (RFC 6750 §2.1). given is false where there is none.
func bearer(r *http.Request) (token string, given bool, err error) {
	lines := r.Header["Authorization"]
	if len(lines) == 0 {
		return "", false, nil
	}
	scheme, token, found := strings.Cut(lines[0], " ")
	token = strings.TrimSpace(token)
	if len(lines) > 1 || !found || !strings.EqualFold(scheme, "Bearer") || token == "" || len(token) > maxToken {
		return "", true, errMalformedToken
	}
	return token, true, nil
}

// authenticate finds a token's user from one small row, or the cache before it. The profile is
// never read: roles travel in the row.
func (s *Server) authenticate(ctx context.Context, token string) (caller, error) {
	if store.IsAPIKey(token) {
		key, err := s.Store.APIKeys.Authenticate(ctx, token, s.Now())
		if err != nil {
			return caller{}, err
		}
		if err := s.Store.APIKeys.NoteUse(ctx, key, s.Now()); err != nil {
			s.Log.WarnContext(ctx, "the use of a key is not written down", "key", key.ID, "err", err)
		}
		return caller{KeyID: key.ID, Scopes: key.Scopes}, nil
	}
	row, err := s.Store.Tokens.Authenticate(ctx, token, s.Now())
	if err != nil {
		return caller{}, err
	}
	return caller{UserID: row.UserID, Client: row.Client, Session: row.Session(), Roles: row.Roles, Since: row.CreatedAt, row: row}, nil
}

// admitStaff holds a staff member's session against what staff need besides their role.
func (s *Server) admitStaff(r *http.Request, x *exchange, proof bool) (err error) {
	if x.who.row, err = s.Accounts.CheckStaff(r.Context(), x.who.row); err != nil || !proof {
		return err
	}
	return s.requireProof(r)
}

// requireProof refuses a person that has neither logged in nor given the password within the last
// ten minutes. A program has a key and no password; what needs a person does not take it.
func (s *Server) requireProof(r *http.Request) (err error) {
	x := exchangeOf(r.Context())
	if x.who.UserID != "" {
		x.who.row, err = s.Accounts.RequireProof(r.Context(), x.who.row)
	}
	return err
}
