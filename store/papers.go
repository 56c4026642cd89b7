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
	"mstm/shop/papers"
)

const papersAge = 5 * time.Second // how late an edit may be that the bus could not announce

// paperRow is an edition of the papers. Its id is the edition's number, so that of two edits of one edition the insert
// decides; no row is changed or deleted, so that the words that a learner agreed to can be read.
type paperRow struct {
	ID            string `bson:"_id"`
	papers.Papers `bson:",inline"`
}

// Papers are the editions of what the shop says of itself.
type Papers struct {
	*base
	docs  Collection[paperRow]
	audit *Audit

	current *cached[*papers.Papers]
	last    atomic.Pointer[papers.Papers] // what is shown while the database is away
}

func newPapers(b *base) *Papers {
	s := &Papers{base: b, docs: newCollection[paperRow](b, "shop_papers")}
	s.current = newCached[*papers.Papers](b.bus, changePapers, papersAge)
	return s
}

// Current are the papers of now, from memory unless they have changed. While the database is away they are the last
// that were read. The caller must not change them.
func (s *Papers) Current(ctx context.Context) (*papers.Papers, error) {
	p, err := s.current.get(ctx, s.Read)
	if err != nil {
		if last := s.last.Load(); last != nil {
			return last, nil
		}
		return nil, err
	}
	s.last.Store(p)
	return p, nil
}

// Read reads them as they are in the database now, for editing; papers.Default before the first edit.
func (s *Papers) Read(ctx context.Context) (*papers.Papers, error) {
	return s.first(ctx, bson.M{}, -1)
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

// first is the first edition by its number (order 1) or the last (-1) of those that match; papers.Default where there
// is none.
func (s *Papers) first(ctx context.Context, filter bson.M, order int) (*papers.Papers, error) {
	rows, err := s.docs.All(ctx, filter, options.Find().SetSort(bson.D{{Key: "v", Value: order}}).SetLimit(1))
	if err != nil {
		return nil, fmt.Errorf("papers: %w", err)
	}
	if len(rows) == 0 {
		return papers.Default(), nil
	}
	return &rows[0].Papers, nil
}

// Put adds next as the edition after last, and puts it into the audit; shop.ErrEditConflict where another edit was
// first. The audit has every edit, also when the process dies before it writes there: the row holds the whole edition,
// and the next edit writes this one's audit row first.
func (s *Papers) Put(ctx context.Context, last, next *papers.Papers) error {
	if last.V > 0 {
		if err := s.recordAgain(ctx, last); err != nil {
			return err
		}
	}
	won, err := s.docs.Insert(ctx, &paperRow{ID: strconv.FormatInt(next.V, 10), Papers: *next})
	if err != nil {
		return fmt.Errorf("papers: %w", err)
	}
	if !won {
		return shop.ErrEditConflict
	}
	s.changed(ctx, changePapers, "")
	if err := s.record(ctx, last, next); err != nil {
		s.log.WarnContext(ctx, "audit is behind", "papers", next.V, "err", err)
	}
	return nil
}

// recordAgain writes the audit row of an edition that may be without one.
func (s *Papers) recordAgain(ctx context.Context, p *papers.Papers) error {
	before, err := s.first(ctx, bson.M{"v": p.V - 1}, 1)
	if err != nil {
		return err
	}
	return s.record(ctx, before, p)
}

func (s *Papers) record(ctx context.Context, before, p *papers.Papers) error {
	return s.audit.add(ctx, AuditRow{
		ID: fmt.Sprintf("papers:%d", p.V), Object: "papers", Act: "edit", By: p.By, At: p.At, Data: p.Changes(before),
	})
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
