package payments

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mstm/acceptance/shoptest"
)

// TestAFloodOfBadCallbacks posts callbacks that WeChat did not send, a thousand of them, while
// learners use the shop: all are refused and counted, and the log stays short. FLOOD=5000 posts so
// many a second for half a minute, and then the learners wait for less than 100 ms (p99).
func TestAFloodOfBadCallbacks(t *testing.T) {
	perSecond, lasts := 1000, time.Second
	text, full := os.LookupEnv("FLOOD")
	if full {
		var err error
		if perSecond, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
		lasts = 30 * time.Second
	}
	s := shoptest.Start(t)
	learner := s.NewLearner()
	learner.Put("/api/cart/go1", obj{"policy_id": "go1full"}).Want(200)
	before, began := len(s.Log.String()), time.Now()
	posted, waits := flood(s, learner, perSecond, lasts)
	took := time.Since(began)

	if got := refusedCallbacks(s); got != posted {
		t.Errorf("%d callbacks are counted of %d", got, posted)
	}
	lines, left := 0, int64(0)
	for line := range strings.Lines(s.Log.String()[before:]) {
		if strings.Contains(line, `"callback refused"`) {
			lines++
			left += shoptest.Number(line, `"left_out":(\d+)`)
		}
		if strings.Contains(line, `/api/wechat/`) {
			lines++
		}
	}
	if most := 2 * (20 + 2*int(took/time.Second) + 2); lines > most || left == 0 {
		t.Errorf("%d lines in %s, which count %d left out", lines, took, left)
	}
	slices.Sort(waits)
	p99 := waits[len(waits)*99/100]
	rate := float64(posted) / took.Seconds()
	t.Logf("%d bad callbacks in %s, %.0f a second: %d lines of log, %d bytes; %d answers to learners, p50 %s, p99 %s",
		posted, took.Round(time.Millisecond), rate, lines, len(s.Log.String())-before, len(waits), waits[len(waits)/2], p99)
	if full && p99 > 100*time.Millisecond {
		t.Errorf("p99 is %s", p99)
	}
	if full && rate < 0.95*float64(perSecond) {
		t.Errorf("only %.0f a second were posted", rate)
	}
}

// flood posts bad callbacks at a rate, whether or not they are answered in time, and returns how
// many, and how long the learner waited for answers during it.
func flood(s *shoptest.Shop, learner *shoptest.Person, perSecond int, lasts time.Duration) (posted int64, waits []time.Duration) {
	const posters = 32
	transport := &http.Transport{MaxIdleConnsPerHost: posters}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, Timeout: time.Minute}
	pay, _ := shoptest.ReadSandboxEnv(s.T, s.DataDir)
	key := pay.PublicKeyID // by which the shop verifies
	var count atomic.Int64
	var all sync.WaitGroup
	began := time.Now()
	for i := range posters {
		all.Go(func() {
			pause := time.Duration(posters) * time.Second / time.Duration(perSecond)
			for n := 0; ; n++ {
				at := began.Add(time.Duration(n)*pause + time.Duration(i)*pause/posters)
				if at.After(began.Add(lasts)) {
					return
				}
				time.Sleep(time.Until(at))
				if status, err := post(client, badCallback(s, n, key)); err != nil || status < 400 || status > 499 {
					s.T.Errorf("a bad callback was answered %d, %v", status, err)
					return
				}
				count.Add(1)
			}
		})
	}
	pages := []string{"/api/courses", "/api/cart", "/api/me", "/api/courses/go1"}
	results := make([][]time.Duration, len(pages))
	for i, page := range pages {
		all.Go(func() {
			for time.Since(began) < lasts {
				asked := time.Now()
				if a, err := learner.Try("GET", page, nil); err != nil || a.Status != 200 {
					s.T.Errorf("%s was answered %d, %v", page, a.Status, err)
					return
				}
				results[i] = append(results[i], time.Since(asked))
				time.Sleep(20 * time.Millisecond)
			}
		})
	}
	all.Wait()
	return count.Load(), slices.Concat(results...)
}

// badCallback is a request that looks like WeChat's and is not, of several kinds.
func badCallback(s *shoptest.Shop, n int, key string) *http.Request {
	body := `{"id":"EV-1","event_type":"TRANSACTION.SUCCESS","resource_type":"encrypt-resource","resource":{"algorithm":"AEAD_AES_256_GCM",` +
		`"ciphertext":"` + strings.Repeat("QUJD", 150) + `","nonce":"0123456789ab","associated_data":"transaction","original_type":"transaction"}}`
	path := []string{"/api/wechat/pay-notify", "/api/wechat/refund-notify", "/api/wechat/events?timestamp=1&nonce=1&msg_signature=x"}[n%3]
	if n%3 == 2 {
		body = "<xml><ToUserName>gh_1</ToUserName><Encrypt>" + strings.Repeat("QUJD", 100) + "</Encrypt></xml>"
	}
	req, err := http.NewRequest(http.MethodPost, s.Url+path, bytes.NewReader([]byte(body)))
	if err != nil {
		panic(err)
	}
	signature := make([]byte, 256)
	_, _ = rand.Read(signature) // never fails
	req.Header.Set("Wechatpay-Serial", key)
	req.Header.Set("Wechatpay-Timestamp", strconv.FormatInt(time.Now().Unix(), 10))
	req.Header.Set("Wechatpay-Nonce", "nonce")
	req.Header.Set("Wechatpay-Signature", base64.StdEncoding.EncodeToString(signature))
	switch n % 12 {
	case 3:
		req.Header.Del("Wechatpay-Signature")
	case 4:
		req.Header.Set("Wechatpay-Serial", fmt.Sprintf("%040X", n)) // no account's
	case 6:
		req.Header.Set("Wechatpay-Signature", "WECHATPAY/SIGNTEST/"+base64.StdEncoding.EncodeToString(signature))
	}
	return req
}

func post(client *http.Client, req *http.Request) (int, error) {
	res, err := client.Do(req)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	_, err = io.Copy(io.Discard, res.Body)
	return res.StatusCode, err
}

// refusedCallbacks are all that the metrics count.
func refusedCallbacks(s *shoptest.Shop) (n int64) {
	s.T.Helper()
	page := string(s.Visitor().Get("/metrics").Want(200).Body)
	for line := range strings.Lines(page) {
		if strings.Contains(line, `route="/api/wechat/`) && strings.Contains(line, `status="4xx"`) && strings.HasPrefix(line, "mstm_http_requests_total") {
			n += shoptest.Number(line, `} (\S+)`)
		}
	}
	return n
}
