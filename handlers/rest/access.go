package rest

import (
	"cmp"
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

// Caller is the sender of a request: a person by a login's token, a program by an API key, or, as
// the zero value, a visitor.
type Caller struct {
	UserID, Client, Session string
	Roles                   []shop.Role
	Since                   time.Time // when the person logged in
	Row                     store.TokenRow
	KeyID                   string
	Scopes                  []string
}

// ID names the caller in logs.
func (c Caller) ID() string {
	if c.KeyID != "" {
		return keyOwner + c.KeyID
	}
	return c.UserID
}

// keyOwner begins the id of a program.
const keyOwner = "key:"

// has reports whether the caller is a person with one of the roles; an admin has all.
func (c Caller) has(roles ...shop.Role) bool {
	return slices.ContainsFunc(roles, func(r shop.Role) bool { return shop.MayActAs(c.Roles, r) })
}

// Access is a route's policy. The zero value refuses every request.
type Access struct {
	Name  string
	Token TokenUse
	May   func(Caller) bool
	staff bool // people come as staff: with a password long enough for that
	proof bool // people prove again that they are there, see RequireProof
}

// Proved is the same policy for what asks for the password again.
func (a Access) Proved() Access {
	a.proof = true
	return a
}

// TokenUse says what a route does with the bearer token.
type TokenUse int

const (
	TokenNeeded   TokenUse = iota // no valid token: 401
	TokenOptional                 // none is a visitor; a bad one is 401, so that the page notices
	TokenIgnored                  // the answer is the same for everybody
)

func anybody(Caller) bool    { return true }
func isPerson(c Caller) bool { return c.UserID != "" }

// The policies that routes choose from.
var (
	Public  = Access{Name: "public", Token: TokenIgnored, May: anybody}
	Anyone  = Access{Name: "anyone", Token: TokenOptional, May: anybody}
	Learner = Access{Name: "learner", May: isPerson}
)

// Role lets in people with one of the roles, and admins.
func Role(roles ...shop.Role) Access {
	return Access{Name: "role:" + shop.JoinRoles(roles, ","), staff: true, May: func(c Caller) bool { return c.has(roles...) }}
}

// RoleOrScope lets in people with the role, and API keys with one of the scopes.
func RoleOrScope(r shop.Role, scopes ...string) Access {
	return Access{
		Name: "role:" + string(r) + "|scope:" + strings.Join(scopes, ","), staff: true,
		May: func(c Caller) bool {
			return c.has(r) || slices.ContainsFunc(scopes, func(s string) bool { return slices.Contains(c.Scopes, s) })
		},
	}
}

// isStaff reports whether the route is for people with a role.
func (a Access) isStaff() bool { return strings.HasPrefix(a.Name, "role:") }

// identify finds the caller of a request.
func (s *Server) identify(r *http.Request, x *request, a Access) error {
	if a.Token == TokenIgnored {
		return nil
	}
	token, given, err := Bearer(r)
	if err != nil || !given && a.Token == TokenNeeded {
		return shop.ErrUnauthenticated
	}
	if given {
		x.who, err = s.authenticate(r.Context(), token)
	}
	return err
}

// admit checks the caller against the route's policy.
func (s *Server) admit(r *http.Request, x *request, a Access) error {
	if a.May == nil {
		return shop.ErrForbidden
	}
	if x.who.KeyID != "" {
		if err := s.auditKey(r, x, a.May(x.who)); err != nil {
			return err
		}
	}
	if !a.May(x.who) {
		s.Log.LogAttrs(r.Context(), slog.LevelWarn, "denied", slog.String("request_id", x.id),
			slog.String("route", x.route), slog.String("user", x.who.ID()), slog.String("needs", a.Name))
		return shop.ErrForbidden
	}
	if !a.staff || x.who.UserID == "" {
		if a.proof {
			return RequireProof(r)
		}
		return nil
	}
	if err := s.admitStaff(r, x, a.proof); err != nil {
		return err
	}
	return s.auditStaff(r, x)
}

// auditStaff writes a member of staff's call into the audit before it is done, so that no act of staff is missing there,
// whatever its handler adds of what has changed. What reads, what only says what would be done, and the parts of an
// upload are left out.
func (s *Server) auditStaff(r *http.Request, x *request) error {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPatch:
		return nil
	}
	if q, err := Query(r); err == nil {
		if dry, err := Flag(q, "dry_run"); err == nil && dry {
			return nil
		}
	}
	return s.Store.Audit.Add(r.Context(), store.AuditRow{
		Object: objectOf(x), Act: store.ActStaffCall, By: x.who.ID(), At: s.Now().UTC(),
		Data: map[string]string{"method": knownMethod(r.Method), "route": x.route, "request_id": x.id},
	})
}

