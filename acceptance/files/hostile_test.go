package files

import (
	"archive/zip"
	"bytes"
	"crypto/md5"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"io/fs"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mstm/acceptance/shoptest"
	"mstm/app"
)

// lay are all files under a folder.
func lay(t *testing.T, dir string) (all []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			all = append(all, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// leaves reports what a shop's folder of files has of an upload, and of any upload that is under way.
func leaves(t *testing.T, s *shoptest.Shop, id string) (found []string) {
	t.Helper()
	root := filepath.Join(s.DataDir, "media")
	for _, path := range lay(t, root) {
		if strings.Contains(path, id) || strings.HasPrefix(path, filepath.Join(root, "parts")) {
			found = append(found, path)
		}
	}
	return found
}

func pictureOf(t *testing.T, encode func(io.Writer, image.Image) error) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := encode(&b, image.NewGray(image.Rect(0, 0, 200, 100))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func asJPEG(w io.Writer, m image.Image) error { return jpeg.Encode(w, m, nil) }
func asGIF(w io.Writer, m image.Image) error  { return gif.Encode(w, m, nil) }

// archive is a zip archive of these files, named and filled in turn.
func archive(t *testing.T, parts ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for i := 0; i < len(parts); i += 2 {
		f, err := w.Create(parts[i])
		if err == nil {
			_, err = io.WriteString(f, parts[i+1])
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// office is an office file with these parts besides what makes it one.
func office(t *testing.T, parts ...string) []byte {
	return archive(t, append([]string{"[Content_Types].xml", `<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>`,
		"_rels/.rels", "x", "word/document.xml", "<w:document/>"}, parts...)...)
}

// boxes are those of an MP4, named and filled in turn.
func boxes(parts ...string) (all []byte) {
	for i := 0; i < len(parts); i += 2 {
		all = binary.BigEndian.AppendUint32(all, uint32(8+len(parts[i+1])))
		all = append(append(all, parts[i]...), parts[i+1]...)
	}
	return all
}

// scriptGIF is a picture that a browser could also read as a script: its width is the beginning of a comment.
func scriptGIF() []byte {
	return slices.Concat([]byte("GIF89a/*\x01\x00\x00\x00\x00"), make([]byte, 100), []byte("*/=1;alert(1)//\x3b"))
}

// scriptJPEG is the same of a JPEG, by the length of its first segment.
func scriptJPEG(honest []byte) []byte {
	segment := append([]byte("\xff\xd8\xff\xe0/*"), make([]byte, 0x2f2a-2)...)
	return slices.Concat(segment, honest[2:])
}

const pdf = "%PDF-1.7\n1 0 obj << /Type /Catalog >>\nendobj\n%%EOF\n"

// TestHostileFiles_AreRefusedAndLeaveNothing uploads over HTTP what is something else, more than it seems, less than it
// says, or not the sender's own.
func TestHostileFiles_AreRefusedAndLeaveNothing(t *testing.T) {
	s := shoptest.Start(t, func(c *app.Settings) { c.Media.QuotaGB = 1 })
	editor, admin := s.Staff("editor"), s.Staff("admin")
	film := boxes("ftyp", "isom\x00\x00\x02\x00isomiso2avc1mp41", "moov", strings.Repeat("\x00", 400), "mdat", strings.Repeat("a", 4000))
	pngs, jpegs, gifs := pictureOf(t, png.Encode), pictureOf(t, asJPEG), pictureOf(t, asGIF)
	for name, body := range map[string][]byte{
		"SVG with a script":                []byte(`<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><script>alert(1)</script></svg>`),
		"HTML":                             []byte("<!DOCTYPE html><script>alert(1)</script>"),
		"a PDF that is a page":             []byte(strings.Replace(pdf, "1 0 obj", "<HTML><body onload=alert(1)>\n1 0 obj", 1)),
		"a PDF that is an archive":         append([]byte(pdf), archive(t, "a.html", "x")...),
		"a PDF that is cut short":          []byte(pdf[:len(pdf)-6]),
		"a GIF that is a script":           scriptGIF(),
		"a JPEG that is a script":          scriptJPEG(jpegs),
		"a GIF that is cut short":          gifs[:len(gifs)-5],
		"a JPEG that is cut short":         jpegs[:len(jpegs)-20],
		"a PNG that is cut short":          pngs[:len(pngs)-13],
		"a PNG with a page":                append(slices.Clone(pngs), "<html><script>alert(1)</script>"...),
		"a film that is an archive":        append(slices.Clone(film), archive(t, "evil.jar", "x")...),
		"a film that is cut short":         film[:len(film)-100],
		"a film without its tables":        boxes("ftyp", "isom\x00\x00\x02\x00isomiso2avc1mp41", "mdat", strings.Repeat("a", 4000)),
		"a box longer than any file":       append(slices.Clone(film), 0, 0, 0, 1, 'f', 'r', 'e', 'e', 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff),
		"an office file that unfolds":      office(t, "word/media/a.bin", strings.Repeat("0", 40<<20)),
		"an office file that leads out":    office(t, "../../../etc/cron.d/evil", "x"),
		"an office file with macros":       office(t, "word/vbaProject.bin", "x"),
		"an office file that is cut short": office(t)[:300],
		"a plain archive":                  archive(t, "a.txt", "a"),
		"a program":                        append([]byte("\x7fELF\x02\x01\x01"), make([]byte, 4000)...),
		"a playlist that names files":      []byte("#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n"),
	} {
		a, f := upload(t, editor, "课.png", body)
		if a.Status != http.StatusUnsupportedMediaType || a.Code() != "MEDIA_REFUSED" {
			t.Errorf("%s: %d %s", name, a.Status, a.Body)
		}
		if f.ID != "" && (f.State != "refused" || f.Reason == "") {
			t.Errorf("%s is %+v", name, f)
		}
	}
	if found := leaves(t, s, "nothing of these"); len(found) > 0 {
		t.Errorf("left behind: %v", found)
	}
	for name, body := range map[string][]byte{"a PNG": pngs, "a JPEG": jpegs, "a GIF": gifs, "a PDF": []byte(pdf), "an office file": office(t), "a film": film} {
		if a, f := upload(t, editor, name, body); a.Status != http.StatusNoContent || f.State != "ready" || f.SHA256 != sumOf(body) {
			t.Errorf("honest %s: %d %s %+v", name, a.Status, a.Body, f)
		}
	}

	t.Run("sizes", func(t *testing.T) {
		for size, code := range map[string]string{
			"10737418240": "MEDIA_TOO_LARGE", "9223372036854775807": "MEDIA_TOO_LARGE", "92233720368547758080": "UPLOAD_INVALID", "2147483648": "MEDIA_QUOTA",
			"0": "UPLOAD_INVALID", "-1": "UPLOAD_INVALID", "many": "UPLOAD_INVALID", "": "UPLOAD_INVALID",
		} {
			if a := tus(editor, "Upload-Length", size).Do("POST", "/api/admin/uploads", nil); a.Code() != code {
				t.Errorf("%q bytes: %d %s", size, a.Status, a.Body)
			}
		}
		if a := tus(editor, "Upload-Defer-Length", "1").Do("POST", "/api/admin/uploads", nil); a.Code() != "UPLOAD_INVALID" {
			t.Errorf("a size that comes later: %d %s", a.Status, a.Body)
		}
		a, _ := begin(editor, 100, "a.png")
		at := a.Want(http.StatusCreated).Header.Get("Location")
		if a, err := patch(editor, at, 0, pngs[:101]); err != nil || a.Status < 400 || a.Code() == "" {
			t.Errorf("more than was announced: %d %s, %v", a.Status, a.Body, err)
		}
		tus(editor).Do("DELETE", at, nil).Want(http.StatusNoContent)
		if found := leaves(t, s, idOf(at)); len(found) > 0 {
			t.Errorf("left behind: %v", found)
		}
	})
	t.Run("checksums", func(t *testing.T) { hostileChecksums(t, s, editor, pngs) })
	t.Run("names", func(t *testing.T) { hostileNames(t, s, editor, pngs) })
	t.Run("others' uploads", func(t *testing.T) {
		a, _ := begin(editor, int64(len(pngs)), "a.png")
		at := a.Want(http.StatusCreated).Header.Get("Location")
		for _, p := range []*shoptest.Person{admin, s.NewLearner(), s.Visitor()} {
			for _, method := range []string{"HEAD", "PATCH", "DELETE"} {
				got := tus(p, "Upload-Offset", "0", "Content-Type", "application/offset+octet-stream").Do(method, at, []byte("x"))
				if got.Status != 401 && got.Status != 403 && got.Status != 404 || method != "HEAD" && got.Code() == "" {
					t.Errorf("%s of another's upload: %d %s", method, got.Status, got.Body)
				}
			}
		}
		for _, path := range []string{"..%2f..%2fetc%2fpasswd", "%2e%2e", "..", idOf(at) + "%00", idOf(at) + "%2f..", strings.ToUpper(idOf(at)) + "x", strings.Repeat("a", 5000)} {
			got := tus(editor, "Upload-Offset", "0", "Content-Type", "application/offset+octet-stream").Do("PATCH", "/api/admin/uploads/"+path, []byte("x"))
			if got.Status != 404 && got.Status != 405 || got.Code() == "" {
				t.Errorf("the upload %.60q: %d %s", path, got.Status, got.Body)
			}
		}
		if a, err := patch(editor, at, 0, pngs); err != nil || a.Status != http.StatusNoContent {
			t.Errorf("one's own after all that: %d %s, %v", a.Status, a.Body, err)
		}
	})
}

// hostileChecksums sends bytes that are not those of their checksum, of a request and of the whole file.
func hostileChecksums(t *testing.T, s *shoptest.Shop, editor *shoptest.Person, body []byte) {
	sum := md5.Sum(body)
	right := "md5 " + base64.StdEncoding.EncodeToString(sum[:])
	a, _ := begin(editor, int64(len(body)), "a.png")
	at := a.Want(http.StatusCreated).Header.Get("Location")
	send := func(checksum string) shoptest.Answer {
		return tus(editor, "Upload-Offset", "0", "Content-Type", "application/offset+octet-stream", "Upload-Checksum", checksum).Do("PATCH", at, body)
	}
	wrong := sum
	wrong[3]++
	send("md5 "+base64.StdEncoding.EncodeToString(wrong[:])).WantCode(460, "UPLOAD_CHECKSUM")
	for _, unknown := range []string{"crc32 AAAA", "md5 x", "sha256 " + base64.StdEncoding.EncodeToString(sum[:]), "md5"} {
		send(unknown).WantCode(400, "UPLOAD_INVALID")
	}
	if found := leaves(t, s, idOf(at)); len(found) > 0 {
		t.Errorf("left behind: %v", found)
	}
	if got := tus(editor).Do("HEAD", at, nil).Want(200).Header.Get("Upload-Offset"); got != "0" {
		t.Errorf("the upload stands at %s", got)
	}
	send(right).Want(http.StatusNoContent)

	whole := func(sum string) shoptest.Answer {
		return tus(editor, "Upload-Length", fmt.Sprint(len(body)), "Upload-Metadata", "sha256 "+base64.StdEncoding.EncodeToString([]byte(sum))).Do("POST", "/api/admin/uploads", nil)
	}
	whole("abc").WantCode(400, "UPLOAD_INVALID")
	for sum, status := range map[string]int{sumOf([]byte("another")): 460, sumOf(body): 204} {
		at := whole(sum).Want(http.StatusCreated).Header.Get("Location")
		a, err := patch(editor, at, 0, body)
		if err != nil || a.Status != status {
			t.Errorf("the whole by %s: %d %s, %v", sum, a.Status, a.Body, err)
		}
		if found := leaves(t, s, idOf(at)); status != 204 && len(found) > 0 {
			t.Errorf("left behind: %v", found)
		}
	}
}

// hostileNames gives an honest picture names that lead elsewhere: they stay words.
func hostileNames(t *testing.T, s *shoptest.Shop, editor *shoptest.Person, body []byte) {
	before := lay(t, filepath.Dir(s.DataDir))
	for name, shown := range map[string]string{
		"../../../../etc/cron.d/evil": "evil", `..\..\windows\evil.png`: "evil.png", "/etc/passwd": "passwd", "a\r\nSet-Cookie: x=1": "file", "a\x00.png": "file",
		"photo\u202egnp.exe": "file", strings.Repeat("长", 3000): "file", "": "file", "..": "..",
	} {
		a, f := upload(t, editor, name, body)
		if a.Status != http.StatusNoContent || f.Name != shown {
			t.Errorf("%.40q is called %q: %d %s", name, f.Name, a.Status, a.Body)
			continue
		}
		for _, path := range lay(t, filepath.Dir(s.DataDir)) {
			if !slices.Contains(before, path) && strings.Contains(path, "evil") {
				t.Errorf("%q wrote %s", name, path)
			}
		}
		if a := editor.Del("/api/admin/media/" + f.ID); a.Status != http.StatusNoContent {
			t.Errorf("%+v: %s", f, a.Body)
		}
		if found := leaves(t, s, f.ID); len(found) > 0 {
			t.Errorf("left behind: %v", found)
		}
	}
	for _, metadata := range []string{"filename !!!", "filename", "filename YQ==,filename Yg==", strings.Repeat("a", 300) + " YQ==", ",,,", "\xff\xfe YQ=="} {
		a := tus(editor, "Upload-Length", fmt.Sprint(len(body)), "Upload-Metadata", metadata).Do("POST", "/api/admin/uploads", nil)
		if a.Status != http.StatusCreated && a.Code() == "" {
			t.Errorf("the metadata %.40q: %d %s", metadata, a.Status, a.Body)
		}
	}
}

// TestUploads_Options_SayWhatIsTaken asks as a client of tus does, without a login, and as a page of another origin.
func TestUploads_Options_SayWhatIsTaken(t *testing.T) {
	s := shoptest.Start(t, func(c *app.Settings) { c.AllowedOrigins = []string{"https://desk.example"} })
	for _, path := range []string{"/api/admin/uploads", "/api/admin/uploads/x"} {
		a := s.Visitor().With("Origin", "https://desk.example").Do("OPTIONS", path, nil).Want(http.StatusNoContent)
		for name, want := range map[string]string{
			"Tus-Resumable": "1.0.0", "Tus-Version": "1.0.0", "Tus-Extension": "creation,creation-with-upload,termination,checksum", "Tus-Max-Size": "4294967296",
			"Tus-Checksum-Algorithm": "md5,sha1,sha256", "Access-Control-Allow-Origin": "https://desk.example",
		} {
			if got := a.Header.Get(name); got != want {
				t.Errorf("%s: %s is %q", path, name, got)
			}
		}
	}
	if a := s.Visitor().Do("OPTIONS", "/api/courses", nil).Want(http.StatusNoContent); a.Header.Get("Tus-Version") != "" {
		t.Errorf("the catalogue says %v", a.Header)
	}
}
