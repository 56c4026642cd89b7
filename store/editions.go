package store

import (
	"context"
	"fmt"
	"strconv"
	"sync/atomic"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"mstm/shop"
	"mstm/shop/front"
	"mstm/shop/papers"
)

const editionAge = 5 * time.Second // how late an edit may be that the bus could not announce

// editionRow is one edition of a T. Its id is the edition's number, so that of two edits of one edition the insert
// decides; no row is changed or deleted, so that the words that a learner agreed to can be read.
type editionRow[T any] struct {
	ID string `bson:"_id"`
	Of T      `bson:",inline"`
}

// edited is what an edition says of itself.
type edited[T any] interface {
	*T
	Edition() (v int64, by string, at time.Time)
	Changes(before *T) map[string]string
}

// editions are what the shop shows of itself, as staff have written it one edition after another.
type editions[T any, P edited[T]] struct {
	*base
	docs  Collection[editionRow[T]]
	audit *Audit

	name    string    // in the audit
	change  string    // on the bus
	initial func() *T // before the first edit

	current *cached[*T]
	last    atomic.Pointer[T] // the newest that was read
}

func newEditions[T any, P edited[T]](b *base, collection, name, change string, initial func() *T) *editions[T, P] {
	s := &editions[T, P]{base: b, docs: newCollection[editionRow[T]](b, collection), name: name, change: change, initial: initial}
	s.current = newCached[*T](b.bus, change, editionAge)
	return s
}

// Current is the edition of now, from memory unless it has changed: the same pointer for as long as it is the same
// edition. While the database is away it is the last that was read. The caller must not change it.
func (s *editions[T, P]) Current(ctx context.Context) (*T, error) {
	now, err := s.current.get(ctx, s.Read)
	last := s.last.Load()
	if err != nil {
		if last != nil {
			return last, nil
		}
		return nil, err
	}
	if last != nil && number(P(last)) == number(P(now)) {
		return last, nil
	}
	s.last.Store(now)
	return now, nil
}

func number[T any, P edited[T]](p P) int64 {
	v, _, _ := p.Edition()
	return v
}

// Read reads it as it is in the database now, for editing; what the program brings before the first edit.
func (s *editions[T, P]) Read(ctx context.Context) (*T, error) {
	return s.first(ctx, bson.M{}, -1)
}

// first is the first edition by its number (order 1) or the last (-1) of those that match; the program's own where
// there is none.
func (s *editions[T, P]) first(ctx context.Context, filter bson.M, order int) (*T, error) {
	rows, err := s.docs.All(ctx, filter, options.Find().SetSort(bson.D{{Key: "v", Value: order}}).SetLimit(1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.name, err)
	}
	if len(rows) == 0 {
		return s.initial(), nil
	}
	return &rows[0].Of, nil
}

// Put adds next as the edition after last, and puts it into the audit; shop.ErrEditConflict where another edit was
// first. The audit has every edit, also when the process dies before it writes there: the row holds the whole edition,
// and the next edit writes this one's audit row first.
func (s *editions[T, P]) Put(ctx context.Context, last, next *T) error {
	if number(P(last)) > 0 {
		if err := s.recordAgain(ctx, last); err != nil {
			return err
		}
	}
	v := number(P(next))
	won, err := s.docs.Insert(ctx, &editionRow[T]{ID: strconv.FormatInt(v, 10), Of: *next})
	if err != nil {
		return fmt.Errorf("%s: %w", s.name, err)
	}
	if !won {
		return shop.ErrEditConflict
	}
	s.changed(ctx, s.change, "")
	if err := s.record(ctx, last, next); err != nil {
		s.log.WarnContext(ctx, "audit is behind", s.name, v, "err", err)
	}
	return nil
}

// recordAgain writes the audit row of an edition that may be without one.
func (s *editions[T, P]) recordAgain(ctx context.Context, p *T) error {
	before, err := s.first(ctx, bson.M{"v": number(P(p)) - 1}, 1)
	if err != nil {
		return err
	}
	return s.record(ctx, before, p)
}

