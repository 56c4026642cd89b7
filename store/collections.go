package store

import (
	"sync"

	"mstm/shop"
)

// Users are the accounts, with their usernames in a collection of their own.
type Users struct {
	*base
	bindings *Bindings
	scenes   *Scenes
	tokens   *Tokens
}

// Roles changes what people may do, one change after another.
type Roles struct {
	*base
	audit  *Audit
	tokens *Tokens
	users  *Users
}

// Tokens are the sessions: one row for each user and client.
type Tokens struct {
	*base

	tokens *tokenCache
}

// APIKeys are the keys with which programs use the API.
type APIKeys struct {
	*base
	audit *Audit
	users *Users
}

// Bindings are what learners have of WeChat, and the claims that say whose a WeChat is.
type Bindings struct {
	*base
	trials *Trials
	users  *Users
}

// Followers are what a bound WeChat has told the official account.
type Followers struct {
	*base
	bindings *Bindings
}

// WeChats are the WeChats that log in to accounts.
type WeChats struct {
	*base
	bindings *Bindings
	users    *Users
}

// Scenes are the words that go to WeChat with a learner.
type Scenes struct {
	*base
}

// Categories are the shelves of the catalogue.
type Categories struct {
	*base
}

// Courses are the courses as they are in the database now.
type Courses struct {
	*base
}

// Carts are the learners' carts, in Redis.
type Carts struct {
	*base

	policyTexts policyTexts
}

// Orders are all orders, one document each with its attempts, refunds and history.
type Orders struct {
	*base
	audit   *Audit
	wakeups *Wakeups
}

// IdempotencyKeys are the keys that requests came with.
type IdempotencyKeys struct {
	*base
	orders *Orders
}

// Claims say which open order holds a course for a learner.
type Claims struct {
	*base
}

// Wakeups say when orders are to be looked at.
type Wakeups struct {
	*base
}

// Enrolments are what learners may watch, and until when.
type Enrolments struct {
	*base
	trials *Trials
}

// AccessEnds say when to look at accesses that end by themselves.
type AccessEnds struct {
	*base
}

// Trials are the free stages that people have used.
type Trials struct {
	*base
	bindings *Bindings

	trialNeeds shop.TrialNeeds // what an account needs for a free stage; "": nothing
}

// Progress is how far learners have come.
type Progress struct {
	*base
}

// UnmatchedPayments are genuine payments that fit no order.
type UnmatchedPayments struct {
	*base
}

// Reconciliations are the days' comparisons with WeChat's bills.
type Reconciliations struct {
	*base
}

// Notices are the inboxes.
type Notices struct {
	*base
}

// NoticeTemplates are the wordings that staff have given notices.
type NoticeTemplates struct {
	*base
	audit *Audit

	templates *kept[map[string]shop.NoticeTemplate]
}

// Broadcasts are marketing's.
type Broadcasts struct {
	*base
	audiences *Audiences

	posted *kept[[]shop.Broadcast]
}

// Audiences are whom broadcasts go to.
type Audiences struct {
	*base
	catalogue *CatalogueCache
}

// Readers are how far users have read the broadcasts in every inbox.
type Readers struct {
	*base
}

// Deliveries are the WeChat messages and their state.
type Deliveries struct {
	*base
}

// UnsentNews is what open pages have not been shown yet.
type UnsentNews struct {
	*base
}

// Audit is what people did, append only.
type Audit struct {
	*base
}

// Settings are small things that the shop remembers about itself.
type Settings struct {
	*base

	secrets sync.Map // of Secret, by name
}

// Proofs are the proofs of work that were used.
type Proofs struct {
	*base
}

// Limits count acts, in Redis.
type Limits struct {
	*base

	limits *limiter
}

// Places are the addresses that users have logged in from, in Redis.
type Places struct {
	*base
}

// wire makes them all and makes them known to one another.
func (db *DB) wire(trialNeeds shop.TrialNeeds) {
	b := db.base
	db.Users = &Users{base: b}
	db.Roles = &Roles{base: b}
	db.Tokens = &Tokens{base: b, tokens: newTokenCache(b.bus)}
	db.APIKeys = &APIKeys{base: b}
	db.Bindings = &Bindings{base: b}
	db.Followers = &Followers{base: b}
	db.WeChats = &WeChats{base: b}
	db.Scenes = &Scenes{base: b}
	db.Categories = &Categories{base: b}
	db.Courses = &Courses{base: b}
	db.Catalogue = newCatalogueCache(b, db.Categories)
	db.Carts = &Carts{base: b}
	db.Orders = &Orders{base: b}
	db.IdempotencyKeys = &IdempotencyKeys{base: b}
	db.Claims = &Claims{base: b}
	db.Wakeups = &Wakeups{base: b}
	db.Enrolments = &Enrolments{base: b}
	db.AccessEnds = &AccessEnds{base: b}
	db.Trials = &Trials{base: b, trialNeeds: trialNeeds}
	db.Progress = &Progress{base: b}
	db.UnmatchedPayments = &UnmatchedPayments{base: b}
	db.Reconciliations = &Reconciliations{base: b}
	db.Notices = &Notices{base: b}
	db.NoticeTemplates = &NoticeTemplates{base: b, templates: newKept[map[string]shop.NoticeTemplate](b.bus, changeTemplates, templatesAge)}
	db.Broadcasts = &Broadcasts{base: b, posted: newKept[[]shop.Broadcast](b.bus, changePosted, postedAge)}
	db.Audiences = &Audiences{base: b}
	db.Readers = &Readers{base: b}
	db.Deliveries = &Deliveries{base: b}
	db.Unsent = &UnsentNews{base: b}
	db.Audit = &Audit{base: b}
	db.Settings = &Settings{base: b}
	db.Proofs = &Proofs{base: b}
	db.Limits = &Limits{base: b, limits: newLimiter(b.redis)}
	db.Places = &Places{base: b}
	db.SharedCache = &SharedCache{b.redis}
	db.Users.bindings = db.Bindings
	db.Users.scenes = db.Scenes
	db.Users.tokens = db.Tokens
	db.Roles.audit = db.Audit
	db.Roles.tokens = db.Tokens
	db.Roles.users = db.Users
	db.APIKeys.audit = db.Audit
	db.APIKeys.users = db.Users
	db.Bindings.trials = db.Trials
	db.Bindings.users = db.Users
	db.Followers.bindings = db.Bindings
	db.WeChats.bindings = db.Bindings
	db.WeChats.users = db.Users
	db.Orders.audit = db.Audit
	db.Orders.wakeups = db.Wakeups
	db.IdempotencyKeys.orders = db.Orders
	db.Enrolments.trials = db.Trials
	db.Trials.bindings = db.Bindings
	db.NoticeTemplates.audit = db.Audit
	db.Broadcasts.audiences = db.Audiences
	db.Audiences.catalogue = db.Catalogue
}
