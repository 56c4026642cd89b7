package media

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// tools are the programs that make HLS of a video.
type tools struct{ ffmpeg, ffprobe string }

// findTools looks for the programs on the path; nil where one is missing.
func findTools() *tools {
	ffmpeg, err := exec.LookPath("ffmpeg")
	ffprobe, err2 := exec.LookPath("ffprobe")
	if err != nil || err2 != nil {
		return nil
	}
	return &tools{ffmpeg, ffprobe}
}

// ownFilesOnly keeps the tools from following what a video names: other files and hosts.
var ownFilesOnly = []string{"-protocol_whitelist", "file", "-format_whitelist", "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi"}

// segmentTime is how long a segment of HLS is, in seconds: what Apple advises. A request costs the shop as much as a hundred
// kilobytes do, so shorter ones cost more, and longer ones begin and change quality later.
const segmentTime = 6

// stuckAfter is how long ffmpeg may say nothing.
const stuckAfter = 3 * time.Minute

// measured is what ffprobe finds in a video.
type measured struct {
	seconds       float64
	width, height int // as shown: turned phones are turned back
	hasAudio      bool
}

// probe measures a video; what it cannot read is refused.
func (t *tools) probe(ctx context.Context, path string) (measured, error) {
	args := append([]string{"-v", "error"}, ownFilesOnly...)
	args = append(args, "-show_entries", "format=duration:stream=codec_type,width,height,disposition:stream_side_data=rotation", "-of", "json", path)
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, t.ffprobe, args...).Output()
	if ctx.Err() != nil {
		return measured{}, ctx.Err()
	}
	var found struct {
		Format  struct{ Duration string }
		Streams []struct {
			Type        string `json:"codec_type"`
			Width       int
			Height      int
			Disposition struct {
				Picture int `json:"attached_pic"`
			}
			Side []struct{ Rotation float64 } `json:"side_data_list"`
		}
	}
	if err != nil || json.Unmarshal(out, &found) != nil {
		return measured{}, refused("the video cannot be read")
	}
	var m measured
	m.seconds, _ = strconv.ParseFloat(found.Format.Duration, 64)
	for _, s := range found.Streams {
		switch {
		case s.Type == "audio":
			m.hasAudio = true
		case s.Type == "video" && s.Disposition.Picture == 0 && m.width == 0:
			m.width, m.height = s.Width, s.Height
			if len(s.Side) > 0 && int(s.Side[0].Rotation)%180 != 0 {
				m.width, m.height = s.Height, s.Width
			}
		}
	}
	if m.width < 2 || m.height < 2 || m.seconds <= 0 || m.seconds > 24*60*60 || m.width > maxSide || m.height > maxSide {
		return m, refused("the video has no picture or no length")
	}
	return m, nil
}

// soundLength measures a file of sound, in milliseconds; 0 where ffprobe cannot read it.
func (t *tools) soundLength(ctx context.Context, path string) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, t.ffprobe, "-v", "error", "-protocol_whitelist", "file", "-format_whitelist", "mp3,mov,mp4,m4a,ogg,wav,flac,aac",
		"-show_entries", "format=duration", "-of", "csv=p=0", path).Output()
	if ctx.Err() != nil {
		return 0, ctx.Err()
	}
	seconds, err2 := strconv.ParseFloat(strings.TrimSpace(string(out)), 64)
	if err != nil || err2 != nil || seconds <= 0 || seconds > 24*60*60 {
		return 0, nil
	}
	return int64(seconds * 1000), nil
}

// run runs ffmpeg on so many cores at most and reports how many seconds are done. The error has
// the last of what it said.
func (t *tools) run(ctx context.Context, cores int, done func(seconds float64), args ...string) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	args = append([]string{"-nostdin", "-hide_banner", "-v", "error", "-y", "-progress", "pipe:1", "-threads", strconv.Itoa(cores), "-filter_threads", strconv.Itoa(cores)}, args...)
	cmd := exec.CommandContext(ctx, t.ffmpeg, args...)
	cmd.WaitDelay = 5 * time.Second
	diesWithUs(cmd)
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	limitCores(cmd.Process.Pid, cores)
	stuck := time.AfterFunc(stuckAfter, func() { cancel(errors.New("ffmpeg is stuck")) })
	defer stuck.Stop()
	for lines := bufio.NewScanner(out); lines.Scan(); {
		stuck.Reset(stuckAfter)
		if us, ok := strings.CutPrefix(lines.Text(), "out_time_us="); ok {
			if n, err := strconv.ParseInt(us, 10, 64); err == nil {
				done(float64(n) / 1e6)
			}
		}
	}
	err = cmd.Wait()
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	if err != nil {
		text := said.String()
		return fmt.Errorf("ffmpeg: %w: %s", err, text[max(0, len(text)-300):])
	}
	return nil
}

