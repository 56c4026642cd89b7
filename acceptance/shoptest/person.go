package shoptest

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"io"
	"net/http"
	"testing"
	"time"

	"mstm/handlers/contracttest"
	"mstm/hub/hubtest"
)

// Person is an account, or a visitor without one, that talks to a shop over HTTP.
type Person struct {
	T      testing.TB
	Url    string
	Name   string
	Token  string
	Header http.Header

	Patient bool // tries again for a minute where the shop is busy
}

// Answer is what a person was answered.
type Answer struct {
	T      testing.TB
	What   string
	Status int
	Header http.Header
	Body   []byte
}

// Client sends all requests of tests; an answer that takes a minute is none.
var Client = &http.Client{Timeout: time.Minute}

// Password is every learner's.
const Password = "correct horse battery"

// Obj is a JSON object to be sent.
type Obj = map[string]any

// Login takes the token of a new session on a client: web, phone or wechat.
func (p *Person) Login(name, password, client string) *Person {
	p.T.Helper()
	var out struct {
		Token string `json:"token"`
	}
	p.Post("/api/login", Obj{"username": name, "password": password, "client": client}).Want(200).Into(&out)
	p.Token = out.Token
	return p
}

// Again logs in once more: tokens end after 30 days of the shop's clock.
func (p *Person) Again() { p.T.Helper(); p.Login(p.Name, Password, "web") }

// StaffAgain is again for a demo account: sessions of staff end after 12 hours without use.
func (p *Person) StaffAgain() { p.T.Helper(); p.Login(p.Name, p.Name+"-demo-password", "web") }

// At is the same person, with the same token, at another instance.
func (p *Person) At(s *Shop) *Person {
	c := *p
	c.Url = s.Url
	return &c
}

// Get sends a GET.
func (p *Person) Get(path string) Answer { p.T.Helper(); return p.Do("GET", path, nil) }

// Post sends a POST with a body of JSON.
func (p *Person) Post(path string, body any) Answer { p.T.Helper(); return p.Do("POST", path, body) }

// Put sends a PUT with a body of JSON.
func (p *Person) Put(path string, body any) Answer { p.T.Helper(); return p.Do("PUT", path, body) }

// Patch sends a PATCH with a body of JSON.
func (p *Person) Patch(path string, body any) Answer { p.T.Helper(); return p.Do("PATCH", path, body) }

// Del sends a DELETE.
func (p *Person) Del(path string) Answer { p.T.Helper(); return p.Do("DELETE", path, nil) }

// Do sends a request; body is JSON to be, or raw bytes.
func (p *Person) Do(method, path string, body any) Answer {
	p.T.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(100 * time.Millisecond) {
		a, err := p.Try(method, path, body)
		if err != nil {
			p.T.Fatal(err)
		}
		if a.Status != 503 || !p.Patient || time.Now().After(deadline) {
			return a
		}
	}
}

// Try is do for goroutines, where a test must not be ended.
func (p *Person) Try(method, path string, body any) (Answer, error) {
	raw, ok := body.([]byte)
	if !ok && body != nil {
		var err error
		if raw, err = json.Marshal(body); err != nil {
			return Answer{}, err
		}
	}
	req, err := http.NewRequest(method, p.Url+path, bytes.NewReader(raw))
	if err != nil {
		return Answer{}, err
	}
	for k, v := range p.Header {
		req.Header[k] = v
	}
	if raw != nil && req.Header.Get("Content-Type") == "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if p.Token != "" {
		req.Header.Set("Authorization", "Bearer "+p.Token)
	}
	res, err := Client.Do(req)
	if err != nil {
		return Answer{}, err
	}
	defer res.Body.Close()
	out, err := io.ReadAll(res.Body)
	if err == nil {
		asTheContractHasIt(p.T, contracttest.Exchange{Request: req, Sent: raw, Status: res.StatusCode, Header: res.Header, Body: out})
	}
	return Answer{p.T, method + " " + path, res.StatusCode, res.Header, out}, err
}

