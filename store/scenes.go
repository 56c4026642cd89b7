package store

import (
	"context"
	"crypto/subtle"
	"errors"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"mstm/shop"
)

// ScenePurpose is what a scene is for.
type ScenePurpose string

// A code to be scanned that binds a WeChat, a page inside WeChat that authorises, the question whether a WeChat that wants
// to log in is the account's owner's, and the question for the consent of a WeChat without an account.
const (
	SceneBind    ScenePurpose = "bind"
	SceneOAuth   ScenePurpose = "oauth"
	SceneLogin   ScenePurpose = "login"
	SceneConsent ScenePurpose = "consent"
)

// Scene is a word, random and good once, that goes to WeChat with a learner and comes back
// with a WeChat. A learner has one for each purpose; a new one ends the old one, so there
// is never more to keep than one row for each.
type Scene struct {
	ID     string `bson:"_id"` // user:purpose
	UserID string `bson:"user_id"`
	Word   string `bson:"word"` // what goes to WeChat: letters and digits, 64 at most
	// Ticket, URL and ImageURL are the code that carries the word.
	Ticket    string    `bson:"ticket,omitempty"`
	URL       string    `bson:"url,omitempty"`
	ImageURL  string    `bson:"image_url,omitempty"`
	Return    string    `bson:"return,omitempty"` // page to go back to
	ExpiresAt time.Time `bson:"expires_at"`       // first instant too late
	Openid    string    `bson:"openid"`           // of the WeChat that came back with it first; "" is none yet
}

func sceneID(userID string, p ScenePurpose) string { return userID + ":" + string(p) }

// secretLength is that of the random part of a word, which is an id of ours.
const secretLength = 26

// NewWord makes a word for a learner.
func NewWord(userID string) string { return newID() + userID }

// Scenes are the words that go to WeChat with a learner.
type Scenes struct {
	*base
	docs Collection[Scene]
}

func newScenes(b *base) *Scenes {
	docs := newCollection[Scene](b, "scenes")
	docs.missing = shop.ErrWeChatLink
	return &Scenes{base: b, docs: docs}
}

// Put keeps a learner's scene in place of the one before.
func (s *Scenes) Put(ctx context.Context, p ScenePurpose, sc Scene) error {
	sc.ID, sc.ExpiresAt = sceneID(sc.UserID, p), sc.ExpiresAt.UTC()
	return s.docs.Put(ctx, sc.ID, &sc)
}

// PutAfter is Put where the learner's scene is still the one seen before, nil for none:
// of several that begin one at once, one does. The answer is the scene in force.
func (s *Scenes) PutAfter(ctx context.Context, p ScenePurpose, seen *Scene, sc Scene) (inForce *Scene, err error) {
	sc.ID, sc.ExpiresAt = sceneID(sc.UserID, p), sc.ExpiresAt.UTC()
	err = untilDone("put scene", func() (bool, error) {
		inForce = &sc
		if won, err := s.putAfter(ctx, seen, sc); won || err != nil {
			return won, err
		}
		inForce, err = s.Of(ctx, sc.UserID, p)
		if errors.Is(err, shop.ErrWeChatLink) {
			seen = nil // it has ended between the two
			return false, nil
		}
		return true, err
	})
	return inForce, err
}

func (s *Scenes) putAfter(ctx context.Context, seen *Scene, sc Scene) (bool, error) {
	if seen == nil {
		return s.docs.Insert(ctx, &sc)
	}
	return s.docs.Replace(ctx, bson.M{"_id": sc.ID, "word": seen.Word}, &sc)
}

// Of is a learner's scene; shop.ErrWeChatLink where there is none.
func (s *Scenes) Of(ctx context.Context, userID string, p ScenePurpose) (*Scene, error) {
	return s.docs.Get(ctx, sceneID(userID, p))
}

// ByWord is the scene that a word is of; shop.ErrWeChatLink where it is of none, or of one
// that has ended.
func (s *Scenes) ByWord(ctx context.Context, p ScenePurpose, word string, now time.Time) (*Scene, error) {
	if len(word) <= secretLength || !shop.ValidID(word[secretLength:]) {
		return nil, shop.ErrWeChatLink
	}
	sc, err := s.Of(ctx, word[secretLength:], p)
	if err != nil {
		return nil, err
	}
	if subtle.ConstantTimeCompare([]byte(sc.Word), []byte(word)) != 1 || !now.Before(sc.ExpiresAt) {
		return nil, shop.ErrWeChatLink
	}
	return sc, nil
}

// Claim gives the scene to the first WeChat that comes with it: true again for the
// same one, false for every other.
func (s *Scenes) Claim(ctx context.Context, sc *Scene, openid string) (bool, error) {
	if sc.Openid == "" {
		won, err := s.docs.Update(ctx, bson.M{"_id": sc.ID, "word": sc.Word, "openid": ""}, bson.M{"$set": bson.M{"openid": openid}})
		if won || err != nil {
			return won, err
		}
	}
	held, err := s.docs.Get(ctx, sc.ID)
	if errors.Is(err, shop.ErrWeChatLink) {
		return false, nil
	}
	return err == nil && held.Word == sc.Word && held.Openid == openid, err
}

// End ends a scene whose work is done.
func (s *Scenes) End(ctx context.Context, sc *Scene) error {
	_, err := s.docs.Delete(ctx, bson.M{"_id": sc.ID, "word": sc.Word})
	return err
}

// endAll ends all of a learner's.
func (s *Scenes) endAll(ctx context.Context, userID string) error {
	var err error
	for _, p := range []ScenePurpose{SceneBind, SceneOAuth, SceneLogin} {
		_, e := s.docs.DeleteByID(ctx, sceneID(userID, p))
		err = errors.Join(err, e)
	}
	return err
}
