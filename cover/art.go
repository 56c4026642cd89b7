package cover

import (
	"bytes"
	"fmt"
)

// arts are the pictures that a cover may have. Each draws over the whole canvas,
// with its weight on the right: the letters stand on the left.
var arts = [...]func(*bytes.Buffer, *dice, colours){
	orbits, hills, quarters, ribbons, bubbles, blocks, sunrise, network,
}

// orbits are rings around a point on the right, with a few bodies on them.
func orbits(b *bytes.Buffer, d *dice, c colours) {
	x, y := d.between(450, 560), d.between(110, 250)
	for i := range 6 {
		r := 40 + i*d.between(34, 42)
		fmt.Fprintf(b, `<circle cx="%d" cy="%d" r="%d" fill="none" stroke="%s" stroke-opacity="%.2f" stroke-width="2"/>`,
			x, y, r, c.light, 0.6-float64(i)*0.08)
		if i%2 == 1 {
			fmt.Fprintf(b, `<circle cx="%d" cy="%d" r="%d" fill="%s" transform="rotate(%d %d %d)"/>`,
				x+r, y, d.between(6, 12), d.pick(c.spark, c.light), d.between(80, 280), x, y)
		}
	}
	fmt.Fprintf(b, `<circle cx="%d" cy="%d" r="24" fill="%s"/>`, x, y, c.spark)
}

// hills are waves one before the other, with a sun over them.
func hills(b *bytes.Buffer, d *dice, c colours) {
	fmt.Fprintf(b, `<circle cx="%d" cy="%d" r="%d" fill="%s" fill-opacity=".9"/>`,
		d.between(440, 560), d.between(80, 120), d.between(34, 52), c.spark)
	for i := range 4 {
		y := 150 + i*50
		fmt.Fprintf(b, `<path d="M0 %d C %d %d %d %d 320 %d S %d %d 640 %d V360 H0 Z" fill="%s" fill-opacity="%.2f"/>`,
			y+60, d.between(60, 130), y+d.between(-30, 60), d.between(190, 250), y+d.between(20, 110), y+d.between(30, 60),
			d.between(470, 560), y-d.between(30, 90), y+d.between(-20, 30), c.light, 0.14+float64(i)*0.05)
	}
}

// quarters is a field of quarter circles and dots on the right half.
func quarters(b *bytes.Buffer, d *dice, c colours) {
	const side = 72
	for row := range 5 {
		for col := range 5 {
			x, y := 280+col*side, row*side
			fill, turn := d.pick(c.light, c.light, c.mid, c.spark, "#ffffff"), d.roll(4)*90
			opacity := 0.18 + 0.14*float64(col)
			if d.roll(5) == 0 {
				fmt.Fprintf(b, `<circle cx="%d" cy="%d" r="%d" fill="%s" fill-opacity="%.2f"/>`, x+side/2, y+side/2, side/4, fill, opacity)
				continue
			}
			fmt.Fprintf(b, `<path d="M%d %d h%d a%d %d 0 0 1 -%d %d Z" fill="%s" fill-opacity="%.2f" transform="rotate(%d %d %d)"/>`,
				x, y, side, side, side, side, side, fill, opacity, turn, x+side/2, y+side/2)
		}
	}
}

// ribbons are broad bands that run up to the right.
func ribbons(b *bytes.Buffer, d *dice, c colours) {
	tilt := d.between(28, 48)
	fmt.Fprintf(b, `<g transform="rotate(-%d 480 180)">`, tilt)
	for i, y := 0, -120; y < 480; i++ {
		h := d.between(18, 64)
		fmt.Fprintf(b, `<rect x="%d" y="%d" width="700" height="%d" rx="%d" fill="%s" fill-opacity="%.2f"/>`,
			d.between(260, 460), y, h, h/2, d.pick(c.light, c.light, c.spark, "#ffffff"), 0.2+0.12*float64(i%4))
		y += h + d.between(10, 22)
	}
	b.WriteString(`</g>`)
}