// objectNames are the kinds of objects in the audit whose parameter in a path has another name.
var objectNames = map[string]string{"payment": "unmatched", "form": "notice_template", "upload": "media"}

// maxObject bounds the part of a path that the audit takes for an id.
const maxObject = 64

// objectOf is what a request is about, as the audit names it: by the first parameter of its path.
func objectOf(x *request) string {
	if len(x.params) == 0 {
		return "shop"
	}
	name, id := x.params[0].Key, x.params[0].Value
	if len(id) > maxObject || shop.Hidden(id, false) {
		return "shop"
	}
	return cmp.Or(objectNames[name], name) + ":" + id
}

// auditKey writes a program's call into the audit before it is done, because a program cannot be
// asked later.
func (s *Server) auditKey(r *http.Request, x *request, allowed bool) error {
	return s.Store.Audit.Add(r.Context(), store.AuditRow{
		Object: "key:" + x.who.KeyID, Act: store.ActAPIKeyCall, By: x.who.ID(), At: s.Now().UTC(),
		Data: map[string]string{"method": knownMethod(r.Method), "route": x.route, "allowed": strconv.FormatBool(allowed), "request_id": x.id},
	})
}

// maxToken bounds what is hashed and looked up; our tokens are far shorter.
const maxToken = 256

var errMalformedToken = errors.New("malformed Authorization header")

// Bearer reads the Authorization header (RFC 6750 §2.1). given is false where there is none.
func Bearer(r *http.Request) (token string, given bool, err error) {
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
func (s *Server) authenticate(ctx context.Context, token string) (Caller, error) {
	if store.IsAPIKey(token) {
		key, err := s.Store.APIKeys.Authenticate(ctx, token, s.Now())
		if err != nil {
			return Caller{}, err
		}
		if err := s.Store.APIKeys.NoteUse(ctx, key, s.Now()); err != nil {
			s.Log.WarnContext(ctx, "the use of a key is not written down", "key", key.ID, "err", err)
		}
		return Caller{KeyID: key.ID, Scopes: key.Scopes}, nil
	}
	row, err := s.Store.Tokens.Authenticate(ctx, token, s.Now())
	if err != nil {
		return Caller{}, err
	}
	return Caller{UserID: row.UserID, Client: row.Client, Session: row.Session(), Roles: row.Roles, Since: row.CreatedAt, Row: row}, nil
}

// admitStaff holds a staff member's session against what staff need besides their role.
func (s *Server) admitStaff(r *http.Request, x *request, proof bool) (err error) {
	if x.who.Row, err = s.Accounts.CheckStaff(r.Context(), x.who.Row); err != nil || !proof {
		return err
	}
	return RequireProof(r)
}

// RequireProof refuses a person that has neither logged in nor given the password within the last
// ten minutes. A program has a key and no password; what needs a person does not take it.
func RequireProof(r *http.Request) (err error) {
	x := requestOf(r.Context())
	if x.who.UserID != "" {
		x.who.Row, err = x.server.Accounts.RequireProof(r.Context(), x.who.Row)
	}
	return err
}
