package catalogue

import (
	"bytes"
	"encoding/base64"
	"image"
	"image/png"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"mstm/acceptance/shoptest"
	"mstm/hub/hubtest"
)

// upload sends a picture in two requests by the tus protocol and returns its id.
func upload(t *testing.T, p *shoptest.Person) string {
	t.Helper()
	var body bytes.Buffer
	if err := png.Encode(&body, image.NewGray(image.Rect(0, 0, 300, 300))); err != nil {
		t.Fatal(err)
	}
	send := func(method, path string, part []byte, headers ...string) *http.Response {
		r, err := http.NewRequestWithContext(t.Context(), method, p.Url+path, bytes.NewReader(part))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+p.Token)
		r.Header.Set("Tus-Resumable", "1.0.0")
		for i := 0; i < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
		}
		res, err := shoptest.Client.Do(r)
		if err != nil || res.StatusCode >= 300 {
			t.Fatalf("%s %s: %+v, %v", method, path, res, err)
		}
		res.Body.Close()
		return res
	}
	whole := body.Bytes()
	half := len(whole) / 2
	at := send("POST", "/api/admin/uploads", nil, "Upload-Length", strconv.Itoa(len(whole)),
		"Upload-Metadata", "filename "+base64.StdEncoding.EncodeToString([]byte("封面.png"))).Header.Get("Location")
	send("PATCH", at, whole[:half], "Upload-Offset", "0", "Content-Type", "application/offset+octet-stream")
	send("PATCH", at, whole[half:], "Upload-Offset", strconv.Itoa(half), "Content-Type", "application/offset+octet-stream")
	return at[strings.LastIndex(at, "/")+1:]
}

// TestAFileComesOnOnTheConsolesTopicForEditorsOnly: a marketer on the same topic sees broadcasts and no files, a learner
// may not follow it.
func TestAFileComesOnOnTheConsolesTopicForEditorsOnly(t *testing.T) {
	s := shoptest.Start(t)
	staff, pages := map[string]*shoptest.Person{}, map[string]*hubtest.Client{}
	for _, role := range []string{"admin", "editor", "marketer"} {
		staff[role] = s.Staff(role)
		pages[role] = staff[role].Socket()
		pages[role].Follow("desk", "")
	}
	if f := s.NewLearner().Socket().Follow("desk", ""); f.Code != "TOPIC_FORBIDDEN" {
		t.Errorf("a learner follows the console's topic: %+v", f)
	}
	id := upload(t, staff["editor"])
	for _, role := range []string{"admin", "editor"} {
		f := pages[role].WaitFor("the file on the console of "+role, time.Minute, func(f hubtest.Frame) bool {
			return f.Type == "media.progress" && f.Topic == "desk" && strings.Contains(string(f.Data), `"state":"ready"`)
		})
		var got struct {
			ID           string
			Offset, Size int64
		}
		if f.Into(t, &got); got.ID != id || got.Offset == 0 || got.Offset != got.Size {
			t.Errorf("%s sees %s", role, f.Data)
		}
	}
	staff["marketer"].Anew().Post("/api/hub/broadcasts", shoptest.Activity("活动", obj{"kind": "all"})).Want(201)
	pages["marketer"].Wait("broadcast.progress", time.Minute)
	for _, f := range pages["marketer"].All() {
		if f.Type == "media.progress" {
			t.Errorf("a marketer sees %s", f.Raw)
		}
	}
	for _, f := range pages["editor"].All() {
		if f.Type == "broadcast.progress" {
			t.Errorf("an editor sees %s", f.Raw)
		}
	}
}
