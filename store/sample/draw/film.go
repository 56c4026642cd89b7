//go:build ignore

package main

import (
	"fmt"
	"image/color"
	"os"
	"path/filepath"
)

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
