//go:build ignore

// This program draws the pictures of the sample's texts and the slides of its film, and makes their sound. It needs
// the font WenQuanYi Micro Hei (Debian: fonts-wqy-microhei), ffmpeg, golang.org/x/image and github.com/golang/freetype in a module of their own:
//
//	go run draw.go files
package main

import (
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"log"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"

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

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

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
	film(dir)
	tune(dir)
}

func states(path string) {
	s := newSheet(880, 380, paper)
	node := func(x, y float64, text string, c color.Color) {
		s.box(x, y, 150, 64, 14, c)
		s.write(text, x+75, y+41, 24, white, 0)
	}
	arrow := func(x1, y1, x2, y2 float64, text string) {
		s.line(x1, y1, x2, y2, 3, grey)
		l := math.Hypot(x2-x1, y2-y1)
		ux, uy := (x2-x1)/l, (y2-y1)/l
		s.shape(grey, x2, y2, x2-14*ux-7*uy, y2-14*uy+7*ux, x2-14*ux+7*uy, y2-14*uy-7*ux)
		s.write(text, (x1+x2)/2, (y1+y2)/2-10, 17, ink, 0)
	}
	s.write("订单是一台状态机", 40, 56, 26, ink, -1)
	node(40, 130, "待支付", blue)
	node(300, 130, "已支付", teal)
	node(560, 130, "已完成", teal)
	node(40, 280, "已取消", grey)
	node(560, 280, "已退款", red)
	arrow(190, 162, 298, 162, "支付")
	arrow(450, 162, 558, 162, "开通")
	arrow(115, 194, 115, 278, "")
	s.write("取消或超时", 128, 243, 17, ink, -1)
	arrow(635, 194, 635, 278, "")
	s.write("退款", 648, 243, 17, ink, -1)
	arrow(440, 194, 558, 290, "")
	s.write("无法开通，退款", 330, 262, 17, ink, -1)
	s.save(path)
}

func colours(path string) {
	s := newSheet(880, 360, paper)
	s.write("色板：有什么", 40, 56, 24, ink, -1)
	s.write("语义：用来做什么", 470, 56, 24, ink, -1)
	names := []string{"蓝 600", "绿 600", "红 600", "灰 500"}
	uses := []string{"主操作、链接", "成功、已完成", "出错、危险操作", "次要文字、禁用"}
	for i, c := range []color.RGBA{blue, teal, red, grey} {
		y := float64(90 + i*62)
		s.box(40, y, 150, 46, 10, c)
		s.write(names[i], 208, y+31, 20, ink, -1)
		s.line(320, y+23, 446, y+23, 2.5, pale)
		s.shape(pale, 458, y+23, 444, y+16, 444, y+30)
		s.box(470, y, 46, 46, 10, c)
		s.write(uses[i], 534, y+31, 20, ink, -1)
	}
	s.save(path)
}

func thirds(path string) {
	s := newSheet(900, 420, paper)
	scene := func(x float64, onThird bool) {
		s.box(x, 40, 390, 290, 6, color.RGBA{0xcf, 0xe3, 0xee, 0xff})
		horizon := 185.0
		if onThird {
			horizon = 40 + 290*2/3.0
		}
		s.box(x, horizon, 390, 330-horizon, 6, color.RGBA{0x8f, 0xb5, 0x9a, 0xff})
		tree := x + 195
		if onThird {
			tree = x + 130
		}
		s.box(tree-5, horizon-70, 10, 76, 3, color.RGBA{0x6b, 0x4f, 0x3a, 0xff})
		s.disc(tree, horizon-86, 42, teal)
		s.disc(x+320, 92, 20, sand)
		for i := 1.0; i < 3; i++ {
			s.line(x+130*i, 40, x+130*i, 330, 1.5, white)
			s.line(x, 40+290*i/3, x+390, 40+290*i/3, 1.5, white)
		}
	}
	scene(40, false)
	scene(470, true)
	s.write("主体居中：稳，也呆", 235, 376, 22, ink, 0)
	s.write("主体放在三分线上：画面有了方向", 665, 376, 22, ink, 0)
	s.save(path)
}

