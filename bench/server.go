package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// server is a process under measurement.
type server struct {
	name     string
	addr     string // host:port
	hello    func(i int) string
	greeting string // in the frame that answers hello
	// request makes the POST that broadcasts a payload.
	request func(payload []byte) *http.Request

	cmd *exec.Cmd
	log *os.File
}

// launch starts a program and waits until it accepts connections. What it logs goes to a file
// beside it.
func launch(addr, program string, env []string, args ...string) (*exec.Cmd, *os.File, error) {
	log, err := os.OpenFile(program+".log", os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, nil, err
	}
	cmd := exec.Command(program, args...)
	cmd.Env, cmd.Stdout, cmd.Stderr = env, log, log
	cmd.Dir = filepath.Dir(program)
	if err := cmd.Start(); err != nil {
		return nil, log, err
	}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		conn, err := net.Dial("tcp", addr)
		if err == nil {
			return cmd, log, conn.Close()
		}
		if time.Now().After(deadline) {
			cmd.Process.Kill()
			cmd.Wait()
			return nil, log, fmt.Errorf("%s does not answer on %s; see %s", program, addr, log.Name())
		}
	}
}

// stop ends the process politely, or after a while not.
func (s *server) stop() {
	s.cmd.Process.Signal(os.Interrupt)
	late := time.AfterFunc(20*time.Second, func() { s.cmd.Process.Kill() })
	s.cmd.Wait() // what it exits with does not matter here
	late.Stop()
	s.log.Close()
}

// broadcast publishes one payload of size bytes to everybody.
func (s *server) broadcast(size int) error {
	_, err := ask(s.request(payload(size)))
	return err
}

// client keeps its connections, as a marketer's program would.
var client = &http.Client{
	Timeout: 2 * time.Minute, Transport: &http.Transport{MaxIdleConnsPerHost: 32},
}

// ask sends a request and returns the body of its answer, which has to be 2xx.
func ask(req *http.Request) ([]byte, error) {
	res, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode/100 != 2 {
		err = fmt.Errorf("%s %s was answered %s: %s", req.Method, req.URL.Path, res.Status, body)
	}
	return body, err
}

func newRequest(method, url, token string, body []byte) *http.Request {
	req, err := http.NewRequest(method, url, bytes.NewReader(body))
	if err != nil {
		panic(err) // a bug: the URLs are ours
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	return req
}

// cpu is the processor time that the process has used, in user mode and in the kernel
// (proc_pid_stat(5), fields 14 and 15, hundredths of a second).
func (s *server) cpu() (time.Duration, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	// The second field is the name in parentheses, which may hold anything.
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	if len(fields) < 13 {
		return 0, errors.New("/proc/PID/stat is too short")
	}
	user, err1 := strconv.ParseInt(fields[11], 10, 64)
	system, err2 := strconv.ParseInt(fields[12], 10, 64)
	return time.Duration(user+system) * 10 * time.Millisecond, errors.Join(err1, err2)
}

// resident is the process's resident memory in bytes (VmRSS).
func (s *server) resident() (int64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(status)) {
		if kb, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			n, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(kb), " kB"), 10, 64)
			return n << 10, err
		}
	}
	return 0, errors.New("/proc/PID/status has no VmRSS")
}

// freeAddr is an address without a listener.
func freeAddr() (string, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer ln.Close()
	return ln.Addr().String(), nil
}
