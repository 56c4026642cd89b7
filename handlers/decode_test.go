package handlers

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"mstm/handlers/rest"
)

func TestABodyOfAnotherKindOrSizeIsRefused(t *testing.T) {
	w := newWorld(t)
	send := func(body io.Reader, headers ...string) answer {
		r, _ := http.NewRequest("POST", w.url+"/api/login", body)
		for i := 0; i+1 < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
		}
		return w.send(r)
	}
	big := `{"username":"` + strings.Repeat("a", rest.MaxBody) + `"}`
	chunked := struct{ io.Reader }{strings.NewReader(big)} // hides the length, so it is sent in chunks
	send(strings.NewReader(big), "Content-Type", "application/json").is(413, "BODY_TOO_LARGE")
	send(chunked, "Content-Type", "application/json").is(413, "BODY_TOO_LARGE")
	send(strings.NewReader(`{}`)).is(415, "UNSUPPORTED_MEDIA_TYPE")
	send(strings.NewReader(`username=lin`), "Content-Type", "application/x-www-form-urlencoded").is(415, "UNSUPPORTED_MEDIA_TYPE")
	send(strings.NewReader(`{}`), "Content-Type", "application/json; charset=gbk").is(415, "UNSUPPORTED_MEDIA_TYPE")
	send(strings.NewReader(`x`), "Content-Type", "application/json", "Content-Encoding", "gzip").is(415, "UNSUPPORTED_MEDIA_TYPE")
	send(strings.NewReader(`{"username":"a","password":"b"}`), "Content-Type", "application/json; charset=UTF-8").is(401, "WRONG_CREDENTIALS")
}
