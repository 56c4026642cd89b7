package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Streaming: learners watch one video at about 1 Mbit/s each, by the addresses that the shop gives each of them with their
// tokens, and then the same files come at the same pace from the floor, which is net/http's own server of files, and from
// nginx with sendfile. All read them from the folder that the shop keeps them in; none has TLS.
const (
	streamSeconds = 60               // of the video
	streamTime    = 30 * time.Second // that each server is measured for
	segmentTime   = 6 * time.Second  // what a segment plays for
	restTime      = 10 * time.Second // that a server is looked at before anything is watched
)

// crowds are how many watch, in turn, where viewers do at last.
func crowds(viewers int) []int { return []int{viewers / 20, viewers * 3 / 20, viewers / 4, viewers} }

// streamed is a quantity that is measured for a number of viewers.
func streamed(quantity string, viewers int) string { return fmt.Sprintf("%s, %d", quantity, viewers) }

// film is a video in the shop, and what to ask for to watch it.
type film struct {
	viewers [][]string // the segments' paths, of each viewer
	files   []string   // the same segments as nginx has them
}

// prepare makes a video of about 1 Mbit/s, puts it on sale as a free stage's lesson and opens it to n learners.
func (st *site) prepareFilm(n int) (*film, error) {
	s, err := st.start("mstm")
	if err != nil {
		return nil, err
	}
	defer s.stop()
	editor, err := s.login("/api/login", "editor", "editor-demo-password")
	if err != nil {
		return nil, err
	}
	id, err := st.uploadFilm(s, editor)
	if err != nil {
		return nil, err
	}
	lesson, order, err := s.sellFilm(editor, id)
	if err != nil {
		return nil, err
	}
	f := &film{}
	for i := range n {
		parts, err := s.openFilm(st.tokens[i%len(st.tokens)], lesson, order, i)
		if err != nil {
			return nil, err
		}
		f.viewers = append(f.viewers, parts)
	}
	f.files, err = filepath.Glob(filepath.Join(st.dir, "data", "media", "hls", id, "*", "0", "*.m4s"))
	if err == nil && len(f.files) != len(f.viewers[0]) {
		err = fmt.Errorf("%d files of %d segments", len(f.files), len(f.viewers[0]))
	}
	return f, err
}

// uploadFilm draws noise, which no codec makes small, uploads it and waits until it is made into HLS.
func (st *site) uploadFilm(s *server, editor string) (id string, err error) {
	path := filepath.Join(st.dir, "film.mp4")
	cmd := exec.Command("ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", fmt.Sprintf("testsrc=s=640x360:r=10:d=%d,noise=alls=60:allf=t", streamSeconds),
		"-f", "lavfi", "-i", fmt.Sprintf("sine=f=330:d=%d", streamSeconds), "-c:v", "libx264", "-preset", "ultrafast", "-b:v", "2M", "-pix_fmt", "yuv420p", "-c:a", "aac", path)
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("ffmpeg is needed: %w %s", err, out)
	}
	body, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	begin := newRequest("POST", "http://"+s.addr+"/api/admin/uploads", editor, nil)
	begin.Header.Set("Tus-Resumable", "1.0.0")
	begin.Header.Set("Upload-Length", fmt.Sprint(len(body)))
	begin.Header.Set("Upload-Metadata", "filename "+base64.StdEncoding.EncodeToString([]byte("film.mp4")))
	res, err := client.Do(begin)
	if err != nil {
		return "", err
	}
	_ = res.Body.Close() // empty
	at := res.Header.Get("Location")
	send := newRequest("PATCH", "http://"+s.addr+at, editor, body)
	for name, value := range map[string]string{"Tus-Resumable": "1.0.0", "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"} {
		send.Header.Set(name, value)
	}
	if _, err := ask(send); err != nil {
		return "", err
	}
	id = at[strings.LastIndex(at, "/")+1:]
	for end := time.Now().Add(5 * time.Minute); time.Now().Before(end); time.Sleep(time.Second) {
		row, err := ask(newRequest("GET", "http://"+s.addr+"/api/admin/media/"+id, editor, nil))
		if err != nil {
			return "", err
		}
		if bytes.Contains(row, []byte(`"heights"`)) {
			return id, nil
		}
	}
	return "", errors.New("no HLS within 5 minutes")
}

