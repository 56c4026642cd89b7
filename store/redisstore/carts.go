package redisstore

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"mstm/shop"
)

// A cart lives in Redis, under keys with literal braces: they make the user's id the Cluster hash
// tag, so that one user's keys share a slot and one script may touch them.
//
//	shopping_car_{USER}_COURSE   hash: one line, flat
//	shopping_car_{USER}          sorted set: the lines' courses by the time they were added
//	shopping_car_version_{USER}  string: the cart's version
//	cart_change_{USER}_REQUEST   string: a mark that this change was made, for a minute
//
// Every change is one script that checks, then writes, then returns the whole cart. All
// keys live 30 days from the last change (or look, at most once a day).

// CartTTL is how long a cart lives from its last change.
const CartTTL = 30 * 24 * time.Hour

// CartKey is the key of a learner's list of lines.
func CartKey(userID string) string        { return "shopping_car_{" + userID + "}" }
func cartVersionKey(userID string) string { return "shopping_car_version_{" + userID + "}" }

// CartLineKey is the key of one line.
func CartLineKey(userID, courseID string) string { return CartKey(userID) + "_" + courseID }

// Carts are the learners' carts, in Redis.
type Carts struct {
	redis    redis.UniversalClient
	embedded bool // Redis runs in this process, which is as busy as it
	now      func() time.Time

	policyTexts policyTexts
}

// NewCarts keeps carts in client. embedded is whether Redis runs in this process.
func NewCarts(client redis.UniversalClient, embedded bool, now func() time.Time) *Carts {
	return &Carts{redis: client, embedded: embedded, now: now}
}

// Get reads a learner's cart in one round trip; a second one follows where there is
// something to mend, and once a day to prolong its life. Without Redis it is
// shop.ErrCartUnavailable, as in everything here.
func (s *Carts) Get(ctx context.Context, userID string) (shop.Cart, error) {
	cart, outcome, err := s.run(ctx, userID, cartMark{}, readCart)
	if err != nil && isWrongType(err) || outcome == cartMend {
		if cart, _, err = s.change(ctx, userID, mendCart); err == nil {
			s.note(ctx, userID, cart, true)
		}
	}
	return cart, err
}

// timeout is for all of one call, connecting included.
func (s *Carts) timeout() time.Duration {
	if s.embedded {
		return OwnTimeout
	}
	return 2 * Timeout
}

// isWrongType reports whether a key turned out to be of another type than a cart's.
func isWrongType(err error) bool { return strings.Contains(err.Error(), "WRONGTYPE") }

// Put adds a line, or chooses a policy again for a course that is there; then its
// added_at stays. With an ifVersion other than 0, a cart of another version is left as it
// is: shop.ErrCartConflict, and the cart is the one that stands. The 51st line is
// shop.ErrCartFull.
func (s *Carts) Put(ctx context.Context, userID string, line shop.CartLine, ifVersion int64) (shop.Cart, error) {
	args, err := s.lineArgs(line)
	if err != nil {
		return shop.Cart{}, err
	}
	cart, outcome, err := s.change(ctx, userID, putCartLine, append([]any{ifVersion}, args...)...)
	switch {
	case err != nil:
		return shop.Cart{}, err
	case outcome == cartConflict:
		return cart, shop.ErrCartConflict
	case outcome == cartFull:
		return cart, shop.ErrCartFull
	}
	s.note(ctx, userID, cart, false)
	return cart, nil
}

// Refresh writes lines as their courses are now into the cart of this version, and
// answers false with the cart as it stands where it has another one. shown says that what
// a reader sees changes, and with it the version. A full Redis lets it pass.
func (s *Carts) Refresh(ctx context.Context, userID string, version int64, shown bool, lines []shop.CartLine) (shop.Cart, bool, error) {
	args := []any{version, 0}
	if shown {
		args[1] = 1
	}
	for _, l := range lines {
		a, err := s.lineArgs(l)
		if err != nil {
			return shop.Cart{}, false, err
		}
		args = append(args, a...)
	}
	cart, outcome, err := s.change(ctx, userID, refreshCart, args...)
	return cart, outcome != cartConflict, err
}

// Remove takes a course out. That it is not there is what was wanted.
func (s *Carts) Remove(ctx context.Context, userID, courseID string) (shop.Cart, error) {
	if !shop.ValidID(courseID) {
		return shop.Cart{}, shop.ErrCourseNotFound
	}
	cart, _, err := s.change(ctx, userID, removeCartLines, courseID, "", 1)
	if err == nil {
		s.Forget(ctx, userID, cart.Version, courseID)
	}
	return cart, err
}

