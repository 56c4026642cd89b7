//go:build unix && !linux

package hub

import "syscall"

// writeOnce is write(2). Other systems allow raw calls to nobody but their own library.
func writeOnce(fd uintptr, p []byte) (int, error) { return syscall.Write(int(fd), p) }
