package rest

import (
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"math"
	"net/http"
	"strings"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2/simplelru"
	"golang.org/x/time/rate"

	"mstm/account"
	"mstm/shop"
	"mstm/store/redisstore"
)

// How much one person may ask for, so that a flood costs its sender and not the others. A page
// opens ten requests at once; an address may be a school's, with a hundred people behind it, and
// counts for requests without a login only.
//
// The rate counts commands to the database, which is what a request costs: a cart, which is in
// Redis, costs none, a page of a list one or two, an order twenty.
const (
	personAtOnce = 32 // requests of one class
	listsAtOnce  = 16
	addressTimes = 8  // as many people as an address counts for
	sumEvery     = 30 // commands, after which they are added up in Redis
)

// The budgets of one person, as all instances together count them. Paying has four times as
// much as the rest. A list costs the embedded store the most time a command, and no reader turns
// ten pages of lists a second.
var (
	restBudget   = redisstore.Limit{Name: "commands", Burst: 300, Every: time.Second / 30}
	listsBudget  = redisstore.Limit{Name: "commands:lists", Burst: 150, Every: time.Second / 20}
	payingBudget = redisstore.Limit{Name: "commands:paying", Burst: 1200, Every: time.Second / 120}
)

// PlaybackLimits bound what players fetch, which costs bytes and hardly a command; 0 is no limit. They are apart from
// those of other requests: a player that runs wild does not keep its learner from paying, nor a flood of reads a lesson
// from playing on.
type PlaybackLimits struct {
	PerPerson   int // requests of one person at a time
	PerSecond   int // requests of one person, ten seconds' at once
	PerInstance int // requests of all persons at a time
}

// budget is how much of playback one person may ask for. A request counts for one command at least.
func (l PlaybackLimits) budget() redisstore.Limit {
	return redisstore.Limit{Name: "commands:playback", Burst: 10 * l.PerSecond, Every: time.Second / time.Duration(max(1, l.PerSecond))}
}

// admission counts, in this process, what each person and address has under way. It decides
// without asking any store; what was spent is added up in Redis behind the answer.
type admission struct {
	limits   *redisstore.Limits
	playback PlaybackLimits
	mu       sync.Mutex
	playing  int // requests of the class Playback under way
	seen     *lru.LRU[string, *usage]
	known    *lru.LRU[tokenSum, string] // a token's owner when it was last looked up
	adds     chan struct{}              // places for adding up at the same time
}

// mostUsages is how many people and addresses are kept, about 20 MB; the one that has not asked for longest
// makes room.
const mostUsages = 50_000

// usage is what one person or address has asked for. A page that runs wild must not keep its
// learner from paying, so that is counted apart.
type usage struct {
	running  [classEnd]int
	pays     purse
	plays    purse
	lists    purse
	rest     purse
	refusals *rate.Limiter
}

func (u *usage) purse(c Class) *purse {
	switch c {
	case Paying:
		return &u.pays
	case Playback:
		return &u.plays
	case Lists:
		return &u.lists
	}
	return &u.rest
}

// purse is what may be spent.
type purse struct {
	*rate.Limiter
	who    string
	budget redisstore.Limit
	until  time.Time // nothing till then, because of what the other instances saw
	unsaid int       // commands that Redis does not know of
	said   time.Time
}

func newAdmission(limits *redisstore.Limits, playback PlaybackLimits) *admission {
	seen, err := lru.NewLRU[string, *usage](mostUsages, nil)
	if err != nil {
		panic(err) // only a size below one is refused
	}
	known, err := lru.NewLRU[tokenSum, string](mostUsages, nil)
	if err != nil {
		panic(err)
	}
	return &admission{limits: limits, playback: playback, seen: seen, known: known, adds: make(chan struct{}, 8)}
}

// tokenSum stands for a token. It opens nothing: it names the account of a request before the
// token is looked up, so that a flood does not cost a command for each request.
type tokenSum [sha256.Size]byte

// ownerOf is the owner of the request's token when it was last looked up, "" where that is not
// known.
func (a *admission) ownerOf(r *http.Request) (sum tokenSum, owner string) {
	token, given, err := Bearer(r)
	if err != nil || !given {
		return sum, ""
	}
	sum = sha256.Sum256([]byte(token))
	a.mu.Lock()
	defer a.mu.Unlock()
	owner, _ = a.known.Get(sum)
	return sum, owner
}

// learn notes a token's owner; "": the token is no good.
func (a *admission) learn(sum tokenSum, owner string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if owner == "" {
		a.known.Remove(sum)
	} else {
		a.known.Add(sum, owner)
	}
}

