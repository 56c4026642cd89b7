//go:build !linux

package media

import "os/exec"

// diesWithUs does nothing here: ffmpeg ends when it has done its work.
func diesWithUs(*exec.Cmd) {}

// limitCores does nothing here: ffmpeg's own limit of threads has to do.
func limitCores(int, int) {}
