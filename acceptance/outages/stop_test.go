package outages

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"mstm/acceptance/shoptest"
	"mstm/hub/hubtest"
)

// shopProcess starts a shop in a process of its own, all embedded but for WeChat, which is
// another shop's sandbox. Its folder's path is short enough for the socket in it.
func shopProcess(t *testing.T, wechat *shoptest.Shop) *shoptest.Process {
	t.Helper()
	dir, err := os.MkdirTemp("", "mstm-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	p := shoptest.NewProcess(t, dir, shoptest.SandboxEnv(t, wechat)...)
	p.Start()
	return p
}

// TestAStoppedShopFinishesWhatItBeganAndForgetsNothing sends SIGTERM in the middle of a
// placing: it is answered, the open page is asked to come back, the process ends well, and the
// next one on the same folder knows everything.
func TestAStoppedShopFinishesWhatItBeganAndForgetsNothing(t *testing.T) {
	wechat := shoptest.Start(t)
	shop := shopProcess(t, wechat)
	learner := shop.Register()
	learner.Put("/api/cart/go1", obj{"policy_id": "go1full"}).Want(200)
	page := hubtest.Dial(t, shop.Url+"/ws", learner.Token)

	wechat.Faults(obj{"api": []obj{{"api": "native", "delay_ms": 3000, "times": 1}}})
	answered := make(chan shoptest.Answer, 1)
	buyer := learner.With("Idempotency-Key", "in-the-middle")
	body := shoptest.CourseOrder("go1", "go1full", 99900)
	go func() {
		a, err := buyer.Try("POST", "/api/orders", body)
		if err != nil {
			t.Error(err)
		}
		answered <- a
	}()
	shoptest.Eventually(t, time.Minute, func() error {
		if all := learner.Orders(); len(all) == 1 && len(wechat.Trades(all[0].ID)) == 1 {
			return nil
		}
		return fmt.Errorf("WeChat has not heard of it")
	})
	shop.Signal(syscall.SIGTERM)
	before := <-answered
	before.Want(201)
	if end := page.Ended(time.Minute); end.Code != 4101 || end.RetryMS <= 0 {
		t.Errorf("the page was closed with %+v, not asked to come back", end)
	}
	shop.AwaitEnd()
	if shop.Err != nil {
		t.Errorf("the shop ended with %v\n%s", shop.Err, shop.Log)
	}

	shop.Start()
	if again := buyer.Post("/api/orders", body).Want(201); string(again.Body) != string(before.Body) {
		t.Errorf("the same key was answered %s before the stop and %s after it", before.Body, again.Body)
	}
	if cart := learner.Get("/api/cart").Want(200); !strings.Contains(string(cart.Body), "go1full") {
		t.Errorf("the cart is %s", cart.Body)
	}
	var placed shoptest.Placed
	before.Into(&placed)
	wechat.Scan(placed.Payment)
	learner.Await(placed.Order.ID, "fulfilled")
	learner.WantOpenedOnce(placed.Order.ID, "go1")
}

// slowLogin begins a login with a body of so many bytes, none of which it sends, and returns once the shop waits for them.
func slowLogin(t *testing.T, url string, length int) (net.Conn, *bufio.Reader) {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	fmt.Fprintf(conn, "POST /api/login HTTP/1.1\r\nHost: shop\r\nContent-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n", length)
	answers := bufio.NewReader(conn)
	for _, want := range []string{"HTTP/1.1 100 Continue\r\n", "\r\n"} {
		if line, err := answers.ReadString('\n'); err != nil || line != want {
			t.Fatalf("before its body the request was answered %q, %v", line, err)
		}
	}
	return conn, answers
}

// TestASlowRequestDoesNotCostThePagesTheirWord stops a shop that is still receiving a request: the open page
// is asked to come back at once, and the request is answered.
func TestASlowRequestDoesNotCostThePagesTheirWord(t *testing.T) {
	shop := shopProcess(t, shoptest.Start(t))
	page := hubtest.Dial(t, shop.Url+"/ws", shop.Register().Token)
	body := `{"username":"nobody","password":"a-long-enough-password"}`
	conn, answers := slowLogin(t, shop.Url, len(body))
	fmt.Fprint(conn, body[:10])
	shop.Signal(syscall.SIGTERM)
	if end := page.Ended(time.Minute); end.Code != 4101 || end.RetryMS <= 0 {
		t.Errorf("the page was closed with %+v, not asked to come back", end)
	}
	fmt.Fprint(conn, body[10:])
	answer, err := answers.ReadString('\n')
	if err != nil || !strings.Contains(answer, "401") {
		t.Errorf("the request was answered %q, %v", answer, err)
	}
	shop.AwaitEnd()
	if shop.Err != nil {
		t.Errorf("the shop ended with %v\n%s", shop.Err, shop.Log)
	}
}

// TestStop_BodyThatTrickles_ExitsZeroInTime stops a shop to which a client goes on sending a request byte by byte.
func TestStop_BodyThatTrickles_ExitsZeroInTime(t *testing.T) {
	shop := shopProcess(t, shoptest.Start(t))
	conn, _ := slowLogin(t, shop.Url, 1000)
	fmt.Fprint(conn, "{")
	began := time.Now()
	shop.Signal(syscall.SIGTERM)
	go func() {
		for {
			if _, err := conn.Write([]byte(" ")); err != nil {
				return
			}
			time.Sleep(100 * time.Millisecond)
		}
	}()
	shop.AwaitEnd()
	if took := time.Since(began); shop.Err != nil || took > 10*time.Second {
		t.Errorf("the shop ended after %s with %v\n%s", took, shop.Err, shop.Log)
	}
}

// TestASecondShopOnTheSameFolderIsRefused starts one on the data of one that runs.
func TestASecondShopOnTheSameFolderIsRefused(t *testing.T) {
	wechat := shoptest.Start(t)
	first := shopProcess(t, wechat)
	second := shoptest.NewProcess(t, first.Dir, shoptest.SandboxEnv(t, wechat)...)
	second.Launch()
	second.AwaitEnd()
	if second.Cmd.ProcessState.ExitCode() != 1 {
		t.Errorf("the second shop ended with %v", second.Err)
	}
	for _, word := range []string{"in use by another process", first.Dir, "DATA_DIR"} {
		if !strings.Contains(second.Log.String(), word) {
			t.Errorf("it does not say %q: %s", word, second.Log)
		}
	}
	first.As("").Get("/api/courses?limit=1").Want(200)
}

// TestTheEmbeddedStoresAreClosedToOtherUsers looks at every door of a running shop: files that only
// this user may enter, and TCP listeners on this machine alone that are the shop's, the
// sandbox's, or ask for a password.
func TestTheEmbeddedStoresAreClosedToOtherUsers(t *testing.T) {
	shop := shopProcess(t, shoptest.Start(t))
	for _, name := range []string{"", "mongo"} {
		info, err := os.Stat(filepath.Join(shop.Dir, name))
		if err != nil || info.Mode().Perm() != 0o700 {
			t.Errorf("the folder %q may be entered by others: %v %v", name, info.Mode(), err)
		}
	}
	if _, err := os.Stat(filepath.Join(shop.Dir, "mongo", "mongo.sock")); err != nil {
		t.Errorf("MongoDB's socket is not in that folder: %v", err)
	}
	doors := listeners(t, shop.Cmd.Process.Pid)
	if len(doors) != 3 {
		t.Errorf("the shop listens at %q; the pages, the sandbox and Redis were to be expected", doors)
	}
	for _, addr := range doors {
		if host, _, _ := net.SplitHostPort(addr); host != "127.0.0.1" {
			t.Errorf("%s can be reached from elsewhere", addr)
		}
		if "http://"+addr != shop.Url && "http://"+addr != shop.Sandbox {
			wantPassword(t, addr)
		}
	}
}

// wantPassword wants a Redis to refuse a client without the password.
func wantPassword(t *testing.T, addr string) {
	t.Helper()
	conn, err := net.DialTimeout("tcp", addr, 10*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second)) // a failure shows in what follows
	if _, err := conn.Write([]byte("KEYS *\r\n")); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err == nil && !strings.HasPrefix(line, "-NOAUTH") {
		t.Errorf("%s answers a stranger %q", addr, line)
	}
}

