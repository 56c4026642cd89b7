package redisstore

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"
)

// LoginCode is a code that a page shows to be scanned: a person with a login on another device lets it in.
type LoginCode struct {
	Secret  string    `json:"secret"` // SHA-256 of what the page alone knows, in hex
	System  string    `json:"system"` // of the page's device, "" where it is not known
	App     string    `json:"app"`    // likewise
	BegunAt time.Time `json:"begun_at"`
	EndsAt  time.Time `json:"ends_at"` // first instant too late
	// User and Session are of the person that let the page in, "" as long as there is none.
	User    string `json:"user,omitempty"`
	Session string `json:"session,omitempty"`
}

// ErrNoLoginCode is of a code that was never there, or is no longer.
var ErrNoLoginCode = errors.New("redisstore: no such login code")

// LoginCodes are the codes that pages show to be scanned. Redis forgets them by itself; a page whose code is lost shows another.
//
//	login_code:{CODE}  string: a LoginCode as JSON, until its end
type LoginCodes struct {
	redis redis.UniversalClient
}

// NewLoginCodes keeps codes in client.
func NewLoginCodes(client redis.UniversalClient) *LoginCodes { return &LoginCodes{client} }

func loginCodeKey(code string) string { return "login_code:{" + code + "}" }

// Put keeps a code for a time.
func (s *LoginCodes) Put(ctx context.Context, code string, c LoginCode, life time.Duration) error {
	text, err := json.Marshal(c)
	if err != nil {
		return err
	}
	return s.redis.Set(ctx, loginCodeKey(code), text, life).Err()
}

// Get is a code, ErrNoLoginCode where it is not there.
func (s *LoginCodes) Get(ctx context.Context, code string) (LoginCode, error) {
	c, _, err := s.read(ctx, code)
	return c, err
}

func (s *LoginCodes) read(ctx context.Context, code string) (c LoginCode, text string, err error) {
	text, err = s.redis.Get(ctx, loginCodeKey(code)).Result()
	if errors.Is(err, redis.Nil) {
		return c, "", ErrNoLoginCode
	}
	if err != nil {
		return c, "", err
	}
	return c, text, json.Unmarshal([]byte(text), &c)
}

// replaceCode: KEYS the code, ARGV what it is, what it becomes and for how many ms; 0 is for ever gone.
var replaceCode = redis.NewScript(`
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
if ARGV[3] == '0' then redis.call('DEL', KEYS[1]) else redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3]) end
return 1`)

func (s *LoginCodes) replace(ctx context.Context, code, was, is string, life time.Duration) (bool, error) {
	n, err := replaceCode.Run(ctx, s.redis, []string{loginCodeKey(code)}, was, is, life.Milliseconds()).Int()
	return n == 1, err
}

// LetIn gives a code to the first person that lets its page in, for a time; true again for the same one, false for
// every other.
func (s *LoginCodes) LetIn(ctx context.Context, code, user, session string, life time.Duration) (bool, error) {
	for {
		c, was, err := s.read(ctx, code)
		if err != nil {
			return false, err
		}
		if c.User != "" {
			return c.User == user, nil
		}
		c.User, c.Session = user, session
		is, err := json.Marshal(c)
		if err != nil {
			return false, err
		}
		if won, err := s.replace(ctx, code, was, string(is), life); won || err != nil {
			return won, err
		}
	}
}

// Take takes a code away: of several that take it as it was seen, one does.
func (s *LoginCodes) Take(ctx context.Context, code string, seen LoginCode) (bool, error) {
	was, err := json.Marshal(seen)
	if err != nil {
		return false, err
	}
	return s.replace(ctx, code, string(was), "", 0)
}
