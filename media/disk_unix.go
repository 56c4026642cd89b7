//go:build unix

package media

import (
	"math"

	"golang.org/x/sys/unix"
)

// FreeDisk is how many bytes a process of this user may still write beside what is in a folder.
func FreeDisk(dir string) (int64, error) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return 0, err
	}
	return int64(min(uint64(s.Bavail)*uint64(s.Bsize), math.MaxInt64)), nil
}
