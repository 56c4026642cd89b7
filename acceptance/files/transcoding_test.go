package files

import (
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"mstm/acceptance/shoptest"
)

// TestTranscoding_CancelledAndBegunAgain_OverHTTP ends the making of a video at the console, plays the file without it, and makes it after all.
func TestTranscoding_CancelledAndBegunAgain_OverHTTP(t *testing.T) {
	t.Parallel()
	needsTools(t)
	s := shoptest.Start(t)
	editor, visitor := s.Staff("editor"), s.Visitor()
	body := film(t, 4)
	a, f := upload(t, editor, "片.mp4", body)
	a.Want(http.StatusNoContent)
	at := "/api/admin/media/" + f.ID
	editor.Del(at + "/transcode").Want(200).Into(&f)
	if f.State != "ready" || f.Job == nil || f.Job.State != "cancelled" && !f.isMade() {
		t.Fatalf("cancelled: %+v %+v", f, f.Job)
	}
	editor.Del(at + "/transcode").Want(200) // again is fine
	lesson, _ := shown(editor, f.ID)
	if made, err := isWhole(visitor, lesson, body); err != nil || made != f.isMade() {
		t.Errorf("cancelled, it plays as HLS: %v, %v", made, err)
	}
	editor.Post(at+"/transcode", nil).Want(200).Into(&f)
	if f.Job == nil || f.Job.State != "queued" && f.Job.State != "running" {
		t.Fatalf("begun again: %+v %+v", f, f.Job)
	}
	shoptest.Eventually(t, 3*time.Minute, func() error {
		var f file
		if editor.Get(at).Want(200).Into(&f); !f.isMade() {
			return fmt.Errorf("%+v %+v", f, f.Job)
		}
		return nil
	})
	shoptest.Eventually(t, time.Minute, func() error { // the row of a file that is played is kept for some seconds
		made, err := isWhole(visitor, lesson, body)
		if err == nil && !made {
			err = errors.New("the file itself is played")
		}
		return err
	})
	s.NewLearner().Post(at+"/transcode", nil).WantCode(403, "FORBIDDEN")
	editor.Post("/api/admin/media/nothing/transcode", nil).WantCode(404, "MEDIA_NOT_FOUND")
}
