package store

import (
	"context"
	"fmt"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"mstm/shop/papers"
)

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