// sellFilm puts the video on sale; its first stage is free. It returns the lesson's path and an order of that stage.
func (s *server) sellFilm(editor, id string) (lesson string, order []byte, err error) {
	list, err := ask(newRequest("GET", "http://"+s.addr+"/api/categories", "", nil))
	if err != nil {
		return "", nil, err
	}
	var categories struct{ Items []struct{ ID string } }
	if err := json.Unmarshal(list, &categories); err != nil {
		return "", nil, err
	}
	course, _ := json.Marshal(map[string]any{
		"title": "bench", "category_id": categories.Items[0].ID, "teacher": map[string]string{"name": "bench"},
		"chapters": []any{map[string]any{"title": "1", "lessons": []any{map[string]any{"title": "1", "kind": "video", "duration_s": streamSeconds, "media_id": id}}}},
		"policies": []any{map[string]any{"kind": "stage", "stage": 1, "name": "free", "price_fen": 0, "default": true, "period": map[string]any{"unit": "month", "count": 1}}},
		"ladder":   map[string]any{"credit_mode": "none", "lapse_after_days": 0},
	})
	out, err := ask(newRequest("POST", "http://"+s.addr+"/api/admin/courses", editor, course))
	if err != nil {
		return "", nil, err
	}
	var made struct {
		ID       string
		Policies []struct{ ID string }
		Chapters []struct{ Lessons []struct{ ID string } }
	}
	if err := json.Unmarshal(out, &made); err != nil {
		return "", nil, err
	}
	if _, err := ask(newRequest("POST", "http://"+s.addr+"/api/admin/courses/"+made.ID+"/publish", editor, nil)); err != nil {
		return "", nil, err
	}
	order, _ = json.Marshal(map[string]any{
		"lines": []any{map[string]string{"course_id": made.ID, "policy_id": made.Policies[0].ID}}, "total_fen": 0, "channel": "native",
	})
	return "/api/courses/" + made.ID + "/lessons/" + made.Chapters[0].Lessons[0].ID, order, nil
}

var segmentLine = regexp.MustCompile(`(?m)^/api/playback/\S+$`)

// openFilm takes the free stage for a learner, unless the learner has it, opens the lesson and reads its playlists.
func (s *server) openFilm(token, lesson string, order []byte, i int) (segments []string, err error) {
	place := newRequest("POST", "http://"+s.addr+"/api/orders", token, order)
	place.Header.Set("Idempotency-Key", fmt.Sprintf("bench-stream-%d", i))
	if res, err := client.Do(place); err != nil {
		return nil, err
	} else {
		_ = res.Body.Close() // whether it is open shows the lesson
	}
	var opened struct{ Playback struct{ URL string } }
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		out, err := ask(newRequest("GET", "http://"+s.addr+lesson, token, nil))
		if err == nil {
			err = json.Unmarshal(out, &opened)
		}
		if err == nil {
			break
		}
		if time.Now().After(end) {
			return nil, err
		}
	}
	for at := opened.Playback.URL; ; {
		list, err := ask(newRequest("GET", "http://"+s.addr+at, token, nil))
		if err != nil {
			return nil, err
		}
		all := segmentLine.FindAllString(string(list), -1)
		if len(all) == 0 {
			return nil, fmt.Errorf("no addresses in %s", list)
		}
		if strings.HasSuffix(all[0], ".m4s") {
			return all, nil
		}
		at = all[0]
	}
}

