package hub_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"mstm/hub"
	"mstm/hub/hubtest"
)

// plainNginx is a proxy as an administrator sets it up without a thought of streams: it buffers answers, and
// passes no upgrade on.
const plainNginx = `
daemon off; master_process off; pid %[1]s/pid; error_log %[1]s/error.log;
events {}
http {
  access_log off;
  client_body_temp_path %[1]s/b; proxy_temp_path %[1]s/p; fastcgi_temp_path %[1]s/f; uwsgi_temp_path %[1]s/u; scgi_temp_path %[1]s/s;
  server {
    listen %[2]s;
    location / { proxy_pass %[3]s; proxy_buffering on; gzip on; gzip_types *; }
  }
}
`

// startNginx puts a plain nginx in front of url, or skips the test where there is none.
func startNginx(t *testing.T, url string) (front string) {
	t.Helper()
	nginx, err := exec.LookPath("nginx")
	if err != nil {
		t.Skip("nginx is not installed: this test needs it")
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr, dir := free.Addr().String(), t.TempDir()
	free.Close()
	conf := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(conf, fmt.Appendf(nil, plainNginx, dir, addr, url), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(nginx, "-p", dir, "-c", conf, "-e", filepath.Join(dir, "error.log"))
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	eventually(t, "nginx listens", func() bool {
		conn, err := net.Dial("tcp", addr)
		if err == nil {
			conn.Close()
		}
		return err == nil
	})
	return "http://" + addr
}

// TestAStreamPassesAPlainNginx follows, gets a close event, and comes back, through a proxy that
// breaks WebSockets and buffers.
func TestAStreamPassesAPlainNginx(t *testing.T) {
	in := startDoors(t, embedded(t))
	front := startNginx(t, in.url)
	if _, _, err := hubtest.Try(front, hubtest.Options{}); err == nil {
		t.Error("a WebSocket passed: the test shows nothing")
	}
	es := hubtest.Events{Token: "alice/web/s1"}.Listen(t, front+"/api/events")
	in.publishNumbers(t, hub.UserTopic("alice"), 1, 1)
	wantNumbers(t, es, "user", 1, 1) // at once, not with the next bufferful
	in.publish(t, hub.UserTopic("alice"), "filler", strings.Repeat("x", 100<<10))
	es.Wait("filler", 2*soon)
	in.publishNumbers(t, hub.UserTopic("alice"), 2, 2)
	es.WaitFor("number 2", 2*soon, func(f hubtest.Frame) bool { return string(f.Data) == "2" })
	es.Close()
	eventually(t, "nginx has closed for the client that is gone", func() bool { return in.Stats().Sockets == 0 })
	in.publishNumbers(t, hub.UserTopic("alice"), 3, 5)
	again := hubtest.Events{Token: "alice/web/s1", LastEventID: es.LastEventID()}.Listen(t, front+"/api/events")
	wantNumbers(t, again, "user", 3, 5)
	in.End(t.Context(), "alice", "", "", hub.LoggedOut)
	if end := again.Ended(soon); end.Code != 4004 {
		t.Errorf("ended with %+v", end)
	}
}