// rung is one height that a video is offered in.
type rung struct{ short, rate int } // pixels of the shorter side, kbit/s of the picture at most

// rungs are the heights up to that of the source, which is never blown up.
func rungs(m measured) []rung {
	short := min(m.width, m.height)
	var fit []rung
	for _, r := range []rung{{360, 800}, {720, 2500}, {1080, 5000}} {
		if r.short <= short {
			fit = append(fit, r)
		}
	}
	if len(fit) == 0 {
		fit = []rung{{short &^ 1, 800}}
	}
	return fit
}

// scale is the size of a rung, in even pixels.
func (r rung) scale(m measured) (width, height int) {
	if m.height <= m.width {
		return (m.width*r.short/m.height + 1) &^ 1, r.short
	}
	return r.short, (m.height*r.short/m.width + 1) &^ 1
}

// hls makes one variant of a video in the folder dir and returns the lengths of its segments, in
// milliseconds. Sound is brought to one loudness.
func (t *tools) hls(ctx context.Context, src, dir string, m measured, r rung, cores int, done func(float64)) ([]int64, error) {
	width, height := r.scale(m)
	args := append(append([]string{}, ownFilesOnly...), "-i", src, "-map", "0:v:0", "-map", "0:a:0?", "-sn", "-dn", "-map_metadata", "-1",
		"-vf", fmt.Sprintf("scale=%d:%d,setsar=1", width, height), "-c:v", "libx264", "-preset", "veryfast", "-profile:v", "main", "-pix_fmt", "yuv420p",
		"-crf", "23", "-maxrate", fmt.Sprintf("%dk", r.rate), "-bufsize", fmt.Sprintf("%dk", 2*r.rate),
		"-force_key_frames", fmt.Sprintf("expr:gte(t,n_forced*%d)", segmentTime), "-sc_threshold", "0", "-threads", strconv.Itoa(cores),
		"-c:a", "aac", "-b:a", "128k", "-ac", "2", "-ar", "48000")
	if m.hasAudio {
		args = append(args, "-af", "loudnorm=I=-16:TP=-1.5:LRA=11")
	}
	args = append(args, "-f", "hls", "-hls_time", strconv.Itoa(segmentTime), "-hls_playlist_type", "vod", "-hls_flags", "independent_segments",
		"-hls_segment_type", "fmp4", "-hls_fmp4_init_filename", "init.mp4", "-hls_segment_filename", filepath.Join(dir, "%d.m4s"), filepath.Join(dir, "index.m3u8"))
	if err := t.run(ctx, cores, done, args...); err != nil {
		return nil, err
	}
	text, err := os.ReadFile(filepath.Join(dir, "index.m3u8"))
	if err != nil {
		return nil, err
	}
	return segmentLengths(string(text))
}

// segmentLengths reads the lengths of the segments out of a playlist, in milliseconds.
func segmentLengths(playlist string) (ms []int64, err error) {
	for line := range strings.Lines(playlist) {
		text, ok := strings.CutPrefix(line, "#EXTINF:")
		if !ok {
			continue
		}
		text, _, _ = strings.Cut(text, ",")
		s, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return nil, fmt.Errorf("media: playlist of ffmpeg: %w", err)
		}
		ms = append(ms, int64(s*1000+0.5))
	}
	if len(ms) == 0 {
		return nil, errors.New("media: ffmpeg made no segments")
	}
	return ms, nil
}

// codecs names the codecs of a variant as a playlist does.
func (t *tools) codecs(ctx context.Context, playlist string, hasAudio bool) string {
	out, err := exec.CommandContext(ctx, t.ffprobe, "-v", "error", "-select_streams", "v:0", "-show_entries", "stream=level", "-of", "csv=p=0", playlist).Output()
	level, err2 := strconv.Atoi(strings.TrimSpace(string(out)))
	if err != nil || err2 != nil {
		return ""
	}
	text := fmt.Sprintf("avc1.4d40%02x", level)
	if hasAudio {
		text += ",mp4a.40.2"
	}
	return text
}

// poster takes one picture of a video into a file.
func (t *tools) poster(ctx context.Context, src, to string, m measured, cores int) error {
	at := min(3, m.seconds/10)
	args := append([]string{"-ss", fmt.Sprintf("%.2f", at)}, ownFilesOnly...)
	return t.run(ctx, cores, func(float64) {}, append(args, "-i", src, "-map", "0:v:0", "-frames:v", "1", "-vf", "scale='min(1280,iw)':-2", "-q:v", "4", "-f", "image2", to)...)
}
