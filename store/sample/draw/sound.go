//go:build ignore

package main

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
)

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
