package media

import (
	"errors"
	"strings"
	"testing"

	"mstm/shop"
)

func takesCaptions(text string) error {
	f, err := admitted([]byte(text[:min(len(text), sniffBytes)]), int64(len(text)))
	if err != nil {
		return err
	}
	if f.kind != shop.KindCaption {
		return errors.New("another kind")
	}
	return f.inspect(strings.NewReader(text), int64(len(text)))
}

const aCue = "\n\n00:01.000 --> 00:04.000\n你好，世界\n"

func TestCaptions_WebVTT_IsTaken(t *testing.T) {
	for name, text := range map[string]string{
		"plain":     "WEBVTT" + aCue,
		"with mark": "\ufeffWEBVTT 中文" + aCue,
		"crlf":      strings.ReplaceAll("WEBVTT"+aCue+"\n2\n01:00:04.000 --> 01:00:06.500 line:90% align:start\n- 第二句\n", "\n", "\r\n"),
		"markup":    "WEBVTT\nKind: captions\n\nNOTE a --\nb\n\n1\n00:00.000 --> 00:02.000\n<v 林老师>一 <i.loud>二</i></v> <00:01.000>a &amp; b\n<ruby>漢<rt>かん</rt></ruby> <lang en>x</lang>\n",
		"region":    "WEBVTT\n\nREGION\nid:a\nwidth:40%\n" + aCue,
	} {
		if err := takesCaptions(text); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestCaptions_WhatIsNone_IsRefused(t *testing.T) {
	for name, text := range map[string]string{
		"no cue":         "WEBVTT\n\nNOTE nothing\n",
		"script":         "WEBVTT\n\n00:01.000 --> 00:04.000\n<script>alert(1)</script>\n",
		"picture":        "WEBVTT\n\n00:01.000 --> 00:04.000\n<img src=x onerror=alert(1)>\n",
		"handler":        "WEBVTT\n\n00:01.000 --> 00:04.000\n<v onclick=alert(1)>a\n",
		"open tag":       "WEBVTT\n\n00:01.000 --> 00:04.000\n<b\n",
		"style":          "WEBVTT\n\nSTYLE\n::cue{background:url(https://e.com)}\n" + aCue,
		"times":          "WEBVTT\n\n00:01,000 --> 00:04,000\na\n",
		"settings":       "WEBVTT\n\n00:01.000 --> 00:04.000 onload:a\na\n",
		"id only":        "WEBVTT\n\nhello\n\n00:01.000 --> 00:04.000\na\n",
		"two cues":       "WEBVTT\n\n00:01.000 --> 00:04.000\na\n00:05.000 --> 00:06.000\nb\n",
		"nul":            "WEBVTT\n\n00:01.000 --> 00:04.000\na\x00\n",
		"not utf-8":      "WEBVTT\n\n00:01.000 --> 00:04.000\n\xff\xfe\n",
		"long line":      "WEBVTT\n\n00:01.000 --> 00:04.000\n" + strings.Repeat("a", maxCaptionLine+1) + "\n",
		"long cue":       "WEBVTT\n\n00:01.000 --> 00:04.000\n" + strings.Repeat(strings.Repeat("a", 100)+"\n", 100),
		"page in a note": "<!doctype html><script>alert(1)</script>WEBVTT" + aCue,
		"srt":            "1\n00:00:01,000 --> 00:00:04,000\na\n",
		"too big":        "WEBVTT" + strings.Repeat(aCue, int(shop.KindCaption.MaxMediaBytes())/len(aCue)+1),
	} {
		if err := takesCaptions(text); !errors.Is(err, shop.ErrMediaRefused) && !errors.Is(err, shop.ErrMediaTooLarge) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
