//go:build ignore

package main

import (
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"math"
	"os"

	"github.com/golang/freetype/truetype"
	"golang.org/x/image/font"
	"golang.org/x/image/math/fixed"
	"golang.org/x/image/vector"
)

const fontFile = "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc"

var (
	paper = color.RGBA{0xf8, 0xf5, 0xee, 0xff}
	ink   = color.RGBA{0x24, 0x2f, 0x3a, 0xff}
	grey  = color.RGBA{0x8a, 0x90, 0x96, 0xff}
	pale  = color.RGBA{0xe6, 0xe0, 0xd4, 0xff}
	white = color.RGBA{0xff, 0xff, 0xff, 0xff}
	red   = color.RGBA{0xd5, 0x52, 0x3c, 0xff}
	teal  = color.RGBA{0x23, 0x7a, 0x70, 0xff}
	sand  = color.RGBA{0xe7, 0xb2, 0x5a, 0xff}
	blue  = color.RGBA{0x3a, 0x6e, 0xa5, 0xff}
)

var letters *truetype.Font

// sheet is a picture that is being drawn; sizes and places are in pixels.
type sheet struct{ *image.RGBA }

func newSheet(w, h int, c color.Color) sheet {
	s := sheet{image.NewRGBA(image.Rect(0, 0, w, h))}
	draw.Draw(s, s.Bounds(), image.NewUniform(c), image.Point{}, draw.Src)
	return s
}

func (s sheet) fill(c color.Color, outline func(*vector.Rasterizer)) {
	r := vector.NewRasterizer(s.Bounds().Dx(), s.Bounds().Dy())
	outline(r)
	r.Draw(s, s.Bounds(), image.NewUniform(c), image.Point{})
}

// box is a rectangle with round corners.
func (s sheet) box(x, y, w, h, radius float64, c color.Color) {
	const k = 0.5523
	s.fill(c, func(v *vector.Rasterizer) {
		p := func(x, y float64) (float32, float32) { return float32(x), float32(y) }
		corner := func(ax, ay, bx, by, ex, ey float64) {
			a, b := p(ax, ay)
			d, e := p(bx, by)
			f, g := p(ex, ey)
			v.CubeTo(a, b, d, e, f, g)
		}
		r := min(radius, w/2, h/2)
		q := r * (1 - k)
		v.MoveTo(p(x+r, y))
		v.LineTo(p(x+w-r, y))
		corner(x+w-q, y, x+w, y+q, x+w, y+r)
		v.LineTo(p(x+w, y+h-r))
		corner(x+w, y+h-q, x+w-q, y+h, x+w-r, y+h)
		v.LineTo(p(x+r, y+h))
		corner(x+q, y+h, x, y+h-q, x, y+h-r)
		v.LineTo(p(x, y+r))
		corner(x, y+q, x+q, y, x+r, y)
		v.ClosePath()
	})
}

func (s sheet) disc(x, y, r float64, c color.Color) { s.box(x-r, y-r, 2*r, 2*r, r, c) }

func (s sheet) line(x1, y1, x2, y2, width float64, c color.Color) {
	l := math.Hypot(x2-x1, y2-y1)
	dx, dy := (y1-y2)/l*width/2, (x2-x1)/l*width/2
	s.shape(c, x1+dx, y1+dy, x2+dx, y2+dy, x2-dx, y2-dy, x1-dx, y1-dy)
}

func (s sheet) shape(c color.Color, xy ...float64) {
	s.fill(c, func(v *vector.Rasterizer) {
		v.MoveTo(float32(xy[0]), float32(xy[1]))
		for i := 2; i < len(xy); i += 2 {
			v.LineTo(float32(xy[i]), float32(xy[i+1]))
		}
		v.ClosePath()
	})
}

// write writes one line, from x on, or about it, or up to it, as side is -1, 0 or 1.
func (s sheet) write(text string, x, y, size float64, c color.Color, side int) {
	face := truetype.NewFace(letters, &truetype.Options{Size: size, DPI: 72})
	d := font.Drawer{Dst: s, Src: image.NewUniform(c), Face: face}
	w := float64(d.MeasureString(text)) / 64
	x -= w * float64(side+1) / 2
	d.Dot = fixed.Point26_6{X: fixed.Int26_6(x * 64), Y: fixed.Int26_6(y * 64)}
	d.DrawString(text)
}

func (s sheet) save(path string) {
	f, err := os.Create(path)
	check(err)
	check((&png.Encoder{CompressionLevel: png.BestCompression}).Encode(f, palette(s)))
	check(f.Close())
}

// palette makes a picture small: it has few colours.
func palette(s sheet) image.Image {
	count := map[color.RGBA]int{}
	for y := range s.Bounds().Dy() {
		for x := range s.Bounds().Dx() {
			c := s.RGBAAt(x, y)
			c.R, c.G, c.B = c.R&0xf8|4, c.G&0xf8|4, c.B&0xf8|4
			count[c]++
		}
	}
	var p color.Palette
	for _, c := range []color.RGBA{paper, ink, grey, pale, white, red, teal, sand, blue} {
		p = append(p, c)
	}
	for len(p) < 128 {
		var best color.RGBA
		for c, n := range count {
			if n > count[best] {
				best = c
			}
		}
		if count[best] == 0 {
			break
		}
		p = append(p, best)
		delete(count, best)
	}
	out := image.NewPaletted(s.Bounds(), p)
	draw.Draw(out, out.Bounds(), s, image.Point{}, draw.Src)
	return out
}
