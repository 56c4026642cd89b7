package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"mstm/shop"
)

// A cart lives in Redis, under keys whose braces are literal: they make the user's id the
// Cluster hash tag, so that one user's keys share a slot and one script may touch them.
//
//	shopping_car_{USER}_COURSE   hash: one line, flat
//	shopping_car_{USER}          sorted set: the lines' courses by the time they were added
//	shopping_car_version_{USER}  string: the cart's version
//
// Every change is one script that checks, then writes, then returns the whole cart. All
// keys live 30 days from the last change (or look, at most once a day).

const cartTTL = 30 * 24 * time.Hour

func cartKey(userID string) string        { return "shopping_car_{" + userID + "}" }
func cartVersionKey(userID string) string { return "shopping_car_version_{" + userID + "}" }

func cartLineKey(userID, courseID string) string { return cartKey(userID) + "_" + courseID }

// Cart reads a learner's cart in one round trip; a second one follows where there is
// something to mend, and once a day to prolong its life. Without Redis it is
// shop.ErrCartUnavailable, as in everything here.
func (s *Store) Cart(ctx context.Context, userID string) (shop.Cart, error) {
	cart, outcome, err := s.runCart(ctx, userID, readCart)
	if err != nil && isWrongType(err) || outcome == cartMend {
		cart, _, err = s.changeCart(ctx, userID, mendCart)
	}
	return cart, err
}

// cartTimeout is for all of one call, connecting included.
func (s *Store) cartTimeout() time.Duration {
	if s.embeddedRedis != nil {
		return ownTimeout
	}
	return 2 * redisTimeout
}

// isWrongType reports whether a key turned out to be of another type than a cart's.
func isWrongType(err error) bool { return strings.Contains(err.Error(), "WRONGTYPE") }

// PutCartLine adds a line, or chooses a policy again for a course that is there; then its
// added_at stays. With an ifVersion other than 0, a cart of another version is left as it
// is: shop.ErrCartConflict, with the `cart` as it stands. The 51st line is
// shop.ErrCartFull.
func (s *Store) PutCartLine(ctx context.Context, userID string, line shop.CartLine, ifVersion int64) (shop.Cart, error) {
	args, err := s.lineArgs(line)
	if err != nil {
		return shop.Cart{}, err
	}
	cart, outcome, err := s.changeCart(ctx, userID, putCartLine, append([]any{ifVersion}, args...)...)
	switch {
	case err != nil:
		return shop.Cart{}, err
	case outcome == cartConflict:
		return cart, shop.ErrCartConflict.With("cart", cart)
	case outcome == cartFull:
		return cart, shop.ErrCartFull
	}
	return cart, nil
}

// RemoveCartLine takes a course out. That it is not there is what was wanted.
func (s *Store) RemoveCartLine(ctx context.Context, userID, courseID string) (shop.Cart, error) {
	if !shop.ValidID(courseID) {
		return shop.Cart{}, shop.ErrCourseNotFound
	}
	cart, _, err := s.changeCart(ctx, userID, removeCartLines, courseID, "", 1)
	return cart, err
}

// EmptyCart takes everything out.
func (s *Store) EmptyCart(ctx context.Context, userID string) (shop.Cart, error) {
	cart, _, err := s.changeCart(ctx, userID, emptyCart)
	return cart, err
}

// MergeCart adds a visitor's lines to the learner's. Where both have a course, the policy
// chosen later wins and the earlier added_at stays. Lines beyond the 50th are left out,
// the visitor's oldest first.
func (s *Store) MergeCart(ctx context.Context, userID string, lines []shop.CartLine) (shop.Cart, error) {
	var args []any
	for _, l := range newestFirst(lines) {
		a, err := s.lineArgs(l)
		if err != nil {
			return shop.Cart{}, err
		}
		args = append(args, a...)
	}
	cart, _, err := s.changeCart(ctx, userID, mergeCart, args...)
	return cart, err
}

