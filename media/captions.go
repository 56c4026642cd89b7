package media

import (
	"bufio"
	"io"
	"regexp"
	"strings"
	"unicode/utf8"
)

// maxCaptionLine is how long a line of captions may be, in bytes.
const maxCaptionLine = 4 << 10

// maxCueText is how long the text of one cue may be, in bytes.
const maxCueText = 8 << 10

// Lines of WebVTT: the times of a cue with its settings, and the tags that the text of a cue may have.
var (
	cueTimes    = regexp.MustCompile(`^(?:\d{2,}:)?[0-5]\d:[0-5]\d\.\d{3}[ \t]+-->[ \t]+(?:\d{2,}:)?[0-5]\d:[0-5]\d\.\d{3}(?:[ \t]+(?:vertical|line|position|size|align|region):[A-Za-z0-9_.,%+-]+)*[ \t]*$`)
	cueTag      = regexp.MustCompile(`<[^>]*>?`)
	knownCueTag = regexp.MustCompile(`^<(?:/?(?:c|i|b|u|v|ruby|rt|lang)(?:\.[\w\x{80}-\x{10FFFF}-]+)*(?:[ \t][^<>"'&=]*)?|(?:\d{2,}:)?[0-5]\d:[0-5]\d\.\d{3})>$`)
)

// inspectCaptions reads a whole file of WebVTT and refuses what a page could take for more than captions:
// markup other than WebVTT's own, style sheets, characters that are no text.
func inspectCaptions(r io.ReadSeeker) error {
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		return err
	}
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, maxCaptionLine), maxCaptionLine)
	c := captionsCheck{}
	for n := 0; lines.Scan(); n++ {
		line := strings.TrimSuffix(lines.Text(), "\r")
		if why := c.line(n, line); why != "" {
			return refused(why)
		}
	}
	if err := lines.Err(); err != nil && err != bufio.ErrTooLong {
		return err
	}
	if lines.Err() != nil || c.cues == 0 {
		return refused("the captions have no cues, or a line that is too long")
	}
	return nil
}

// captionsCheck is where a reader of captions is.
type captionsCheck struct {
	block string // "": between two; head (of the file), id, cue, note, region
	cues  int
	bytes int // of the cue's text
}

// line looks at the n-th line and says what is wrong with it; "" where nothing is.
func (c *captionsCheck) line(n int, line string) string {
	if !utf8.ValidString(line) || strings.ContainsAny(line, "\x00\r") {
		return "the captions are no text in UTF-8"
	}
	if n == 0 {
		c.block = "head"
		return "" // sniff has read it
	}
	if line == "" {
		if c.block == "id" {
			return "the captions have a cue without times"
		}
		c.block, c.bytes = "", 0
		return ""
	}
	isTimes := strings.Contains(line, "-->")
	switch c.block {
	case "head", "note", "region":
		if isTimes {
			return "the captions have times where none may be"
		}
		return ""
	case "cue":
		if isTimes {
			return "the captions have two cues without a line between them"
		}
		return c.text(line)
	}
	switch {
	case isTimes:
		if !cueTimes.MatchString(line) {
			return "the captions have times that cannot be read"
		}
		c.block = "cue"
		c.cues++
	case c.block == "id":
		return "the captions have a cue without times"
	case line == "STYLE" || strings.HasPrefix(line, "STYLE "):
		return "captions with a style sheet are not taken"
	case line == "NOTE" || strings.HasPrefix(line, "NOTE "):
		c.block = "note"
	case line == "REGION":
		c.block = "region"
	default:
		c.block = "id"
	}
	return ""
}

// text looks at a line of a cue.
func (c *captionsCheck) text(line string) string {
	c.bytes += len(line)
	if c.bytes > maxCueText {
		return "the captions have a cue that is too long"
	}
	for _, tag := range cueTag.FindAllString(line, -1) {
		if !knownCueTag.MatchString(tag) {
			return "the captions have markup that is none of WebVTT"
		}
	}
	return ""
}
