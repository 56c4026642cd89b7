//go:build unix && !linux

package conn

import "syscall"

// writeOnce is write(2). Other systems allow raw calls to their own library alone.
func writeOnce(fd uintptr, p []byte) (int, error) { return syscall.Write(int(fd), p) }
