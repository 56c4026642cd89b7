//go:build !linux

package media

// limitCores does nothing here: ffmpeg's own limit of threads has to do.
func limitCores(int, int) {}