func chords(path string) {
	s := newSheet(900, 330, paper)
	type chord struct {
		name  string
		frets [6]int // from the 6th string to the 1st; -1: not played
		hand  [6]string
	}
	for i, c := range []chord{
		{"C", [6]int{-1, 3, 2, 0, 1, 0}, [6]string{"", "3", "2", "", "1", ""}},
		{"G", [6]int{3, 2, 0, 0, 0, 3}, [6]string{"2", "1", "", "", "", "3"}},
		{"Am", [6]int{-1, 0, 2, 2, 1, 0}, [6]string{"", "", "2", "3", "1", ""}},
		{"F（简化）", [6]int{-1, -1, 3, 2, 1, 1}, [6]string{"", "", "3", "2", "1", "1"}},
	} {
		x, y := float64(70+i*215), 110.0
		s.write(c.name, x+75, 54, 28, ink, 0)
		s.box(x-2, y-7, 154, 7, 2, ink)
		for n := range 6 {
			s.line(x+float64(n)*30, y, x+float64(n)*30, y+160, 2, grey)
		}
		for n := range 5 {
			s.line(x, y+float64(n)*40, x+150, y+float64(n)*40, 2, grey)
		}
		for n, fret := range c.frets {
			at := x + float64(n)*30
			switch fret {
			case -1:
				s.write("×", at, y-14, 20, red, 0)
			case 0:
				s.write("○", at, y-14, 17, teal, 0)
			default:
				s.disc(at, y+float64(fret)*40-20, 13, red)
				s.write(c.hand[n], at, y+float64(fret)*40-13, 18, white, 0)
			}
		}
		for n := range 6 {
			s.write(fmt.Sprint(6-n), x+float64(n)*30, y+190, 16, grey, 0)
		}
	}
	s.save(path)
}

func heat(path string) {
	s := newSheet(880, 300, paper)
	s.write("油温：看油、看烟、看筷子", 40, 52, 24, ink, -1)
	for i, z := range []struct {
		degrees, name, sign string
		c                   color.RGBA
	}{
		{"90–120 度", "三成热", "油面平静，筷子边偶有小泡", color.RGBA{0xf0, 0xcf, 0x8a, 0xff}},
		{"130–160 度", "五成热", "油面微动，筷子边泡成串", sand},
		{"170–200 度", "七成热", "有青烟，泡又急又密", color.RGBA{0xdf, 0x84, 0x45, 0xff}},
		{"210 度以上", "过热", "烟大发苦，立刻关火", red},
	} {
		x := float64(40 + i*202)
		s.box(x, 84, 194, 62, 8, z.c)
		s.write(z.degrees, x+97, 124, 24, white, 0)
		s.write(z.name, x+97, 184, 24, ink, 0)
		s.write(z.sign[:len(string([]rune(z.sign)[:6]))], x+97, 222, 18, grey, 0)
		s.write(z.sign[len(string([]rune(z.sign)[:6])):], x+97, 250, 18, grey, 0)
	}
	s.save(path)
}

func onePage(path string) {
	s := newSheet(760, 470, paper)
	s.box(60, 30, 640, 410, 12, white)
	s.write("立项一页纸", 90, 78, 26, ink, -1)
	for i, row := range []string{"为谁", "解决什么", "做到什么算成", "不做什么", "谁负责 / 何时完"} {
		y := float64(108 + i*64)
		s.box(90, y, 580, 54, 8, color.RGBA{0xf2, 0xee, 0xe5, 0xff})
		s.box(90, y, 8, 54, 3, []color.RGBA{blue, blue, teal, red, sand}[i])
		s.write(row, 116, y+35, 20, ink, -1)
		s.line(330, y+36, 640, y+36, 2, pale)
	}
	s.save(path)
}

func join(path string) {
	s := newSheet(880, 330, paper)
	table := func(x float64, title string, rows []string, c color.RGBA) {
		s.box(x, 70, 220, 44, 8, c)
		s.write(title, x+110, 100, 20, white, 0)
		for i, r := range rows {
			y := float64(120 + i*46)
			s.box(x, y, 220, 40, 6, white)
			s.write(r, x+16, y+27, 18, ink, -1)
		}
	}
	s.write("左连接：左边一行都不少，右边没有的是空", 40, 46, 22, ink, -1)
	table(40, "learners 学员", []string{"1  小林", "2  小周", "3  小何"}, blue)
	table(330, "orders 订单", []string{"1  A001", "1  A002", "3  A003"}, teal)
	table(620, "结果", []string{"小林  A001", "小林  A002", "小周  NULL", "小何  A003"}, red)
	s.shape(grey, 300, 190, 282, 180, 282, 200)
	s.shape(grey, 600, 190, 582, 180, 582, 200)
	s.save(path)
}

