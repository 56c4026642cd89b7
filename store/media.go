package store

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"mstm/shop"
)

// Media are the files, from the first byte of their uploads on.
type Media struct {
	*base
	docs    Collection[shop.Media]
	courses *Courses
	texts   *LessonTexts
	front   *Front
}

func newMedia(b *base, courses *Courses, texts *LessonTexts) *Media {
	docs := newCollection[shop.Media](b, "media")
	docs.missing = shop.ErrMediaNotFound
	docs.version = func(d *shop.Media) *int64 { return &d.V }
	return &Media{base: b, docs: docs, courses: courses, texts: texts}
}

// Insert adds a file at the beginning of its upload.
func (s *Media) Insert(ctx context.Context, m *shop.Media) error {
	_, err := s.docs.Insert(ctx, m)
	return failed("insert media "+m.ID, err)
}

// Get reads a file; shop.ErrMediaNotFound where there is none.
func (s *Media) Get(ctx context.Context, id string) (*shop.Media, error) {
	m, err := s.docs.Get(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("media %s: %w", id, err)
	}
	return m, nil
}

// Change reads a file, lets change work on it and writes it back; see Collection.Change.
func (s *Media) Change(ctx context.Context, id string, change func(*shop.Media) error) (*shop.Media, error) {
	m, err := s.docs.Change(ctx, id, func(m *shop.Media) error {
		m.UpdatedAt = s.now().UTC()
		return change(m)
	})
	if err != nil {
		return nil, err
	}
	return m, nil
}

// Delete removes the row of a file as it was read, and reports whether it did.
func (s *Media) Delete(ctx context.Context, m *shop.Media) (bool, error) {
	done, err := s.docs.Delete(ctx, bson.M{"_id": m.ID, "v": m.V})
	return done, failed("delete media", err)
}

// Page lists files newest first, those of a kind where one is named.
func (s *Media) Page(ctx context.Context, kind shop.MediaKind, limit int, cursor string) ([]shop.Media, string, error) {
	filter := bson.M{}
	if kind != "" {
		filter["kind"] = kind
	}
	return s.docs.Page(ctx, filter, limit, cursor, func(m shop.Media) (any, string) { return m.CreatedAt, m.ID })
}

// failedJobs are the videos that could not be made to be watched.
var failedJobs = bson.M{"job.kind": shop.JobTranscode, "job.state": shop.JobFailed}

// PageFailed lists videos whose transcoding has failed, newest first.
func (s *Media) PageFailed(ctx context.Context, limit int, cursor string) ([]shop.Media, string, error) {
	return s.docs.Page(ctx, maps.Clone(failedJobs), limit, cursor, func(m shop.Media) (any, string) { return m.CreatedAt, m.ID })
}

// CountFailed counts videos whose transcoding has failed.
func (s *Media) CountFailed(ctx context.Context) (int64, error) { return s.docs.Count(ctx, failedJobs) }

// JobsDue lists files whose job of the kind waits for an instance, longest overdue first.
func (s *Media) JobsDue(ctx context.Context, kind shop.MediaJobKind, now time.Time, limit int) ([]shop.Media, error) {
	return s.docs.All(ctx, bson.M{"job.kind": kind, "job.at": bson.M{"$lte": now.UTC()}},
		options.Find().SetSort(bson.D{{Key: "job.at", Value: 1}}).SetLimit(int64(limit)))
}

// Jobs counts the jobs of files by state.
func (s *Media) Jobs(ctx context.Context) (map[shop.MediaJobState]int64, error) {
	kinds := []shop.MediaJobKind{shop.JobCheck, shop.JobTranscode}
	return countBy[shop.MediaJobState](ctx, s.docs.raw(), bson.M{"job.kind": bson.M{"$in": kinds}}, "job.state")
}

// Each calls each with every file, in no order.
func (s *Media) Each(ctx context.Context, each func(*shop.Media) error) error {
	return s.docs.Each(ctx, bson.M{}, each)
}

// Used is how many bytes all files take, with those that are announced; refused ones take none. MongoDB sums them up in
// an index and sends one number.
func (s *Media) Used(ctx context.Context) (bytes int64, err error) {
	return sumAll(ctx, s.docs.raw(), bson.M{"state": bson.M{"$ne": shop.MediaRefused}}, "size")
}