// asker is the person or address that a request counts for. The zero asker counts for none: this
// machine itself, and WeChat with its signed callbacks.
type asker struct {
	name  string
	times int  // as many people as it counts for
	free  bool // of the rate: staff and programs, which people have admitted
}

// askerOf is the person or program with an id on a route, or else the address.
func (s *Server) askerOf(r *http.Request, id string, rt Route) asker {
	switch {
	case rt.Class == Settlement:
		return asker{}
	case id == "" && rt.Class == Playback && s.Player != nil:
		id = s.Player(r)
	}
	if id != "" {
		return asker{name: id, times: 1, free: strings.HasPrefix(id, keyOwner) || rt.Who.isStaff()}
	}
	return s.addressOf(r)
}

func (s *Server) addressOf(r *http.Request) asker {
	addr := account.Neighbourhood(Address(r))
	if addr == "" {
		return asker{}
	}
	return asker{name: "addr:" + addr, times: addressTimes}
}

// begin counts a request in, or refuses it. The caller calls end with the commands that it cost.
func (a *admission) begin(who asker, c Class, now time.Time) (end func(commands int64), err error) {
	if who.name == "" && c != Playback {
		return func(int64) {}, nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if most := a.playback.PerInstance; c == Playback && most > 0 && a.playing >= most {
		return nil, fmt.Errorf("%w: %w", shop.ErrOverloaded, shop.ErrUnavailable)
	}
	if who.name == "" {
		a.playing++
		return func(int64) { a.endNameless() }, nil
	}
	u := a.usage(who)
	if u.running[c] >= a.atOnce(c)*who.times {
		return nil, &shed{shop.TooManyRequests(time.Second), u.refusals}
	}
	if wait := u.purse(c).wait(now); wait > 0 && !who.free {
		return nil, &shed{shop.TooManyRequests(wait), u.refusals}
	}
	u.running[c]++
	if c == Playback {
		a.playing++
	}
	return func(commands int64) { a.end(who, u, c, int(commands)) }, nil
}

// atOnce is how many requests of a class one person may have under way.
func (a *admission) atOnce(c Class) int {
	switch c {
	case Lists:
		return listsAtOnce
	case Playback:
		return cmp.Or(a.playback.PerPerson, math.MaxInt32)
	}
	return personAtOnce
}

func (a *admission) endNameless() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.playing--
}

func (a *admission) usage(who asker) *usage {
	if u, ok := a.seen.Get(who.name); ok {
		return u
	}
	full := func(l redisstore.Limit) purse {
		l.Burst, l.Every = l.Burst*who.times, l.Every/time.Duration(who.times)
		return purse{Limiter: rate.NewLimiter(rate.Every(l.Every), l.Burst), who: who.name, budget: l}
	}
	u := &usage{
		refusals: newRefusals(), pays: full(payingBudget), plays: full(a.playback.budget()), lists: full(listsBudget), rest: full(restBudget),
	}
	a.seen.Add(who.name, u)
	return u
}

// wait is how long to wait for the next request. A budget of nothing is none.
func (p *purse) wait(now time.Time) time.Duration {
	if p.budget.Burst == 0 {
		return 0
	}
	if left := p.TokensAt(now); left < 1 {
		return time.Duration((1 - left) / float64(p.Limit()) * float64(time.Second))
	}
	return p.until.Sub(now)
}

// end counts a request out, and what it cost in.
func (a *admission) end(who asker, u *usage, c Class, commands int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	u.running[c]--
	if c == Playback {
		a.playing--
		commands = max(1, commands)
	}
	if who.free || commands == 0 || c == Playback && a.playback.PerSecond == 0 {
		return
	}
	p, now := u.purse(c), time.Now()
	p.ReserveN(now, min(commands, p.Burst())) // may go below zero
	p.unsaid += commands
	if p.unsaid < sumEvery || now.Sub(p.said) < time.Second {
		return
	}
	select {
	case a.adds <- struct{}{}:
		go a.addUp(p, p.unsaid)
		p.unsaid, p.said = 0, now
	default: // Redis is slow; this instance's own count holds
	}
}

// addUp adds what was spent to the sum in Redis, and learns whether all instances together saw too
// much.
func (a *admission) addUp(p *purse, commands int) {
	defer func() { <-a.adds }()
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	wait := a.limits.Spend(ctx, p.budget, p.who, commands)
	if wait <= 0 {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	p.until = time.Now().Add(wait)
}