// film draws the slides and joins them with sound: six slides of five seconds.
func film(dir string) {
	const w, h = 1280, 720
	tmp, err := os.MkdirTemp("", "film")
	check(err)
	defer os.RemoveAll(tmp)
	slide := func(n int, title, under string, picture func(s sheet)) {
		s := newSheet(w, h, paper)
		s.box(0, 0, 18, h, 0, red)
		s.write(fmt.Sprintf("%d / 6", n), 1200, 680, 22, grey, 1)
		s.write(title, 90, 150, 58, ink, -1)
		s.write(under, 92, 214, 30, grey, -1)
		picture(s)
		s.save(filepath.Join(tmp, fmt.Sprintf("%d.png", n)))
	}
	slide(1, "一门课，怎么学？", "三十秒，看懂这里的学习方式", func(s sheet) {
		s.box(440, 300, 400, 250, 20, ink)
		s.box(456, 316, 368, 218, 10, white)
		s.shape(red, 600, 370, 600, 480, 695, 425)
		s.box(360, 550, 560, 26, 13, grey)
	})
	slide(2, "先看大纲，再试看一节", "标着“试看”的课，不登录也能打开", func(s sheet) {
		for i, t := range []string{"第一节  试看", "第二节", "第三节  图文", "第四节"} {
			y := float64(280 + i*92)
			s.box(90, y, 820, 76, 14, white)
			s.disc(140, y+38, 17, []color.RGBA{red, pale, blue, pale}[i])
			s.write(t, 180, y+49, 30, ink, -1)
		}
		s.write("▶", 142, 328, 20, white, 0)
	})
	slide(3, "首月免费，再按月续", "也可以一次买断；付过的钱，有的课能抵", func(s sheet) {
		for i, b := range []struct {
			name, price string
			height      float64
			c           color.RGBA
		}{{"第一月", "¥0", 40, teal}, {"第二月", "¥200", 130, sand}, {"第三月", "¥300", 190, sand}, {"全款", "永久", 320, red}} {
			x := float64(130 + i*260)
			s.box(x, 600-b.height, 180, b.height, 12, b.c)
			s.write(b.price, x+90, 582-b.height, 34, ink, 0)
			s.write(b.name, x+90, 646, 28, grey, 0)
		}
	})
	slide(4, "手机停下，电脑接着看", "看到哪里，所有设备都记得", func(s sheet) {
		s.box(160, 290, 190, 360, 26, ink)
		s.box(174, 312, 162, 310, 8, white)
		s.box(520, 300, 560, 300, 18, ink)
		s.box(536, 316, 528, 268, 8, white)
		s.box(460, 600, 680, 24, 12, grey)
		for _, at := range [][3]float64{{188, 560, 134}, {570, 520, 460}} {
			s.box(at[0], at[1], at[2], 12, 6, pale)
			s.box(at[0], at[1], at[2]*0.62, 12, 6, red)
			s.disc(at[0]+at[2]*0.62, at[1]+6, 12, red)
		}
	})
	slide(5, "图文课可以慢慢读", "表格、代码、图片都在；附件可以下载", func(s sheet) {
		s.box(90, 270, 640, 400, 14, white)
		for i, l := range []float64{520, 560, 470, 540} {
			s.box(130, float64(310+i*40), l, 14, 7, pale)
		}
		s.box(130, 490, 560, 140, 10, ink)
		for i, l := range []float64{240, 330, 180} {
			s.box(158, float64(516+i*34), l, 12, 6, []color.RGBA{sand, teal, grey}[i])
		}
		s.box(820, 330, 300, 90, 14, blue)
		s.write("讲义.pdf", 970, 386, 30, white, 0)
		s.box(820, 450, 300, 90, 14, teal)
		s.write("练习表.xlsx", 970, 506, 30, white, 0)
	})
	slide(6, "到期会停，续上接着学", "学过的进度不会丢。现在，挑一门课开始吧", func(s sheet) {
		s.box(90, 400, 1060, 26, 13, pale)
		s.box(90, 400, 560, 26, 13, red)
		s.box(646, 360, 10, 106, 5, ink)
		s.write("到期", 651, 506, 28, ink, 0)
		s.box(760, 540, 390, 90, 45, red)
		s.write("续费，继续学习", 955, 597, 34, white, 0)
		s.write("已学 53%", 90, 380, 26, grey, -1)
	})
	sound := filepath.Join(tmp, "sound.wav")
	writeWAV(sound, melody(30))
	args := []string{"-v", "error", "-y"}
	filter := ""
	for n := 1; n <= 6; n++ {
		args = append(args, "-loop", "1", "-t", "5.5", "-r", "12", "-i", filepath.Join(tmp, fmt.Sprintf("%d.png", n)))
	}
	last := "0:v"
	for n := 1; n < 6; n++ {
		filter += fmt.Sprintf("[%s][%d:v]xfade=transition=slideleft:duration=0.5:offset=%d[v%d];", last, n, 5*n, n)
		last = fmt.Sprintf("v%d", n)
	}
	args = append(args, "-i", sound, "-filter_complex", filter+"["+last+"]format=yuv420p[v]", "-map", "[v]", "-map", "6:a", "-t", "30",
		"-c:v", "libx264", "-preset", "medium", "-tune", "stillimage", "-crf", "26", "-profile:v", "main", "-g", "48",
		"-c:a", "aac", "-b:a", "64k", "-ac", "1", "-movflags", "+faststart", "-map_metadata", "-1", filepath.Join(dir, "film.mp4"))
	run("ffmpeg", args...)
	run("ffmpeg", "-v", "error", "-y", "-i", filepath.Join(tmp, "1.png"), "-vf", "scale=960:-2", "-q:v", "5", filepath.Join(dir, "film.jpg"))
}

