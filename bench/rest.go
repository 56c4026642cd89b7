package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

const (
	readers  = 16 // connections that read side by side
	readTime = 4 * time.Second
)

// measureREST compares two reads of the shop with the floor answering the same bytes: the
// catalogue with bytes that are ready, a cart with one round trip to Redis.
func measureREST(st *site, putFloor, put func(quantity string, v float64)) error {
	bodies, err := st.readShop(put)
	if err != nil {
		return err
	}
	floor, err := st.start("floor")
	if err != nil {
		return err
	}
	defer floor.stop()
	for quantity, path := range map[string]string{"catalogue": "/bytes", "cart": "/redis"} {
		if _, err := ask(newRequest("PUT", "http://"+floor.addr+"/bytes", "", bodies[quantity])); err != nil {
			return err
		}
		if err := floor.read(quantity, path, "", putFloor); err != nil {
			return err
		}
	}
	return nil
}

// readShop measures the shop and returns what it answered.
func (st *site) readShop(put func(string, float64)) (bodies map[string][]byte, err error) {
	s, err := st.start("mstm")
	if err != nil {
		return nil, err
	}
	defer s.stop()
	learner := st.tokens[0]
	for _, course := range []string{"go1", "ts1", "db1"} {
		if _, err := ask(newRequest("PUT", "http://"+s.addr+"/api/cart/"+course, learner, []byte("{}"))); err != nil {
			return nil, err
		}
	}
	bodies = map[string][]byte{}
	for quantity, path := range map[string]string{"catalogue": "/api/courses", "cart": "/api/cart"} {
		token := learner
		if quantity == "catalogue" {
			token = ""
		}
		if bodies[quantity], err = ask(newRequest("GET", "http://"+s.addr+path, token, nil)); err != nil {
			return nil, err
		}
		if err := s.read(quantity, path, token, put); err != nil {
			return nil, err
		}
	}
	return bodies, nil
}

// read asks for one path on some connections for a while and puts how many requests the server
// answers in a second of its processor time.
func (s *server) read(quantity, path, token string, put func(string, float64)) error {
	if _, err := s.ask(path, token, readTime/4); err != nil { // warms up
		return err
	}
	before, err := s.cpu()
	if err != nil {
		return err
	}
	n, err := s.ask(path, token, readTime)
	if err != nil {
		return err
	}
	after, err := s.cpu()
	put(quantity, float64(n)/(after-before).Seconds())
	return err
}

// ask repeats one GET on all connections and counts the answers.
func (s *server) ask(path, token string, d time.Duration) (int64, error) {
	head := "GET " + path + " HTTP/1.1\r\nHost: " + s.addr + "\r\n"
	if token != "" {
		head += "Authorization: Bearer " + token + "\r\n"
	}
	var n atomic.Int64
	failed := make([]error, readers)
	end := time.Now().Add(d)
	var all sync.WaitGroup
	for i := range readers {
		all.Go(func() {
			failed[i] = askAgainAndAgain(s.addr, []byte(head+"\r\n"), end, &n)
		})
	}
	all.Wait()
	return n.Load(), errors.Join(failed...)
}

func askAgainAndAgain(addr string, request []byte, end time.Time, n *atomic.Int64) error {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	in := bufio.NewReaderSize(conn, 16<<10)
	for time.Now().Before(end) {
		if _, err := conn.Write(request); err != nil {
			return err
		}
		res, err := http.ReadResponse(in, nil)
		if err != nil {
			return err
		}
		if res.StatusCode != http.StatusOK {
			return fmt.Errorf("%s answered %s", addr, res.Status)
		}
		if _, err := io.Copy(io.Discard, res.Body); err != nil {
			return err
		}
		n.Add(1)
	}
	return nil
}