// Empty takes everything out. The script does not say which courses that is, so the cart is forgotten under them first: a
// repeat after a death finds the rest.
func (s *Carts) Empty(ctx context.Context, userID string) (shop.Cart, error) {
	if before, err := s.Get(ctx, userID); err == nil {
		s.Forget(ctx, userID, max(before.Version, time.Now().UnixMilli()), courseIDs(before)...)
	}
	cart, _, err := s.change(ctx, userID, emptyCart)
	return cart, err
}

func courseIDs(cart shop.Cart) (ids []string) {
	for _, l := range cart.Lines {
		ids = append(ids, l.CourseID)
	}
	return ids
}

// Merge adds a visitor's lines to the learner's. Where both have a course, the policy
// chosen later wins and the earlier added_at stays. Lines beyond the 50th are left out,
// the visitor's oldest first: leftOut are their courses.
func (s *Carts) Merge(ctx context.Context, userID string, lines []shop.CartLine) (cart shop.Cart, leftOut []string, err error) {
	var args []any
	for _, l := range newestFirst(lines) {
		a, err := s.lineArgs(l)
		if err != nil {
			return shop.Cart{}, nil, err
		}
		args = append(args, a...)
	}
	cart, _, err = s.change(ctx, userID, mergeCart, args...)
	if err != nil {
		return cart, nil, err
	}
	for _, l := range lines {
		if !cart.Has(l.CourseID) && !slices.Contains(leftOut, l.CourseID) {
			leftOut = append(leftOut, l.CourseID)
		}
	}
	s.note(ctx, userID, cart, false)
	return cart, leftOut, nil
}

// RemoveBought takes out the lines that an order has bought and reports whether there was
// any. A line that was chosen again since, for another policy, stays. A repeat for the same
// order within an hour changes nothing and reports what the first one did: a process may
// have died before its pages heard of it.
func (s *Carts) RemoveBought(ctx context.Context, userID, orderID string, bought []shop.CartBought) (cart shop.Cart, changed bool, err error) {
	var args []any
	for _, b := range bought {
		whatever := 0
		if b.Lifetime {
			whatever = 1
		}
		args = append(args, b.CourseID, b.PolicyID, whatever)
	}
	mark := cartMark{"order:" + orderID, time.Hour}
	cart, outcome, err := s.run(context.WithoutCancel(ctx), userID, mark, removeCartLines, args...)
	changed = outcome == cartChanged || outcome == cartAgain
	if err == nil && changed {
		var gone []string
		for _, b := range bought {
			if !cart.Has(b.CourseID) {
				gone = append(gone, b.CourseID)
			}
		}
		s.Forget(ctx, userID, cart.Version, gone...)
	}
	return cart, changed, err
}

// lineArgs are a line's fields in the order of the scripts' (and the hash's) fields.
func (s *Carts) lineArgs(l shop.CartLine) ([]any, error) {
	if !shop.ValidID(l.CourseID) {
		return nil, shop.ErrCourseNotFound
	}
	if l.AddedAt.IsZero() {
		l.AddedAt = s.now()
	}
	if l.ChosenAt.IsZero() {
		l.ChosenAt = l.AddedAt
	}
	if l.Policies == nil {
		l.Policies = []shop.PricePolicy{}
	}
	policies, err := json.Marshal(l.Policies)
	if err != nil {
		return nil, err
	}
	seen := l.Price
	problem := []byte{}
	if l.Problem != nil {
		seen = l.Seen
		if problem, err = json.Marshal(storedProblem{l.Problem.Code, l.Problem.Suggestion, l.Price}); err != nil {
			return nil, err
		}
	}
	return []any{
		l.CourseID, l.Title, l.Cover, policies, l.PolicyID, int64(seen),
		l.AddedAt.UnixMilli(), l.ChosenAt.UnixMilli(), l.CourseV, problem,
	}, nil
}

// storedProblem is a line's problem in its hash, with the price that the line shows beside
// it: price_fen stays the one that was seen at the choice.
type storedProblem struct {
	Code       string   `json:"code"`
	Suggestion string   `json:"suggestion,omitempty"`
	Price      shop.Fen `json:"price_fen"`
}

// cartMark names a change, so that a repeat of it is known as one for the given time.
type cartMark struct {
	id  string
	ttl time.Duration
}

// repeatTime is longer than the client sends a script again.
const repeatTime = time.Minute

func (m cartMark) key(userID string) string { return "cart_change_{" + userID + "}_" + m.id }

// change is runCart for a script that writes: it does not end with the request. A script cut off
// with it might have changed the cart without an answer to the caller and without an event to the
// other pages. The answer may get lost and the client send the change again: it is made once.
func (s *Carts) change(ctx context.Context, userID string, script *redis.Script, args ...any) (shop.Cart, cartOutcome, error) {
	return s.run(context.WithoutCancel(ctx), userID, cartMark{rand.Text(), repeatTime}, script, args...)
}

