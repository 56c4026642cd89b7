package payments

import (
	"bufio"
	"crypto/rand"
	"crypto/rsa"
	"io"
	mathrand "math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"mstm/acceptance/shoptest"
	"mstm/wechat"
	"mstm/wechat/wechattest"
)

// newForger gets letters about the payments of orders that wait to be paid, true in every word, without
// the shop's knowing: they went to an address of the forger's. Each would pay its order.
func newForger(s *shoptest.Shop, outTradeNos ...string) *wechattest.Forger {
	s.T.Helper()
	var letters []wechattest.Letter
	caught := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		letters = append(letters, wechattest.Letter{Header: r.Header, Body: body})
	}))
	defer caught.Close()
	for _, no := range outTradeNos {
		for _, signer := range []string{"public_key", "certificate"} {
			s.Forge(obj{"out_trade_no": no, "notify_url": caught.URL, "fault": obj{"signer": signer}})
		}
	}
	stranger, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		s.T.Fatal(err)
	}
	f := &wechattest.Forger{Letters: letters, WeChat: map[string]*rsa.PrivateKey{}, Stranger: stranger}
	for i, file := range []string{"platform_key.pem", "platform_cert_1_key.pem"} {
		key, err := wechat.LoadPrivateKey(filepath.Join(s.DataDir, "sandbox", file))
		if err != nil {
			s.T.Fatal(err)
		}
		f.WeChat[letters[i].Header.Get(wechattest.Serial)] = key
	}
	return f
}

// postRaw sends what need not be HTTP and answers the status.
func postRaw(s *shoptest.Shop, request []byte) (int, error) {
	conn, err := net.DialTimeout("tcp", strings.TrimPrefix(s.Url, "http://"), 20*time.Second)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second)) // on a TCP connection
	if _, err := conn.Write(request); err != nil {
		return 0, err
	}
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return 0, err
	}
	return res.StatusCode, res.Body.Close()
}

// TestMutatedCallbacksChangeNothing posts spoilt letters to the program: each would pay an order, were
// it whole. They are refused, and the database stays as it is, until the whole ones come.
// MUTATED_CALLBACKS=… posts so many.
func TestMutatedCallbacksChangeNothing(t *testing.T) {
	s := newRefusalShop(t)
	learner, kinds := s.NewLearner(), wechattest.Kinds()
	s.hide(learner.Token)
	prices := map[string]int64{}
	courses := learner.Lifetimes(prices)[:2]
	var orders [2]shoptest.Placed
	for i, c := range courses {
		learner.Place(prices[c.PolicyID], c).Want(201).Into(&orders[i])
	}
	forger := newForger(s.Shop, orders[0].Payment.OutTradeNo, orders[1].Payment.OutTradeNo)
	total := 4 * len(kinds)
	if text, ok := os.LookupEnv("MUTATED_CALLBACKS"); ok {
		var err error
		if total, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	before, seed, counts := shoptest.Dump(t, s.db, "courses"), mathrand.Uint64(), map[int]int{}
	r := mathrand.New(mathrand.NewPCG(seed, 1))
	for i := range total {
		if i%1000 == 0 {
			forger = forger.Fresh()
		}
		kind := kinds[i%len(kinds)]
		l := forger.Spoil(r, kind)
		status, err := postRaw(s.Shop, l.Wire(strings.TrimPrefix(s.Url, "http://"), "/api/wechat/pay-notify"))
		if err != nil || status < 400 || status > 499 {
			t.Fatalf("seed %d: %s was answered %d, %v\n%q\n%q", seed, kind.Name, status, err, l.Header, l.Body)
		}
		counts[status]++
	}
	t.Logf("%d mutated callbacks of %d kinds (seed %d) were answered %v", total, len(kinds), seed, counts)
	shoptest.WantUntouched(t, before, shoptest.Dump(t, s.db, "courses"))
	for i := range orders {
		if o := learner.Order(orders[i].Order.ID); o.State != "pending" || o.Paid != 0 {
			t.Errorf("an order is %s with %d fen paid", o.State, o.Paid)
		}
	}
	s.wantLogged(0, `"callback refused"`, "CALLBACK_SIGNATURE")

	forger = forger.Fresh()
	for i, c := range courses {
		whole := forger.Letters[3*i] // one by each key
		status, err := postRaw(s.Shop, whole.Wire(strings.TrimPrefix(s.Url, "http://"), "/api/wechat/pay-notify"))
		if err != nil || status != 200 {
			t.Errorf("a whole letter was answered %d, %v", status, err)
		}
		learner.Await(orders[i].Order.ID, "fulfilled")
		learner.WantOpenedOnce(orders[i].Order.ID, c.CourseID)
	}
}
