package sandbox

import (
	"time"

	"go.etcd.io/bbolt"
)

// mpToken is the account's access token and the one before, and what was asked for so far.
type mpToken struct {
	Text     string        `json:"text"`
	Ends     time.Time     `json:"ends"`
	Previous string        `json:"previous,omitempty"`
	PrevEnds time.Time     `json:"previous_ends,omitzero"`
	Life     time.Duration `json:"life,omitempty"` // of the next one; 0: two hours

	Asked     int       `json:"asked"`     // calls
	Refreshes int       `json:"refreshes"` // new ones given out
	ForcedAt  time.Time `json:"forced_at,omitzero"`
	Forced    int       `json:"forced"` // on ForcedAt's day
}

// A token's life, and how often a day a new one can be forced.
const (
	tokenLife   = 2 * time.Hour
	forcesADay  = 20
	forcesApart = 30 * time.Second
)

const metaToken = "mp_token"

func (t *mpToken) life() time.Duration {
	if t.Life > 0 {
		return t.Life
	}
	return tokenLife
}

// grace is the end of a token's life, in which a new one is given out and both are good: five
// minutes of two hours, and less of a shorter one.
func (t *mpToken) grace() time.Duration {
	return min(5*time.Minute, max(time.Second, t.life()/8))
}

// changeToken lets change work on the token in one transaction.
func (s *official) changeToken(change func(*mpToken) error) (t *mpToken, err error) {
	err = s.db.Update(func(tx *bbolt.Tx) (err error) {
		if t, err = get[mpToken](tx, bucketMeta, metaToken); err != nil {
			return err
		}
		if t == nil {
			t = &mpToken{}
		}
		if err := change(t); err != nil {
			return err
		}
		return put(tx, bucketMeta, metaToken, t)
	})
	return t, err
}

// stableToken answers POST /cgi-bin/stable_token: the same token until the end of its life.
func (s *official) stableToken(r *request) (any, error) {
	var in struct {
		GrantType string `json:"grant_type"`
		AppID     string `json:"appid"`
		Secret    string `json:"secret"`
		Force     bool   `json:"force_refresh"`
	}
	if err := decodeAccount(r, &in); err != nil {
		return nil, err
	}
	switch {
	case in.GrantType != "client_credential":
		return nil, &errcode{40002, "invalid grant_type"}
	case in.AppID != s.keys.id.AppID:
		return nil, &errcode{40013, "invalid appid"}
	case in.Secret != s.keys.id.AppSecret:
		return nil, &errcode{40125, "invalid appsecret"}
	}
	now := s.now()
	t, err := s.changeToken(func(t *mpToken) error { return t.ask(in.Force, now) })
	if err != nil {
		return nil, err
	}
	return map[string]any{"access_token": t.Text, "expires_in": int64(t.Ends.Sub(now) / time.Second)}, nil
}

// ask gives out the token, a new one where it is time or where that is forced.
func (t *mpToken) ask(force bool, now time.Time) error {
	t.Asked++
	left := t.Ends.Sub(now)
	switch {
	case !force && t.Text != "" && left > t.grace() && left <= max(t.life(), tokenLife):
		return nil
	case force && now.Sub(t.ForcedAt).Abs() < forcesApart:
		return &errcode{45011, "api minute-quota reach limit, must slower, retry next minute"}
	case force && day(now) == day(t.ForcedAt) && t.Forced >= forcesADay:
		return &errcode{45009, "reach max api daily quota limit"}
	case force:
		if day(now) != day(t.ForcedAt) {
			t.Forced = 0
		}
		t.Previous, t.ForcedAt, t.Forced = "", now, t.Forced+1
	default:
		t.Previous, t.PrevEnds = t.Text, now.Add(t.grace())
	}
	t.Text, t.Ends, t.Refreshes = randomHex(32), now.Add(t.life()), t.Refreshes+1
	return nil
}

// day is the calendar day by which WeChat counts.
func day(t time.Time) string { return t.In(beijing).Format(time.DateOnly) }

// expireToken answers POST /sandbox/access-token/expire: what was given out is good no more.
func (s *official) expireToken(*request) (any, error) {
	_, err := s.changeToken(func(t *mpToken) error {
		t.Text, t.Previous = "", ""
		return nil
	})
	return struct{}{}, err
}

// tokenFace is what the control API shows of the token.
type tokenFace struct {
	LifeS     int64 `json:"life_s"`
	Asked     int   `json:"asked"`     // calls of stable_token
	Refreshes int   `json:"refreshes"` // tokens given out
	Forced    int   `json:"forced"`    // of them forced, on the last day that any was
}

func (t *mpToken) face() tokenFace {
	return tokenFace{int64(t.life() / time.Second), t.Asked, t.Refreshes, t.Forced}
}

// showToken answers GET /sandbox/access-token.
func (s *official) showToken(*request) (any, error) {
	t, err := s.changeToken(func(*mpToken) error { return nil })
	if err != nil {
		return nil, err
	}
	return t.face(), nil
}

// setTokenLife answers PUT /sandbox/access-token `{life_s}`: for tokens from now on, the present
// one being good no more. 0 is WeChat's own two hours.
func (s *official) setTokenLife(r *request) (any, error) {
	var in struct {
		LifeS int64 `json:"life_s"`
	}
	if err := r.decode(&in); err != nil {
		return nil, err
	}
	if in.LifeS < 0 || in.LifeS > 86400 {
		return nil, paramError("life_s", "0 to 86400")
	}
	t, err := s.changeToken(func(t *mpToken) error {
		t.Life, t.Text, t.Previous = time.Duration(in.LifeS)*time.Second, "", ""
		return nil
	})
	if err != nil {
		return nil, err
	}
	return t.face(), nil
}

// withToken asks for the access token before anything else.
func (s *official) withToken(do endpoint) endpoint {
	return func(r *request) (any, error) {
		given := r.URL.Query().Get("access_token")
		if given == "" {
			return nil, &errcode{41001, "access_token missing"}
		}
		var t *mpToken
		err := s.db.View(func(tx *bbolt.Tx) (err error) {
			t, err = get[mpToken](tx, bucketMeta, metaToken)
			return err
		})
		switch now := s.now(); {
		case err != nil:
			return nil, err
		case t == nil || given != t.Text && given != t.Previous:
			return nil, &errcode{40001, "invalid credential, access_token is invalid or not latest"}
		case given == t.Text && !now.Before(t.Ends), given == t.Previous && !now.Before(t.PrevEnds):
			return nil, &errcode{42001, "access_token expired"}
		}
		return do(r)
	}
}
