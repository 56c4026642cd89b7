//go:build ignore

package main

import (
	"fmt"
	"image/color"
	"math"
)

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

// banner is for the front page: books, a lamp and a window over a desk, with room on the left for the title.
func banner(path string) {
	night := color.RGBA{0x1f, 0x4d, 0x3f, 0xff}
	dusk := color.RGBA{0x2b, 0x66, 0x55, 0xff}
	s := newSheet(1200, 400, night)
	for i := range 5 { // hills
		x := float64(i) * 300
		s.disc(x, 470, 230, dusk)
	}
	s.box(700, 60, 220, 200, 16, sand) // the window with its evening
	s.box(712, 72, 196, 176, 8, color.RGBA{0xf3, 0xd9, 0xa4, 0xff})
	s.disc(850, 130, 30, red)
	s.line(810, 72, 810, 248, 8, sand)
	s.line(712, 160, 908, 160, 8, sand)
	s.box(0, 330, 1200, 70, 0, color.RGBA{0x14, 0x33, 0x2a, 0xff}) // the desk
	x := 640.0
	for i, c := range []color.RGBA{red, sand, teal, paper, blue, sand} { // books, standing
		w, h := float64(24+i%3*10), float64(96+i*37%60)
		s.box(x, 330-h, w, h, 4, c)
		s.line(x+5, 330-h+18, x+w-5, 330-h+18, 3, night)
		x += w + 5
	}
	for i, c := range []color.RGBA{blue, paper, teal} { // books, lying
		s.box(870-float64(i*6), 330-float64(i+1)*26, 150, 24, 5, c)
	}
	s.line(1100, 330, 1060, 210, 8, sand) // the lamp
	s.line(1060, 210, 1120, 140, 8, sand)
	s.shape(sand, 1084, 150, 1132, 112, 1168, 186, 1092, 204)
	s.box(1066, 322, 70, 10, 5, sand)
	s.shape(color.NRGBA{0xf3, 0xd9, 0xa4, 0x40}, 1092, 204, 1168, 186, 1230, 330, 1010, 330)
	s.save(path)
}
