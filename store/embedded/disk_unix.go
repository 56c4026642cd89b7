//go:build linux || darwin

package embedded

import (
	"math"
	"syscall"
)

// roomOn is how many bytes are free on the disk of a folder; very many where that is not known.
func roomOn(dir string) uint64 {
	var disk syscall.Statfs_t
	if err := syscall.Statfs(dir, &disk); err != nil {
		return math.MaxUint64
	}
	return disk.Bavail * uint64(disk.Bsize)
}
