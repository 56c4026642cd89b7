package hub_test

import (
	"net/http"
	"testing"

	"github.com/gorilla/websocket"

	"mstm/hub/hubtest"
)

func TestTooManyHandshakesAreSentAwayWithATime(t *testing.T) {
	in := prepare(t, embedded(t))
	in.Narrow(3)
	in.run(t)
	for range 3 {
		hubtest.Dial(t, in.url, "")
	}
	for range 10 {
		page := hubtest.Connect(t, in.url, hubtest.Options{Header: http.Header{"Origin": {in.url}}})
		end := page.Ended(soon)
		if end.Code != 4103 || end.Word != "TRY_LATER" || end.RetryMS < 100 {
			t.Fatalf("the page got %+v", end)
		}
		_, res, err := hubtest.Try(in.url, hubtest.Options{})
		if err == nil || res.StatusCode != http.StatusServiceUnavailable || res.Header.Get("Retry-After") == "" {
			t.Fatalf("a program got %v, %+v", err, res)
		}
	}
	if st := in.Stats(); st.Delayed != 20 || st.Sockets != 3 {
		t.Errorf("stats %+v", st)
	}
	_, _, err := hubtest.Try(in.url, hubtest.Options{Header: http.Header{"Origin": {"https://evil.example"}}})
	if err != websocket.ErrBadHandshake {
		t.Errorf("a foreign page got %v", err)
	}
}