// run runs a script on a user's cart and reads what it returns.
func (s *Carts) run(ctx context.Context, userID string, mark cartMark, script *redis.Script, args ...any) (shop.Cart, cartOutcome, error) {
	if !shop.ValidID(userID) { // anything else could forge a key
		return shop.Cart{}, "", shop.ErrUnauthenticated
	}
	ctx, cancel := context.WithTimeout(ctx, s.timeout())
	defer cancel()
	args = append([]any{CartTTL.Milliseconds(), shop.MaxLines, mark.ttl.Milliseconds()}, args...)
	reply, err := script.Run(ctx, s.redis, []string{CartKey(userID), cartVersionKey(userID), mark.key(userID)}, args...).Slice()
	if err != nil {
		return shop.Cart{}, "", fmt.Errorf("%w: %w", shop.ErrCartUnavailable, err)
	}
	cart, outcome, err := s.decode(reply)
	if err != nil {
		return shop.Cart{}, "", fmt.Errorf("%w: %w", shop.ErrCartUnavailable, err)
	}
	return cart, outcome, nil
}

var errCartReply = errors.New("a cart script returned something else than a cart")

// decode reads {outcome, version, line…}.
func (s *Carts) decode(reply []any) (cart shop.Cart, outcome cartOutcome, err error) {
	if len(reply) < 2 {
		return cart, "", errCartReply
	}
	text, ok := reply[0].(string)
	version, ok2 := reply[1].(string)
	if cart.Version, err = strconv.ParseInt(version, 10, 64); err != nil || !ok || !ok2 {
		return cart, "", errCartReply
	}
	cart.Lines = make([]shop.CartLine, 0, len(reply)-2)
	for _, row := range reply[2:] {
		line, err := s.decodeLine(row)
		if err != nil {
			return cart, "", err
		}
		cart.Lines = append(cart.Lines, line)
	}
	cart.Sum()
	return cart, cartOutcome(text), nil
}

// decodeLine reads a line's fields in the order of LineFields, and its course: all strings. A
// field that is missing is zero: a line written by another release still shows, and is
// looked at again, since no course has a V below 0.
func (s *Carts) decodeLine(row any) (l shop.CartLine, err error) {
	fields, ok := row.([]any)
	if !ok || len(fields) != 1+len(LineFields) {
		return l, errCartReply
	}
	text := func(i int) string { v, _ := fields[i].(string); return v }
	number := func(i int) int64 {
		n, _ := strconv.ParseInt(text(i), 10, 64)
		return n
	}
	l = shop.CartLine{
		CourseID: text(len(LineFields)), Title: text(0), Cover: text(1), Policies: []shop.PricePolicy{},
		PolicyID: text(3), Price: shop.Fen(number(4)), Seen: shop.Fen(number(4)),
		AddedAt: time.UnixMilli(number(5)).UTC(), ChosenAt: time.UnixMilli(number(6)).UTC(),
		CourseV: -1,
	}
	if text(7) != "" {
		l.CourseV = number(7)
	}
	if p := text(8); p != "" {
		var stored storedProblem
		if err := json.Unmarshal([]byte(p), &stored); err != nil {
			return l, fmt.Errorf("the problem of a cart line: %w", err)
		}
		l.Price, l.Problem = stored.Price, shop.NewCartProblem(stored.Code, stored.Suggestion, l.Seen)
	}
	if p := text(2); p != "" {
		if l.Policies, err = s.policyTexts.policies(p); err != nil {
			return l, fmt.Errorf("the policies of a cart line: %w", err)
		}
	}
	return l, nil
}

// policyTexts keeps what the policies of cart lines were read to: nearly every cart with a course has
// the same texts of it. A returned list is shared and must not be changed.
type policyTexts struct {
	mu   sync.RWMutex
	read map[string][]shop.PricePolicy
}

// policyTextsKept is about how many texts are remembered, of some hundred bytes each.
const policyTextsKept = 2048

func (t *policyTexts) policies(text string) ([]shop.PricePolicy, error) {
	t.mu.RLock()
	list, known := t.read[text]
	t.mu.RUnlock()
	if known {
		return list, nil
	}
	list = []shop.PricePolicy{}
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		return nil, err
	}
	list = list[:len(list):len(list)] // an append makes a copy
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.read == nil || len(t.read) >= policyTextsKept {
		t.read = map[string][]shop.PricePolicy{}
	}
	t.read[text] = list
	return list, nil
}