// Unfinished counts the uploads that a person has under way.
func (s *Media) Unfinished(ctx context.Context, by string) (int64, error) {
	return s.docs.Count(ctx, bson.M{"state": shop.MediaUploading, "by": by})
}

// InUse reads all courses, the texts of their lessons and the front page as they are now, and reports of a file
// whether one of them names it.
func (s *Media) InUse(ctx context.Context) (func(id string) bool, error) {
	courses, err := s.courses.docs.All(ctx, bson.M{})
	if err != nil {
		return nil, err
	}
	lessons := map[string]bool{}
	for i := range courses {
		for _, id := range courses[i].LessonIDs() {
			lessons[LessonTextID(courses[i].ID, id)] = true
		}
	}
	shown, err := s.texts.InUse(ctx, func(courseID, lessonID string) bool { return lessons[LessonTextID(courseID, lessonID)] })
	if err != nil {
		return nil, err
	}
	page, err := s.front.Read(ctx)
	if err != nil {
		return nil, err
	}
	pictures := page.Pictures()
	return func(id string) bool {
		return shown(id) || slices.Contains(pictures, id) || slices.ContainsFunc(courses, func(c shop.Course) bool { return c.UsesMedia(id) })
	}, nil
}

// UsedBy lists the courses that use a file now, in their outline or in the texts of their lessons.
func (s *Media) UsedBy(ctx context.Context, id string) ([]shop.Course, error) {
	courses, err := s.courses.docs.All(ctx, bson.M{})
	if err != nil {
		return nil, err
	}
	shown := map[string]bool{}
	err = s.texts.docs.Each(ctx, bson.M{"media": id}, func(t *LessonText) error {
		shown[t.ID] = true
		return nil
	})
	return slices.DeleteFunc(courses, func(c shop.Course) bool {
		return !c.UsesMedia(id) && !slices.ContainsFunc(c.LessonIDs(), func(lesson string) bool { return shown[LessonTextID(c.ID, lesson)] })
	}), err
}

// OnFrontPage reports whether a banner of the front page uses a file now.
func (s *Media) OnFrontPage(ctx context.Context, id string) (bool, error) {
	page, err := s.front.Read(ctx)
	return err == nil && slices.Contains(page.Pictures(), id), err
}

// PlayingRow is where an account plays lessons now, a row a person.
type PlayingRow struct {
	ID      string          `bson:"_id"` // the user
	Devices []PlayingDevice `bson:"devices"`
	V       int64           `bson:"v"`
}

// PlayingDevice is one session that plays.
type PlayingDevice struct {
	Session string    `bson:"session"`
	Client  string    `bson:"client"`
	Since   time.Time `bson:"since"`
	SeenAt  time.Time `bson:"seen_at"`
}

// Playing are the devices on which accounts play lessons now.
type Playing struct {
	docs Collection[PlayingRow]
}

func newPlaying(b *base) *Playing {
	docs := newCollection[PlayingRow](b, "playing")
	docs.version = func(d *PlayingRow) *int64 { return &d.V }
	docs.blank = func(id string) *PlayingRow { return &PlayingRow{ID: id} }
	return &Playing{docs: docs}
}

// Change lets change work on where the user plays; see Collection.Change.
func (s *Playing) Change(ctx context.Context, userID string, change func(*PlayingRow) error) (*PlayingRow, error) {
	return s.docs.Change(ctx, userID, change)
}

// Count is how many accounts have played since a time.
func (s *Playing) Count(ctx context.Context, since time.Time) (int64, error) {
	return s.docs.Count(ctx, bson.M{"devices.seen_at": bson.M{"$gte": since.UTC()}})
}

// Clients are those on which the user plays lessons, or did so of late.
func (s *Playing) Clients(ctx context.Context, userID string) (clients []string, err error) {
	row, err := s.docs.Get(ctx, userID)
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	for _, d := range row.Devices {
		if !slices.Contains(clients, d.Client) {
			clients = append(clients, d.Client)
		}
	}
	return clients, nil
}
