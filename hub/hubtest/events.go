package hubtest

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
)

// Events is how a test asks for an event stream.
type Events struct {
	Token       string
	Topics      string // with commas between
	Since       string // JSON, as an event's id
	LastEventID string // likewise
	Header      http.Header
	Client      *http.Client // nil: http.DefaultClient
}

// Open asks url (of /api/events itself) for the stream and returns the answer, whatever it is. The end
// of ctx, or closing the body, cuts the stream.
func (e Events) Open(ctx context.Context, url string) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, e.at(url), nil)
	if err != nil {
		return nil, err
	}
	for name, values := range e.Header {
		r.Header[name] = values
	}
	if e.Token != "" {
		r.Header.Set("Authorization", "Bearer "+e.Token)
	}
	if e.LastEventID != "" {
		r.Header.Set("Last-Event-ID", e.LastEventID)
	}
	client := e.Client
	if client == nil {
		client = http.DefaultClient
	}
	return client.Do(r)
}

func (e Events) at(base string) string {
	query := url.Values{}
	if e.Topics != "" {
		query.Set("topics", e.Topics)
	}
	if e.Since != "" {
		query.Set("since", e.Since)
	}
	return base + "?" + query.Encode()
}

// Listen opens the stream and waits for ready. It is cut when the test ends.
func (e Events) Listen(t testing.TB, url string) *Client {
	t.Helper()
	c := e.Connect(t, url)
	c.Ready()
	return c
}

// Connect opens the stream and nothing more.
func (e Events) Connect(t testing.TB, url string) *Client {
	t.Helper()
	ctx, cut := context.WithCancel(context.Background())
	t.Cleanup(cut)
	res, err := e.Open(ctx, url)
	if err != nil {
		t.Fatalf("open the stream %s: %v", url, err)
	}
	if res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != "text/event-stream" {
		res.Body.Close()
		t.Fatalf("open the stream %s: %s %s", url, res.Status, res.Header.Get("Content-Type"))
	}
	c := &Client{t: t, cut: cut, news: make(chan struct{})}
	t.Cleanup(c.reportFaults)
	go c.listen(res.Body)
	return c
}

// LastEventID is the id of the latest event that had one.
func (c *Client) LastEventID() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.lastID
}

// listen keeps all that comes, read as WHATWG HTML §9.2.6 says. A comment is kept as a frame of
// the op comment, a retry as one of the op retry.
func (c *Client) listen(body io.ReadCloser) {
	defer body.Close()
	lines := bufio.NewReader(body)
	var data, kind, id string
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			c.note(nil, &Closed{}) // after close this changes nothing
			return
		}
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ":")
		value = strings.TrimPrefix(value, " ")
		switch {
		case line == "\n":
			c.dispatch(kind, id, data)
			data, kind, id = "", "", ""
		case name == "":
			c.note(&Frame{Op: "comment", Detail: value}, nil)
		case name == "data":
			data += value
		case name == "event":
			kind = value
		case name == "id":
			id = value
		case name == "retry":
			ms, _ := strconv.ParseInt(value, 10, 64)
			c.note(&Frame{Op: "retry", RetryMS: ms}, nil)
		default:
			c.note(&Frame{Op: "unreadable", Detail: line}, nil)
		}
	}
}

// dispatch takes one event. A close event is how the stream ended.
func (c *Client) dispatch(kind, id, data string) {
	if data == "" {
		return // a comment's empty line
	}
	f := readFrame([]byte(data))
	if (kind == "close") != (f.Op == "close") {
		f.Op = "unreadable"
	}
	if id != "" {
		c.mu.Lock()
		c.lastID = id
		c.mu.Unlock()
	}
	if f.Op != "close" {
		c.note(f, nil)
		return
	}
	c.note(f, &Closed{Code: f.Status, Word: f.Code, RetryMS: f.RetryMS})
}
