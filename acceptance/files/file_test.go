package files

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"mstm/acceptance/shoptest"
)

// file is a file as the console reads it.
type file struct {
	ID, State, Kind, Name, SHA256, Reason string
	Size, Offset                          int64
	Video                                 *struct {
		Heights []int `json:"heights"`
	}
	Job *struct {
		Kind, State, Error string
		Progress           int
	}
}

// isMade reports whether HLS of the video is there.
func (f file) isMade() bool { return f.Video != nil && f.Job != nil && f.Job.State == "done" }

// needsTools leaves a test out where the programs that make HLS are not installed.
func needsTools(t testing.TB) {
	t.Helper()
	for _, tool := range []string{"ffmpeg", "ffprobe"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("SKIPPED: %s is not installed", tool)
		}
	}
}

// film is a drawn video with a tone, 720 lines high.
func film(t testing.TB, seconds int) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "film.mp4")
	out, err := exec.CommandContext(t.Context(), "ffmpeg", "-v", "error", "-f", "lavfi", "-i", fmt.Sprintf("testsrc=s=1280x720:r=8:d=%d", seconds),
		"-f", "lavfi", "-i", fmt.Sprintf("sine=f=330:d=%d", seconds), "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p",
		"-c:a", "aac", "-b:a", "48k", path).CombinedOutput()
	if err != nil {
		t.Fatalf("no film: %v %s", err, out)
	}
	body, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func sumOf(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

// tus is a person that sends a request of the tus protocol.
func tus(p *shoptest.Person, headers ...string) *shoptest.Person {
	p = p.With("Tus-Resumable", "1.0.0")
	for i := 0; i < len(headers); i += 2 {
		p = p.With(headers[i], headers[i+1])
	}
	return p
}

// named is a filename as metadata of tus.
func named(name string) string { return "filename " + base64.StdEncoding.EncodeToString([]byte(name)) }

// begin announces an upload; the answer's Location is where it is.
func begin(p *shoptest.Person, size int64, name string) (shoptest.Answer, error) {
	return tus(p, "Upload-Length", strconv.FormatInt(size, 10), "Upload-Metadata", named(name)).Try("POST", "/api/admin/uploads", nil)
}

// patch sends bytes from an offset on.
func patch(p *shoptest.Person, at string, offset int64, body []byte) (shoptest.Answer, error) {
	return tus(p, "Upload-Offset", strconv.FormatInt(offset, 10), "Content-Type", "application/offset+octet-stream").Try("PATCH", at, body)
}

// upload sends a whole file and returns the last answer, and its row.
func upload(t testing.TB, p *shoptest.Person, name string, body []byte) (shoptest.Answer, file) {
	t.Helper()
	a, err := begin(p, int64(len(body)), name)
	if err != nil {
		t.Fatal(err)
	}
	if a.Status != http.StatusCreated {
		return a, file{}
	}
	at := a.Header.Get("Location")
	if a, err = patch(p, at, 0, body); err != nil {
		t.Fatal(err)
	}
	var f file
	if row := p.Get("/api/admin/media/" + idOf(at)); row.Status == http.StatusOK {
		row.Into(&f)
	}
	return a, f
}

func idOf(at string) string { return at[strings.LastIndex(at, "/")+1:] }

// shown puts a file into a preview lesson of a new course, to be played and to be downloaded, and returns the lesson.
func shown(editor *shoptest.Person, id string) (lesson string, a shoptest.Answer) {
	a = editor.Anew().Post("/api/admin/courses", obj{
		"title": "课 " + id, "category_id": (&shoptest.Shop{T: editor.T, Url: editor.Url}).Category(), "teacher": obj{"name": "林"},
		"chapters": []obj{{"title": "一", "lessons": []obj{{
			"title": "一", "kind": "video", "duration_s": 10, "preview": true, "media_id": id, "attachments": []obj{{"media_id": id, "name": "原片"}},
		}}}},
		"policies": []obj{{"kind": "lifetime", "name": "永久有效", "price_fen": 100, "default": true}}, "ladder": obj{"credit_mode": "none", "lapse_after_days": 0},
	})
	if a.Status != http.StatusCreated {
		return "", a
	}
	var made struct {
		ID       string
		Chapters []struct{ Lessons []struct{ ID string } }
	}
	a.Into(&made)
	editor.Anew().Post("/api/admin/courses/"+made.ID+"/publish", nil).Want(200)
	return "/api/courses/" + made.ID + "/lessons/" + made.Chapters[0].Lessons[0].ID, a
}

// played is an opened lesson.
type played struct {
	Playback    struct{ Kind, URL string }
	Attachments []struct{ URL string }
}

var (
	partLine = regexp.MustCompile(`(?m)^(/api/playback/\S+)$`)
	partURI  = regexp.MustCompile(`URI="([^"]+)"`)
)

// partsOf are the addresses that a playlist names.
func partsOf(playlist []byte) (all []string) {
	for _, pattern := range []*regexp.Regexp{partLine, partURI} {
		for _, m := range pattern.FindAllStringSubmatch(string(playlist), -1) {
			all = append(all, m[1])
		}
	}
	return all
}

// isWhole reports what a visitor misses of a lesson that shows a file with these bytes: the file itself as an attachment, and
// the file or every playlist, key and segment of what was made of it. made is whether that is HLS.
func isWhole(visitor *shoptest.Person, lesson string, body []byte) (made bool, err error) {
	get := func(path string) ([]byte, error) {
		a, err := visitor.Try("GET", path, nil)
		if err == nil && a.Status != http.StatusOK {
			err = fmt.Errorf("%s answers %d %s", path, a.Status, a.Code())
		}
		return a.Body, err
	}
	opened, err := get(lesson)
	if err != nil {
		return false, err
	}
	var p played
	if err := json.Unmarshal(opened, &p); err != nil {
		return false, err
	}
	wholes := []string{}
	for _, x := range p.Attachments {
		wholes = append(wholes, x.URL)
	}
	if p.Playback.Kind == "file" {
		wholes = append(wholes, p.Playback.URL)
	}
	if len(p.Attachments) != 1 || p.Playback.URL == "" {
		return false, fmt.Errorf("the lesson shows no file: %s", opened)
	}
	for _, at := range wholes {
		got, err := get(at)
		if err != nil {
			return false, err
		}
		if !bytes.Equal(got, body) {
			return false, fmt.Errorf("%d bytes of %d, with the checksum %s", len(got), len(body), sumOf(got))
		}
	}
	if p.Playback.Kind != "hls" {
		return false, nil
	}
	for left := []string{p.Playback.URL}; len(left) > 0; left = left[1:] {
		got, err := get(left[0])
		if err != nil {
			return true, err
		}
		if bytes.HasPrefix(got, []byte("#EXTM3U")) {
			left = append(left, partsOf(got)...)
		}
	}
	return true, nil
}

// decodes reads all of what a lesson plays, as a player does, and returns how long it is, in seconds.
func decodes(t testing.TB, visitor *shoptest.Person, lesson string) float64 {
	t.Helper()
	var p played
	visitor.Get(lesson).Want(200).Into(&p)
	out, err := exec.CommandContext(t.Context(), "ffmpeg", "-nostdin", "-v", "error", "-progress", "pipe:1", "-allowed_extensions", "ALL", "-i", visitor.Url+p.Playback.URL,
		"-f", "null", "-").CombinedOutput()
	if err != nil {
		t.Fatalf("what was made cannot be played: %v %s", err, out)
	}
	all := regexp.MustCompile(`out_time_us=(\d+)`).FindAllStringSubmatch(string(out), -1)
	if len(all) == 0 {
		t.Fatalf("nothing was played: %s", out)
	}
	us, _ := strconv.ParseFloat(all[len(all)-1][1], 64) // digits
	return us / 1e6
}