// listeners are the TCP addresses at which a process listens, from Linux's /proc.
func listeners(t *testing.T, pid int) (addrs []string) {
	t.Helper()
	fds, err := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
	if err != nil || len(fds) == 0 {
		t.Skip("there is no /proc to look into; this part of the test needs Linux")
	}
	mine := map[string]bool{}
	for _, fd := range fds {
		target, _ := os.Readlink(fd) // it may be closed by now
		if inode, ok := strings.CutPrefix(target, "socket:["); ok {
			mine[strings.TrimSuffix(inode, "]")] = true
		}
	}
	for _, table := range []string{"tcp", "tcp6"} {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/net/%s", pid, table))
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			if f := strings.Fields(line); len(f) > 9 && f[3] == "0A" && mine[f[9]] {
				addrs = append(addrs, socketAddr(t, f[1]))
			}
		}
	}
	return addrs
}

// socketAddr reads an address as the kernel writes it: the bytes backwards, then the port.
func socketAddr(t *testing.T, text string) string {
	t.Helper()
	ip, port, _ := strings.Cut(text, ":")
	raw, err := hex.DecodeString(ip)
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.ParseUint(port, 16, 16)
	if err != nil {
		t.Fatal(err)
	}
	host := "::" + ip // an IPv6 listener is none of ours
	if len(raw) == 4 {
		host = net.IPv4(raw[3], raw[2], raw[1], raw[0]).String()
	}
	return net.JoinHostPort(host, fmt.Sprint(n))
}