func (s *editions[T, P]) record(ctx context.Context, before, p *T) error {
	v, by, at := P(p).Edition()
	if by == "" {
		return nil // the program's own
	}
	return s.audit.add(ctx, AuditRow{
		ID: fmt.Sprintf("%s:%d", s.name, v), Object: s.name, Act: "edit", By: by, At: at, Data: P(p).Changes(before),
	})
}

// Papers are the editions of what the shop says of itself.
type Papers struct {
	*editions[papers.Papers, *papers.Papers]
}

func newPapers(b *base) *Papers {
	return &Papers{newEditions[papers.Papers](b, "shop_papers", "papers", changePapers, papers.Default)}
}

// Version is the edition that brought a version of a text; ErrNotFound where there is none.
func (s *Papers) Version(ctx context.Context, k papers.Kind, version int) (*papers.Papers, error) {
	own := papers.Default()
	if version == own.Text(k).Version {
		return own, nil
	}
	p, err := s.first(ctx, bson.M{string(k) + ".version": version}, 1)
	if err == nil && p.Text(k).Version != version {
		return nil, ErrNotFound
	}
	return p, err
}

// Front are the editions of the front page.
type Front struct {
	*editions[front.Front, *front.Front]
}

func newFront(b *base) *Front {
	return &Front{newEditions[front.Front](b, "front_pages", "front", changeFront, func() *front.Front { return &front.Front{} })}
}

// Agreement is what a person agreed to: an edition of a text, when, and at what occasion. Its id is person, paper and version, so
// that agreeing twice is one row with the first time. No row is changed; all of a person go with the account.
type Agreement struct {
	ID      string      `bson:"_id"`
	UserID  string      `bson:"user_id"`
	Paper   papers.Kind `bson:"paper"`
	Version int         `bson:"version"`
	At      time.Time   `bson:"at"`
	How     string      `bson:"how"` // register, phone, wechat: by a login that way; asked: by the page that asks
}

// Edition is the text that was agreed to.
func (c *Agreement) Edition() papers.Edition {
	return papers.Edition{Paper: c.Paper, Version: c.Version}
}

func agreementID(userID string, e papers.Edition) string {
	return fmt.Sprintf("%s:%s:%d", userID, e.Paper, e.Version)
}

// Agreements are what people agreed to, append only.
type Agreements struct {
	docs Collection[Agreement]
}

func newAgreements(b *base) *Agreements {
	return &Agreements{docs: newCollection[Agreement](b, "agreements")}
}

// Add writes down that a person has agreed to editions; one that is there already stays as it is.
func (s *Agreements) Add(ctx context.Context, userID string, given []papers.Edition, how string, at time.Time) error {
	for _, e := range given {
		row := Agreement{ID: agreementID(userID, e), UserID: userID, Paper: e.Paper, Version: e.Version, At: at.UTC(), How: how}
		if _, err := s.docs.Insert(ctx, &row); err != nil {
			return err
		}
	}
	return nil
}

// Given are those of the editions that a person has agreed to.
func (s *Agreements) Given(ctx context.Context, userID string, editions []papers.Edition) (given []papers.Edition, err error) {
	ids := make([]string, len(editions))
	for i, e := range editions {
		ids[i] = agreementID(userID, e)
	}
	rows, err := s.docs.ByIDs(ctx, ids)
	for i := range rows {
		given = append(given, rows[i].Edition())
	}
	return given, err
}

// Of are all consents of a person, the oldest first.
func (s *Agreements) Of(ctx context.Context, userID string) ([]Agreement, error) {
	return s.docs.All(ctx, bson.M{"user_id": userID}, options.Find().SetSort(bson.D{{Key: "at", Value: 1}, {Key: "_id", Value: 1}}))
}

// DeleteOf removes all consents of a person.
func (s *Agreements) DeleteOf(ctx context.Context, userID string) error {
	all, err := s.Of(ctx, userID)
	for i := range all {
		if err == nil {
			_, err = s.docs.DeleteByID(ctx, all[i].ID)
		}
	}
	return err
}
