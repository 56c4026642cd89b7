package hub

import (
	"testing"
	"unsafe"
)

// TestASessionKeepsItsSizeClass: the allocator rounds 480 bytes to 480 and 488 to 512, for each idle socket.
func TestASessionKeepsItsSizeClass(t *testing.T) {
	if size := unsafe.Sizeof(session{}); size > 480 {
		t.Errorf("a session has %d bytes", size)
	}
}
