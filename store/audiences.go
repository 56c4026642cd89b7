package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"mstm/shop"
)

// listChunk is a part of a listed audience.
type listChunk struct {
	ID      string   `bson:"_id"` // list:number
	UserIDs []string `bson:"user_ids"`
}

const listChunkSize = 5000

func listChunkID(list string, n int) string { return fmt.Sprintf("%s:%05d", list, n) }

// Audiences are the recipients of broadcasts.
type Audiences struct {
	*base
	docs       Collection[listChunk]
	users      *Users
	enrolments *Enrolments
	catalogue  *CatalogueCache
}

func newAudiences(b *base) *Audiences {
	return &Audiences{base: b, docs: newCollection[listChunk](b, "audiences")}
}

// PutList keeps a list of users under an id. Each id has one list: putting it again, as
// after a crash, changes nothing.
func (s *Audiences) PutList(ctx context.Context, list string, userIDs []string) error {
	ids := slices.Compact(slices.Sorted(slices.Values(userIDs)))
	for n := 0; ; n++ {
		part := ids[:min(len(ids), listChunkSize)]
		ids = ids[len(part):]
		if _, err := s.docs.Insert(ctx, &listChunk{listChunkID(list, n), part}); err != nil {
			return fmt.Errorf("list an audience: %w", err)
		}
		if len(part) < listChunkSize {
			return nil // the last chunk is the one that is not full
		}
	}
}

// eachListed calls each with the users of a list after the given one, in order.
func (s *Audiences) eachListed(ctx context.Context, list, after string, each func(userID string) error) error {
	for n := 0; ; n++ {
		part, err := s.docs.Get(ctx, listChunkID(list, n))
		if err != nil {
			return fmt.Errorf("list an audience: %w", err)
		}
		for _, id := range part.UserIDs {
			if id <= after {
				continue
			}
			if err := each(id); err != nil {
				return err
			}
		}
		if len(part.UserIDs) < listChunkSize {
			return nil
		}
	}
}

// Each calls each with the users of an audience as it is at now, each once, those after the given
// one only, so that a sender goes on where another stopped. Accounts that are gone may be among
// them (Recipients). list is where a listed audience is kept.
func (s *Audiences) Each(ctx context.Context, a shop.Audience, list, after string, now time.Time, each func(userID string) error) error {
	if a.Listed() {
		return s.eachListed(ctx, list, after, each)
	}
	byID := options.Find().SetSort(bson.D{{Key: "_id", Value: 1}})
	if a.Kind == shop.AudienceAll {
		byID.SetProjection(bson.M{"_id": 1})
		return s.users.docs.Each(ctx, bson.M{"_id": bson.M{"$gt": after}}, func(u *shop.User) error { return each(u.ID) }, byID)
	}
	filter, inCategory, err := s.enrolledIn(ctx, a)
	if err != nil {
		return err
	}
	if after != "" {
		filter["_id"] = bson.M{"$gt": after + ";"} // the byte after the colon of user:course
	}
	// A learner's enrolments stand side by side, because their ids begin alike.
	last := ""
	return s.enrolments.docs.Each(ctx, filter, func(e *shop.Enrolment) error {
		if e.UserID == last || !a.Enrolled(e, inCategory, now) {
			return nil
		}
		last = e.UserID
		return each(e.UserID)
	}, byID)
}

// enrolledIn is a filter of the enrolments that may count for an audience, and which courses
// are in its category.
func (s *Audiences) enrolledIn(ctx context.Context, a shop.Audience) (bson.M, func(string) bool, error) {
	if a.CourseID != "" {
		return bson.M{"course_id": a.CourseID}, nil, nil
	}
	if a.Kind != shop.AudienceCategory {
		return bson.M{}, nil, nil
	}
	all, err := s.catalogue.Get(ctx)
	if err != nil {
		return nil, nil, err
	}
	ids := []string{}
	for _, c := range all.Courses() {
		if c.CategoryID == a.CategoryID {
			ids = append(ids, c.ID)
		}
	}
	in := func(courseID string) bool { return slices.Contains(ids, courseID) }
	return bson.M{"course_id": bson.M{"$in": ids}}, in, nil
}