// RemoveBought takes out the lines that an order has bought and reports whether there was
// any. A line that was chosen anew meanwhile, for another policy, stays.
func (s *Store) RemoveBought(ctx context.Context, userID string, bought []shop.CartBought) (cart shop.Cart, changed bool, err error) {
	var args []any
	for _, b := range bought {
		whatever := 0
		if b.Lifetime {
			whatever = 1
		}
		args = append(args, b.CourseID, b.PolicyID, whatever)
	}
	cart, outcome, err := s.changeCart(ctx, userID, removeCartLines, args...)
	return cart, outcome == cartChanged, err
}

// lineArgs are a line's fields in the order of the scripts' (and the hash's) fields.
func (s *Store) lineArgs(l shop.CartLine) ([]any, error) {
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
	return []any{
		l.CourseID, l.Title, l.Cover, policies, l.PolicyID, int64(l.Price),
		l.AddedAt.UnixMilli(), l.ChosenAt.UnixMilli(), l.CourseVersion,
	}, nil
}

// changeCart is runCart for a script that writes: it does not end with the request,
// whose caller could not know whether the change was made, and whose other pages would
// never hear of it.
func (s *Store) changeCart(ctx context.Context, userID string, script *redis.Script, args ...any) (shop.Cart, cartOutcome, error) {
	return s.runCart(context.WithoutCancel(ctx), userID, script, args...)
}

// runCart runs a script on a user's cart and reads what it returns.
func (s *Store) runCart(ctx context.Context, userID string, script *redis.Script, args ...any) (shop.Cart, cartOutcome, error) {
	if !shop.ValidID(userID) { // anything else could forge a key
		return shop.Cart{}, "", shop.ErrUnauthenticated
	}
	ctx, cancel := context.WithTimeout(ctx, s.cartTimeout())
	defer cancel()
	args = append([]any{cartTTL.Milliseconds(), shop.MaxLines}, args...)
	reply, err := script.Run(ctx, s.redis, []string{cartKey(userID), cartVersionKey(userID)}, args...).Slice()
	if err != nil {
		return shop.Cart{}, "", fmt.Errorf("%w: %w", shop.ErrCartUnavailable, err)
	}
	cart, outcome, err := s.decodeCart(reply)
	if err != nil {
		return shop.Cart{}, "", fmt.Errorf("%w: %w", shop.ErrCartUnavailable, err)
	}
	return cart, outcome, nil
}

var errCartReply = errors.New("a cart script returned something else than a cart")

// decodeCart reads {outcome, version, line…}.
func (s *Store) decodeCart(reply []any) (cart shop.Cart, outcome cartOutcome, err error) {
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

// decodeLine reads {title, cover, policies, policy_id, price_fen, added_at, chosen_at,
// course_version, course}, all strings. A field that is missing is zero: a line
// written by another release still shows.
func (s *Store) decodeLine(row any) (l shop.CartLine, err error) {
	fields, ok := row.([]any)
	if !ok || len(fields) != 1+len(lineFields) {
		return l, errCartReply
	}
	text := func(i int) string { v, _ := fields[i].(string); return v }
	number := func(i int) int64 {
		n, _ := strconv.ParseInt(text(i), 10, 64)
		return n
	}
	l = shop.CartLine{
		CourseID: text(8), Title: text(0), Cover: text(1), Policies: []shop.PricePolicy{},
		PolicyID: text(3), Price: shop.Fen(number(4)),
		AddedAt: time.UnixMilli(number(5)).UTC(), ChosenAt: time.UnixMilli(number(6)).UTC(),
		CourseVersion: int(number(7)),
	}
	if p := text(2); p != "" {
		if l.Policies, err = s.policyTexts.policies(p); err != nil {
			return l, fmt.Errorf("the policies of a cart line: %w", err)
		}
	}
	return l, nil
}
