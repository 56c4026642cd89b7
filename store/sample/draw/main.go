//go:build ignore

// This program draws the pictures of the sample's texts and the slides of its film, and makes their sound. It needs
// the font WenQuanYi Micro Hei (Debian: fonts-wqy-microhei), ffmpeg, golang.org/x/image and github.com/golang/freetype in
// a module of their own:
//
//	go run main.go sheet.go pictures.go film.go sound.go ../files
package main

import (
	"log"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/golang/freetype/truetype"
)

func main() {
	dir := os.Args[1]
	raw, err := os.ReadFile(fontFile)
	check(err)
	letters, err = truetype.Parse(raw) // the first font of the collection
	check(err)
	states(filepath.Join(dir, "states.png"))
	colours(filepath.Join(dir, "colours.png"))
	thirds(filepath.Join(dir, "thirds.png"))
	chords(filepath.Join(dir, "chords.png"))
	heat(filepath.Join(dir, "heat.png"))
	onePage(filepath.Join(dir, "onepage.png"))
	join(filepath.Join(dir, "join.png"))
	banner(filepath.Join(dir, "banner.png"))
	film(dir)
	tune(dir)
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func run(name string, args ...string) {
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		log.Fatalf("%s: %v: %s", name, err, out)
	}
}
