package wechat

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// Answered is called with each answer of WeChat's: the kind of call, of a few, and what it came to: "ok", WeChat's own code, the
// status where it gave none, or "none" where no answer came. It may be called from any goroutine.
type Answered func(call, code string)

func (a Answered) call(path, code string) {
	if a != nil {
		a(callOf(path), code)
	}
}

// calls are the beginnings of paths, the longer ones first, with a word for each.
var calls = []struct{ path, name string }{
	{"/v3/pay/transactions/native", "prepay"}, {"/v3/pay/transactions/jsapi", "prepay"}, {"/v3/pay/transactions/h5", "prepay"},
	{"/v3/pay/transactions/", "trade"}, {"/v3/refund/", "refund"}, {"/v3/bill", "bill"}, {"/v3/certificates", "certificates"},
	{"/cgi-bin/stable_token", "token"}, {"/cgi-bin/message/", "message"}, {"/cgi-bin/", "account"}, {"/sns/", "login"},
}

// callOf is the kind of a call; numbers of trades and people are not in it.
func callOf(path string) string {
	for _, c := range calls {
		if strings.HasPrefix(path, c.path) {
			return c.name
		}
	}
	return "other"
}

// mostCode is how much of an answer is read for its code: errors are a few hundred bytes.
const mostCode = 4 << 10

// codeOf is what an answer came to. What is read of its body for that is put back.
func codeOf(path string, res *http.Response) string {
	account := !strings.HasPrefix(path, "/v3/")
	if res.StatusCode < 300 && !account {
		return "ok"
	}
	head, _ := io.ReadAll(io.LimitReader(res.Body, mostCode)) // an error comes again where the rest is read
	res.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(head), res.Body), res.Body}
	var said struct {
		Code    string `json:"code"`
		ErrCode int    `json:"errcode"`
	}
	_ = json.Unmarshal(head, &said) // what is no error is no error
	switch {
	case account && said.ErrCode != 0:
		return strconv.Itoa(said.ErrCode)
	case !account && isCode(said.Code):
		return said.Code
	case res.StatusCode < 300:
		return "ok"
	}
	return strconv.Itoa(res.StatusCode)
}

// isCode keeps what is no code of WeChat's out of the metrics.
func isCode(s string) bool {
	return s != "" && len(s) <= 64 && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789") == ""
}