// measureStream has more and more viewers watch at the shop, and as many each time at the floor and at nginx.
func measureStream(st *site, f *film, into figures) error {
	folder := filepath.Join(st.dir, "data", "media")
	same := make([][]string, len(f.viewers))
	for i := range same {
		for _, file := range f.files {
			same[i] = append(same[i], strings.TrimPrefix(file, folder))
		}
	}
	for _, n := range crowds(len(f.viewers)) {
		for _, name := range []string{"mstm", "floor", "nginx"} {
			viewers, tokens := same, []string(nil)
			if name == "mstm" {
				viewers, tokens = f.viewers, st.tokens
			}
			s, err := st.startStream(name, folder)
			if err != nil {
				return err
			}
			err = s.stream(tokens, viewers[:n], into.put(name))
			s.stop()
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	return nil
}

func (st *site) startStream(name, folder string) (*server, error) {
	switch name {
	case "nginx":
		return st.startNginx(folder)
	case "floor":
		addr, err := freeAddr()
		if err != nil {
			return nil, err
		}
		s := &server{name: name, addr: addr}
		return s, s.run(st, "floor", os.Environ(), "-addr", addr, "-redis", st.redis.addr, "-files", folder)
	}
	return st.start(name)
}

// startNginx serves a folder by sendfile, with one process, which is the one that is measured.
func (st *site) startNginx(folder string) (*server, error) {
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	conf := fmt.Sprintf("daemon off; master_process off; pid %[1]s/nginx.pid; error_log %[1]s/nginx-error.log; worker_rlimit_nofile 65536;\nevents { worker_connections 20000; }\n"+
		"http { access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000; client_body_temp_path %[1]s/t1; proxy_temp_path %[1]s/t2; fastcgi_temp_path %[1]s/t3;\n"+
		"uwsgi_temp_path %[1]s/t4; scgi_temp_path %[1]s/t5; server { listen %[2]s; root %[3]s; } }\n", st.dir, addr, folder)
	path := filepath.Join(st.dir, "nginx.conf")
	if err := os.WriteFile(path, []byte(conf), 0o600); err != nil {
		return nil, err
	}
	program, err := exec.LookPath("nginx")
	if err != nil {
		return nil, fmt.Errorf("nginx is needed: %w", err)
	}
	link := filepath.Join(st.dir, "nginx")
	if err := os.Symlink(program, link); err != nil && !errors.Is(err, os.ErrExist) {
		return nil, err
	}
	if os.Getuid() == 0 {
		conf = "user root;\n" + conf // to read what the shop has written
		if err := os.WriteFile(path, []byte(conf), 0o600); err != nil {
			return nil, err
		}
	}
	s := &server{name: "nginx", addr: addr}
	s.cmd, s.log, err = launch(addr, link, os.Environ(), "-p", st.dir, "-c", path)
	return s, err
}

// stream has each viewer fetch a segment every six seconds, beginning at random, and puts processor seconds and resident memory.
func (s *server) stream(tokens []string, viewers [][]string, put func(string, float64)) error {
	time.Sleep(restTime / 2) // until it has started
	early, err := s.cpu()
	if err != nil {
		return err
	}
	time.Sleep(restTime)
	rested, err := s.cpu()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), streamTime+segmentTime)
	defer cancel()
	var bytes atomic.Int64
	failed := make([]error, len(viewers))
	var all sync.WaitGroup
	for i, parts := range viewers {
		token := ""
		if len(tokens) > 0 {
			token = tokens[i%len(tokens)]
		}
		all.Go(func() {
			time.Sleep(segmentTime * time.Duration(i) / time.Duration(len(viewers)))
			failed[i] = s.watch(ctx, token, parts, i, &bytes)
		})
	}
	time.Sleep(segmentTime) // until the last has begun
	memory, err := s.resident()
	if err != nil {
		return err
	}
	before, err := s.cpu()
	if err != nil {
		return err
	}
	from := bytes.Load()
	time.Sleep(streamTime - segmentTime)
	after, err := s.cpu()
	if err != nil {
		return err
	}
	sent := float64(bytes.Load() - from)
	grown, err := s.resident()
	if err != nil {
		return err
	}
	heap := 0.0
	if s.name == "mstm" {
		if heap, err = s.heap(); err != nil {
			return err
		}
	}
	all.Wait()
	used, rest := (after - before).Seconds(), (rested-early).Seconds()/restTime.Seconds()*(streamTime-segmentTime).Seconds()
	for quantity, v := range map[string]float64{
		"stream cpu":    used / (sent / 1e9),
		"stream alone":  (used - rest) / (sent / 1e9),
		"stream rate":   sent * 8 / 1e6 / (streamTime - segmentTime).Seconds() / float64(len(viewers)),
		"stream memory": float64(memory) / (1 << 20),
		"stream grown":  float64(grown) / (1 << 20),
		"stream heap":   heap / (1 << 20),
	} {
		put(streamed(quantity, len(viewers)), v)
	}
	return errors.Join(failed...)
}

var heapLine = regexp.MustCompile(`(?m)^go_memstats_heap_inuse_bytes (\S+)$`)

// heap is how many bytes of the shop's heap are in use, by its metrics.
func (s *server) heap() (bytes float64, err error) {
	page, err := ask(newRequest("GET", "http://"+s.addr+"/metrics", "", nil))
	if err != nil {
		return 0, err
	}
	found := heapLine.FindSubmatch(page)
	if found == nil {
		return 0, errors.New("/metrics names no heap")
	}
	_, err = fmt.Sscan(string(found[1]), &bytes)
	return bytes, err
}

// watch fetches one segment after another, each when it is its time, over one connection.
func (s *server) watch(ctx context.Context, token string, parts []string, first int, sum *atomic.Int64) error {
	conn, err := net.Dial("tcp", s.addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	in := bufio.NewReaderSize(conn, 4<<10)
	tick := time.NewTicker(segmentTime)
	defer tick.Stop()
	for i := first; ; i++ {
		head := "GET " + parts[i%len(parts)] + " HTTP/1.1\r\nHost: " + s.addr + "\r\n"
		if token != "" {
			head += "Authorization: Bearer " + token + "\r\n"
		}
		if _, err := io.WriteString(conn, head+"\r\n"); err != nil {
			return err
		}
		res, err := http.ReadResponse(in, nil)
		if err != nil {
			return err
		}
		n, err := io.Copy(io.Discard, res.Body)
		if err != nil || res.StatusCode != http.StatusOK {
			return fmt.Errorf("a segment was answered %s, %w", res.Status, err)
		}
		sum.Add(n)
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}