func run(name string, args ...string) {
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		log.Fatalf("%s: %v: %s", name, err, out)
	}
}

const rate = 44100

// pluck adds the sound of a plucked string (Karplus and Strong) from a second on.
func pluck(out []float64, at, hertz, seconds, loud float64, rnd *rand.Rand) {
	n := int(rate/hertz - 0.5)
	ring := make([]float64, n)
	for i := range ring {
		ring[i] = rnd.Float64()*2 - 1
	}
	for range 3 { // a soft finger
		for i := range ring {
			ring[i] = (ring[i] + ring[(i+1)%n]) / 2
		}
	}
	from := int(at * rate)
	for i := range int(seconds * rate) {
		if from+i >= len(out) {
			return
		}
		v := ring[i%n]
		ring[i%n] = 0.998 * (v + ring[(i+1)%n]) / 2
		out[from+i] += v * loud * math.Min(1, float64(int(seconds*rate)-i)/4000)
	}
}

func midi(note int) float64 { return 440 * math.Pow(2, float64(note-69)/12) }

// melody is four broken chords, again and again.
func melody(seconds float64) []float64 {
	out, rnd := make([]float64, int(seconds*rate)), rand.New(rand.NewPCG(1, 2))
	chords := [][]int{{48, 55, 60, 64, 67, 64, 60, 55}, {45, 52, 57, 60, 64, 60, 57, 52}, {41, 48, 53, 57, 60, 57, 53, 48}, {43, 50, 55, 59, 62, 59, 55, 50}}
	beat := 0.3125
	for n := 0; float64(n)*beat < seconds-2.2; n++ {
		pluck(out, 0.1+float64(n)*beat, midi(chords[n/8%4][n%8]), 2.5, 0.3, rnd)
	}
	for i, note := range []int{48, 55, 60, 64, 72} {
		pluck(out, seconds-2.1+float64(i)*0.06, midi(note), 2, 0.3, rnd)
	}
	return out
}

// tune is the open strings of a guitar, from the sixth to the first, each three times, then all.
func tune(dir string) {
	out, rnd := make([]float64, 34*rate), rand.New(rand.NewPCG(3, 4))
	strings := []int{40, 45, 50, 55, 59, 64}
	for i, note := range strings {
		for n := range 3 {
			pluck(out, 0.3+float64(i)*5+float64(n)*1.5, midi(note), 2.2, 0.5, rnd)
		}
	}
	for i, note := range strings {
		pluck(out, 30.6+float64(i)*0.12, midi(note), 2.6, 0.35, rnd)
	}
	path := filepath.Join(os.TempDir(), "tune.wav")
	writeWAV(path, out)
	run("ffmpeg", "-v", "error", "-y", "-i", path, "-c:a", "aac", "-b:a", "64k", "-ac", "1", "-map_metadata", "-1", "-movflags", "+faststart", filepath.Join(dir, "tune.m4a"))
}

func writeWAV(path string, samples []float64) {
	b := []byte("RIFF\x00\x00\x00\x00WAVEfmt ")
	b = binary.LittleEndian.AppendUint32(b, 16)
	b = binary.LittleEndian.AppendUint16(b, 1)
	b = binary.LittleEndian.AppendUint16(b, 1)
	b = binary.LittleEndian.AppendUint32(b, rate)
	b = binary.LittleEndian.AppendUint32(b, rate*2)
	b = binary.LittleEndian.AppendUint16(b, 2)
	b = binary.LittleEndian.AppendUint16(b, 16)
	b = append(b, "data"...)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(samples)*2))
	for _, v := range samples {
		b = binary.LittleEndian.AppendUint16(b, uint16(int16(math.Max(-1, math.Min(1, v))*32000)))
	}
	binary.LittleEndian.PutUint32(b[4:], uint32(len(b)-8))
	check(os.WriteFile(path, b, 0o600))
}
