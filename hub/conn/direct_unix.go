//go:build unix

package conn

import (
	"net"
	"syscall"
)

// directWrites gives access to the socket's own write call. Only plain connections have it:
// under TLS a write is more than one.
func directWrites(c net.Conn) syscall.RawConn {
	switch c := c.(type) {
	case *net.TCPConn:
		raw, _ := c.SyscallConn()
		return raw
	case *net.UnixConn:
		raw, _ := c.SyscallConn()
		return raw
	}
	return nil
}

// writeNow writes once and never waits: true asks the runtime not to.
func (b *writeBuffer) writeNow(fd uintptr) bool {
	for {
		n, err := writeOnce(fd, b.data)
		switch {
		case err == syscall.EINTR:
			continue
		case err == syscall.EAGAIN:
			return true
		}
		b.n, b.err = max(n, 0), err
		return true
	}
}