// bubbles are circles that overlap, some of them only an outline.
func bubbles(b *bytes.Buffer, d *dice, c colours) {
	for i := range 11 {
		x, y, r := d.between(300, 640), d.between(0, 360), d.between(22, 96)
		if i%3 == 2 {
			fmt.Fprintf(b, `<circle cx="%d" cy="%d" r="%d" fill="none" stroke="%s" stroke-opacity=".7" stroke-width="3"/>`, x, y, r, c.light)
			continue
		}
		fmt.Fprintf(b, `<circle cx="%d" cy="%d" r="%d" fill="%s" fill-opacity="%.2f"/>`,
			x, y, r, d.pick(c.light, c.mid, c.spark, c.light), 0.2+0.05*float64(d.roll(6)))
	}
}

// blocks are columns of cubes seen from a corner.
func blocks(b *bytes.Buffer, d *dice, c colours) {
	const w, h = 44, 25 // half a cube's width, half its top's height
	for row := range 4 {
		for col := range 4 {
			x, y := 470+(col-row)*w, 90+(col+row)*h
			tall := d.between(14, 92)
			top := d.pick(c.light, c.light, c.light, c.spark)
			y -= tall - 60
			fmt.Fprintf(b, `<path d="M%d %d l%d %d v%d l-%d -%d Z" fill="%s" fill-opacity=".8"/>`, x-w, y, w, h, tall+40, w, h, c.mid)
			fmt.Fprintf(b, `<path d="M%d %d l%d %d v%d l-%d -%d Z" fill="%s" fill-opacity=".85"/>`, x-w, y, w, h, tall+40, w, h, c.mid)
			fmt.Fprintf(b, `<path d="M%d %d l-%d %d v%d l%d -%d Z" fill="%s"/>`, x+w, y, w, h, tall+40, w, h, c.deep)
			fmt.Fprintf(b, `<path d="M%d %d l%d -%d l%d %d l-%d %d Z" fill="%s"/>`, x-w, y, w, h, w, h, w, h, top)
		}
	}
}

// sunrise is half a disc of bands over a horizon.
func sunrise(b *bytes.Buffer, d *dice, c colours) {
	x, y := d.between(430, 520), d.between(270, 320)
	for i := range 6 {
		r := 250 - i*40
		fmt.Fprintf(b, `<path d="M%d %d a%d %d 0 0 1 %d 0 Z" fill="%s" fill-opacity="%.2f"/>`,
			x-r, y, r, r, 2*r, []string{c.light, c.mid}[i%2], 0.3+0.1*float64(i))
	}
	fmt.Fprintf(b, `<path d="M%d %d a36 36 0 0 1 72 0 Z" fill="%s"/>`, x-36, y, c.spark)
	for i := range 4 {
		fmt.Fprintf(b, `<rect x="%d" y="%d" width="%d" height="5" rx="2.5" fill="%s" fill-opacity=".5"/>`,
			x-200+i*44, y+12+i*14, 400-i*88, c.light)
	}
}

// network is points on a loose grid, joined to their neighbours.
func network(b *bytes.Buffer, d *dice, c colours) {
	const cols, rows = 6, 5
	var x, y [cols][rows]int
	for i := range cols {
		for j := range rows {
			x[i][j], y[i][j] = 290+i*70+d.between(-22, 22), 10+j*84+d.between(-22, 22)
		}
	}
	line := func(i, j, k, l int) {
		fmt.Fprintf(b, `<path d="M%d %d L%d %d" stroke="%s" stroke-opacity=".45" stroke-width="2"/>`, x[i][j], y[i][j], x[k][l], y[k][l], c.light)
	}
	for i := range cols {
		for j := range rows {
			if i+1 < cols {
				line(i, j, i+1, j)
			}
			if j+1 < rows && d.roll(3) > 0 {
				line(i, j, i, j+1)
			}
			if i+1 < cols && j+1 < rows && d.roll(2) == 0 {
				line(i, j, i+1, j+1)
			}
		}
	}
	for i := range cols {
		for j := range rows {
			fmt.Fprintf(b, `<circle cx="%d" cy="%d" r="%d" fill="%s"/>`, x[i][j], y[i][j], d.between(4, 11), d.pick(c.light, c.light, c.spark, "#ffffff"))
		}
	}
}
