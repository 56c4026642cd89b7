package main

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
)

// site is what all rounds share: the programs, a Redis, and a shop's data with learners in it.
type site struct {
	dir      string
	redis    *server
	tokens   []string // of learners; several sockets share one
	marketer string   // a token that may publish
}

// newSite builds the programs, starts Redis and registers learners.
func newSite(dir string, learners int) (*site, error) {
	st := &site{dir: dir}
	for program, source := range map[string]string{"mstm": "..", "floor": "./floor", "centrifuge": "./centrifuge"} {
		if err := build(filepath.Join(dir, program), source); err != nil {
			return nil, err
		}
	}
	if err := st.startRedis(); err != nil {
		return nil, err
	}
	if err := st.openShop(learners); err != nil {
		st.close()
		return nil, err
	}
	return st, nil
}

// build is go build in the folder of the module that source belongs to.
func build(program, source string) error {
	cmd := exec.Command("go", "build", "-C", source, "-o", program, ".")
	cmd.Stderr = os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("build %s: %w", source, err)
	}
	return nil
}

func (st *site) startRedis() error {
	addr, err := freeAddr()
	if err != nil {
		return err
	}
	program, err := exec.LookPath("redis-server")
	if err != nil {
		return fmt.Errorf("a real Redis is needed: %w", err)
	}
	link := filepath.Join(st.dir, "redis-server") // its log then lies beside the others
	if err := os.Symlink(program, link); err != nil {
		return err
	}
	_, port, _ := net.SplitHostPort(addr)
	cmd, log, err := launch(addr, link, os.Environ(), "--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no")
	st.redis = &server{name: "redis", addr: addr, cmd: cmd, log: log}
	return err
}

func (st *site) close() { st.redis.stop() }

// openShop runs the shop once: the sample is put in, learners register, the marketer logs in.
// Their tokens are good in every later round.
func (st *site) openShop(learners int) error {
	s, err := st.start("mstm")
	if err != nil {
		return err
	}
	defer s.stop()
	if st.marketer, err = s.login("/api/login", "marketer", "marketer-demo-password"); err != nil {
		return err
	}
	st.tokens = make([]string, learners)
	var next atomic.Int64
	var failed atomic.Value
	var all sync.WaitGroup
	for range 2 { // the shop hashes no more passwords at once than there are processors
		all.Go(func() {
			for i := int(next.Add(1)) - 1; i < learners; i = int(next.Add(1)) - 1 {
				token, err := s.login("/api/register", fmt.Sprintf("bench%05d", i), "a password of the bench")
				if err != nil {
					failed.Store(err)
					return
				}
				st.tokens[i] = token
			}
		})
	}
	all.Wait()
	err, _ = failed.Load().(error)
	return err
}

// login logs in or registers, and returns the token.
func (s *server) login(path, name, password string) (string, error) {
	in, _ := json.Marshal(map[string]string{"username": name, "password": password})
	out, err := ask(newRequest("POST", "http://"+s.addr+path, "", in))
	if err != nil {
		return "", err
	}
	var session struct {
		Token string `json:"token"`
	}
	if err := json.Unmarshal(out, &session); err != nil || session.Token == "" {
		return "", fmt.Errorf("%s answered no token: %s", path, out)
	}
	return session.Token, nil
}

// start starts a server by name: floor, centrifuge, centrifuge tuned, mstm, mstm visitors. The last
// two differ in whether the sockets are logged in.
func (st *site) start(name string) (*server, error) {
	client.CloseIdleConnections() // those to the server before
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	s := &server{name: name, addr: addr, hello: func(int) string { return "" }}
	s.request = func(payload []byte) *http.Request {
		return newRequest("POST", "http://"+addr+"/publish", "", payload)
	}
	switch name {
	case "floor":
		err = s.run(st, "floor", os.Environ(), "-addr", addr, "-redis", st.redis.addr)
	case "centrifuge", "centrifuge tuned":
		s.hello = func(int) string { return `{"id":1,"connect":{}}` }
		s.greeting = `"connect":{`
		err = s.run(st, "centrifuge", os.Environ(), "-addr", addr, "-redis", st.redis.addr, fmt.Sprint("-tuned=", name == "centrifuge tuned"))
	case "mstm", "mstm visitors":
		s.request = st.publish(addr)
		s.greeting = `"op":"ready"`
		s.hello = func(int) string { return `{"op":"hello"}` }
		if name == "mstm" {
			s.hello = func(i int) string { return `{"op":"hello","token":"` + st.tokens[i%len(st.tokens)] + `"}` }
		}
		err = s.runShop(st)
	}
	return s, err
}

func (s *server) run(st *site, program string, env []string, args ...string) (err error) {
	s.cmd, s.log, err = launch(s.addr, filepath.Join(st.dir, program), env, args...)
	return err
}

// runShop runs the program as it is, with a real Redis and no caps.
func (s *server) runShop(st *site) error {
	sandbox, err := freeAddr()
	if err != nil {
		return err
	}
	env := []string{
		"ADDR=" + s.addr, "SANDBOX_ADDR=" + sandbox, "DATA_DIR=" + filepath.Join(st.dir, "data"),
		"REDIS_URL=redis://" + st.redis.addr, "HOME=" + st.dir, "PATH=" + os.Getenv("PATH"),
		"HUB_MAX_PER_USER=0", "HUB_MAX_PER_ADDRESS=0", "HUB_MAX_PER_INSTANCE=0",
	}
	if uri := os.Getenv("MONGODB_URI"); uri != "" {
		env = append(env, "MONGODB_URI="+uri)
	}
	if err := s.run(st, "mstm", env); err != nil {
		return err
	}
	return s.awaitReady()
}

// publish makes a broadcast through the API, as a marketer's program does.
func (st *site) publish(addr string) func([]byte) *http.Request {
	return func(payload []byte) *http.Request {
		body := append([]byte(`{"topic":"activity","type":"bench.tick","data":`), payload...)
		return newRequest("POST", "http://"+addr+"/api/hub/publish", st.marketer, append(body, '}'))
	}
}
