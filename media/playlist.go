package media

import (
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"strconv"
	"strings"

	"mstm/shop"
)

// keySegments is how many segments a key opens: less than three quarters of a minute, so that a player whose
// enrolment has ended needs a key that it does not get within a minute.
const keySegments = 7

// SegmentKey is the n-th AES-128 key of a video.
func SegmentKey(secret []byte, n int) []byte {
	mac := hmac.New(sha256.New, secret)
	fmt.Fprintf(mac, "segments %d", n)
	return mac.Sum(nil)[:16]
}

// MasterPlaylist lists the variants of a video. at is the address of a name.
func MasterPlaylist(v *shop.MediaVideo, at func(name string) string) string {
	var b strings.Builder
	b.WriteString("#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-INDEPENDENT-SEGMENTS\n")
	for i, variant := range v.Variants {
		fmt.Fprintf(&b, "#EXT-X-STREAM-INF:BANDWIDTH=%d,RESOLUTION=%dx%d", variant.Bandwidth, variant.Width, variant.Height)
		if variant.Codecs != "" {
			fmt.Fprintf(&b, ",CODECS=%q", variant.Codecs)
		}
		fmt.Fprintf(&b, "\n%s\n", at(fmt.Sprintf("%d.m3u8", i)))
	}
	return b.String()
}

// VariantPlaylist lists the segments of a variant, and where their keys are. The beginning of
// the file stands before the first key and is not encrypted.
func VariantPlaylist(v *shop.MediaVideo, variant int, at func(name string) string) string {
	made := v.Variants[variant]
	longest := int64(1)
	for _, ms := range made.Durations {
		longest = max(longest, (ms+999)/1000)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:%d\n#EXT-X-MEDIA-SEQUENCE:0\n#EXT-X-PLAYLIST-TYPE:VOD\n#EXT-X-INDEPENDENT-SEGMENTS\n", longest)
	fmt.Fprintf(&b, "#EXT-X-MAP:URI=%q\n", at(fmt.Sprintf("%d-init.mp4", variant)))
	for i, ms := range made.Durations {
		if i%keySegments == 0 {
			fmt.Fprintf(&b, "#EXT-X-KEY:METHOD=AES-128,URI=%q\n", at(fmt.Sprintf("%d.key", i/keySegments)))
		}
		fmt.Fprintf(&b, "#EXTINF:%d.%03d,\n%s\n", ms/1000, ms%1000, at(fmt.Sprintf("%d-%d.m4s", variant, i)))
	}
	b.WriteString("#EXT-X-ENDLIST\n")
	return b.String()
}

// PlaybackPart is what one name of a playlist stands for.
type PlaybackPart struct {
	Playlist int    // of a variant; -1: the master, -2: none
	Key      int    // number; -1: none
	Object   string // key in storage; "": none
	Type     string // MIME type of the object
	// Encrypted is whether the object is of no use without a key.
	Encrypted bool
}

// Part finds what a name of a file's playback stands for; false where there is no such name. The file
// itself, which is not encrypted, has one only as long as nothing was made of it.
func Part(m *shop.Media, name string) (PlaybackPart, bool) {
	p := PlaybackPart{Playlist: -2, Key: -1}
	if name == "file" {
		p.Object, p.Type = m.Key, m.Type
		return p, m.Key != "" && m.Video == nil
	}
	v := m.Video
	if v == nil {
		p.Object, p.Type = m.Poster, "image/jpeg"
		return p, name == "poster.jpg" && m.Poster != ""
	}
	switch stem, ext, _ := strings.Cut(name, "."); {
	case name == "index.m3u8":
		p.Playlist = -1
		return p, true
	case name == "poster.jpg":
		p.Object, p.Type = v.Poster, "image/jpeg"
		return p, true
	case ext == "m3u8":
		p.Playlist = number(stem, len(v.Variants))
		return p, p.Playlist >= 0
	case ext == "key":
		p.Key = number(stem, (len(v.Variants[0].Durations)+keySegments-1)/keySegments)
		return p, p.Key >= 0
	case ext == "mp4" || ext == "m4s":
		variant, what, _ := strings.Cut(stem, "-")
		i := number(variant, len(v.Variants))
		if i < 0 || ext == "mp4" && what != "init" || ext == "m4s" && number(what, len(v.Variants[i].Durations)) < 0 {
			return p, false
		}
		p.Object, p.Type = v.Variants[i].Prefix+what+"."+ext, "video/mp4"
		p.Encrypted = ext == "m4s"
		return p, true
	}
	return p, false
}

// number reads a plain number below most; -1 where it is none.
func number(text string, most int) int {
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || n >= most || text != strconv.Itoa(n) {
		return -1
	}
	return n
}