// With is the same person sending one more header.
func (p *Person) With(name, value string) *Person {
	c := *p
	c.Header = p.Header.Clone()
	c.Header.Set(name, value)
	return &c
}

// Anew is the same person sending a request that is no repeat: with an Idempotency-Key of its own.
func (p *Person) Anew() *Person { return p.With("Idempotency-Key", rand.Text()) }

// Want ends the test on another status.
func (a Answer) Want(status int) Answer {
	a.T.Helper()
	if a.Status != status {
		a.T.Fatalf("%s answered %d instead of %d: %s", a.What, a.Status, status, a.Body)
	}
	return a
}

// WantCode wants a refusal with a stable code.
func (a Answer) WantCode(status int, code string) Answer {
	a.T.Helper()
	a.Want(status)
	if got := a.Code(); got != code {
		a.T.Fatalf("%s answered code %q instead of %q: %s", a.What, got, code, a.Body)
	}
	return a
}

// Code is the error's stable code, "" where the answer is no problem document.
func (a Answer) Code() string {
	var p struct {
		Code string `json:"code"`
	}
	_ = json.Unmarshal(a.Body, &p)
	return p.Code
}

// Into decodes the body into v.
func (a Answer) Into(v any) {
	a.T.Helper()
	if err := json.Unmarshal(a.Body, v); err != nil {
		a.T.Fatalf("%s answered %s: %v", a.What, a.Body, err)
	}
}

// Socket opens a live page of the person.
func (p *Person) Socket() *hubtest.Client {
	p.T.Helper()
	return hubtest.Dial(p.T, p.Url+"/ws", p.Token)
}

// ID is the person's id.
func (p *Person) ID() string {
	p.T.Helper()
	var me struct {
		ID string `json:"id"`
	}
	p.Get("/api/me").Want(200).Into(&me)
	return me.ID
}

// Notice is a notice as a page reads it.
type Notice struct {
	ID    string `json:"id"`
	Kind  string `json:"kind"`
	Title string `json:"title"`
	Body  string `json:"body"`
	Link  string `json:"link"`
	Read  bool   `json:"read"`
}

// Notices counts the notices of a kind in the inbox.
func (p *Person) Notices(kind string) (n int) {
	p.T.Helper()
	var box struct {
		Items []struct {
			Kind string `json:"kind"`
		} `json:"items"`
	}
	p.Get("/api/notices?limit=100").Want(200).Into(&box)
	for _, i := range box.Items {
		if i.Kind == kind {
			n++
		}
	}
	return n
}

// WantNotices wants so many notices of a kind in the inbox.
func (p *Person) WantNotices(kind string, n int) {
	p.T.Helper()
	if got := p.Notices(kind); got != n {
		p.T.Fatalf("%d notices of kind %s, not %d", got, kind, n)
	}
}

// NoticesAbout counts the notices that lead to an order.
func (p *Person) NoticesAbout(order string) (n int) {
	p.T.Helper()
	var inbox struct {
		Items []struct{ Link string }
	}
	p.Get("/api/notices?limit=100").Want(200).Into(&inbox)
	for _, notice := range inbox.Items {
		if notice.Link == "/orders/"+order {
			n++
		}
	}
	return n
}

// Cart is the person's cart.
func (p *Person) Cart() (c Cart) {
	p.T.Helper()
	p.Get("/api/cart").Want(200).Into(&c)
	return c
}

// Cart is a cart as a page reads it.
type Cart struct {
	Version int64      `json:"version"`
	Lines   []CartLine `json:"lines"`
	Total   int64      `json:"total_fen"`
}

// CartLine is one course of a cart.
type CartLine struct {
	CourseID string `json:"course_id"`
	Title    string `json:"title"`
	PolicyID string `json:"policy_id"`
	Price    int64  `json:"price_fen"`
	Policies []struct {
		ID    string `json:"id"`
		Price int64  `json:"price_fen"`
	} `json:"policies"`
	Problem *struct {
		Code       string `json:"code"`
		Suggestion string `json:"suggestion"`
	} `json:"problem"`
}
