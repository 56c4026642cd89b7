package payments

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/mongo"

	"mstm/acceptance/shoptest"
	"mstm/store/storetest"
)

// refusalShop is a shop with a database that can be looked into.
type refusalShop struct {
	*shoptest.Shop
	db      *mongo.Database
	secrets []string // what no log line may hold
}

func newRefusalShop(t *testing.T) *refusalShop {
	mongo := storetest.Mongo(t)
	s := &refusalShop{Shop: shoptest.Start(t, shoptest.WithStores(mongo, "")), db: shoptest.OpenDatabase(t, mongo)}
	pay, _ := shoptest.ReadSandboxEnv(t, s.DataDir)
	pem, err := os.ReadFile(pay.PrivateKeyFile)
	if err != nil {
		t.Fatal(err)
	}
	s.secrets = append(s.secrets, pay.APIv3Key, sandboxOpenid, shoptest.Password)
	return s.hide(strings.Split(string(pem), "\n")[1])
}

// in is the same shop with its failures reported to t.
func (s *refusalShop) in(t *testing.T) *refusalShop {
	shop, c := *s.Shop, *s
	shop.T, c.Shop = t, &shop
	return &c
}

// sandboxOpenid is the sandbox's default payer.
const sandboxOpenid = "oSandboxBuyer00000000000001"

func (s *refusalShop) hide(secret string) *refusalShop {
	s.secrets = append(s.secrets, secret)
	return s
}

// longBase64 is what signatures and ciphertexts look like.
var longBase64 = regexp.MustCompile(`[A-Za-z0-9+/]{120,}={0,2}`)

// wantLogged wants a line in the log from a point on that holds all words, and no secret
// anywhere.
func (s *refusalShop) wantLogged(from int, words ...string) {
	s.T.Helper()
	text := s.Log.String()
	for _, secret := range s.secrets {
		if strings.Contains(text, secret) {
			s.T.Errorf("the log holds the secret %.8q…", secret)
		}
	}
	if long := longBase64.FindString(text); long != "" {
		s.T.Errorf("the log holds %q", long)
	}
	for line := range strings.Lines(text[from:]) {
		missing := false
		for _, word := range words {
			missing = missing || !strings.Contains(line, word)
		}
		if !missing {
			return
		}
	}
	s.T.Errorf("no log line holds %q:\n%s", words, text[from:])
}

// TestCallbacksThatProveNothingChangeNothing posts callbacks that are not, or not quite,
// from WeChat, for an order that waits to be paid.
func TestCallbacksThatProveNothingChangeNothing(t *testing.T) {
	s := newRefusalShop(t)
	learner := s.NewLearner()
	s.hide(learner.Token)
	var placed shoptest.Placed
	learner.Place(99900, shoptest.Wish{CourseID: "go1", PolicyID: "go1full"}).Want(201).Into(&placed)
	id, no := placed.Order.ID, placed.Payment.OutTradeNo
	for _, tt := range []struct {
		name   string
		forged obj
		status int
		code   string
	}{
		{"a signature by another key", obj{"fault": obj{"bad_signature": true}}, 401, "CALLBACK_SIGNATURE"},
		{"a body changed after it was signed", obj{"fault": obj{"altered_body": true}}, 401, "CALLBACK_SIGNATURE"},
		{"a timestamp of six minutes ago", obj{"fault": obj{"stale": true}}, 401, "CALLBACK_SIGNATURE"},
		{"an unknown key", obj{"fault": obj{"unknown_serial": true}}, 401, "CALLBACK_SIGNATURE"},
		{"WeChat's own test of whether we look", obj{"fault": obj{"signtest": true}}, 401, "CALLBACK_SIGNATURE"},
		{"the XML of older days", obj{"fault": obj{"xml": true}}, 400, "CALLBACK_CONTENT"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := s.in(t)
			from, before := len(s.Log.String()), shoptest.Dump(t, s.db, "courses")
			tt.forged["out_trade_no"] = no
			s.wantAnswered(tt.forged, tt.status, tt.code)
			shoptest.WantUntouched(t, before, shoptest.Dump(t, s.db, "courses"))
			if o := learner.Order(id); o.State != "pending" || o.Paid != 0 {
				t.Errorf("the order is %s with %d fen paid", o.State, o.Paid)
			}
			s.wantLogged(from, `"callback refused"`, tt.code)
		})
	}
	t.Run("and the true callback still opens the course", func(t *testing.T) {
		s.Scan(placed.Payment)
		learner.Await(id, "fulfilled")
		learner.WantOpenedOnce(id, "go1")
		s.wantLogged(0, `"order paid"`, id)
	})
}

// wantAnswered posts one forged callback and wants it to be answered so.
func (s *refusalShop) wantAnswered(forged obj, status int, code string) {
	s.T.Helper()
	told, err := send(s.Shop, "/sandbox/forge", forged)
	if err != nil {
		s.T.Fatal(err)
	}
	var said struct{ Code string }
	if len(told) == 1 {
		_ = json.Unmarshal([]byte(told[0].Body), &said)
	}
	if len(told) != 1 || told[0].Status != status || said.Code != code {
		s.T.Errorf("the callback was answered %+v, not once %d %s", told, status, code)
	}
}

// TestGenuineCallbacksThatDoNotFitAreKeptForPeople posts callbacks that WeChat signed and
// that say something else than what was ordered: they are answered, kept and shouted
// about, and open nothing.
func TestGenuineCallbacksThatDoNotFitAreKeptForPeople(t *testing.T) {
	s := newRefusalShop(t)
	learner := s.NewLearner()
	s.hide(learner.Token)
	prices := map[string]int64{}
	courses := learner.Lifetimes(prices)
	for i, tt := range []struct {
		name   string
		forged obj
		odd    string
	}{
		{"a fen too little", obj{"amount_fen": prices[courses[0].PolicyID] - 1}, "amount"},
		{"a fen too much", obj{"amount_fen": prices[courses[1].PolicyID] + 1}, "amount"},
		{"nothing at all", obj{"amount_fen": 0}, "amount"},
		{"another merchant's money", obj{"mchid": "1900000009"}, "mchid"},
		{"another app's money", obj{"appid": "wx0000000000000009"}, "appid"},
		{"another currency", obj{"currency": "USD"}, "currency"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := s.in(t)
			var placed shoptest.Placed
			learner.Place(prices[courses[i].PolicyID], courses[i]).Want(201).Into(&placed)
			from, before := len(s.Log.String()), shoptest.Dump(t, s.db, "courses")
			tt.forged["out_trade_no"] = placed.Payment.OutTradeNo
			s.wantAnswered(tt.forged, 200, "SUCCESS")
			shoptest.WantUntouched(t, before, shoptest.Dump(t, s.db, "courses"), "orders", "audit", "quarantine", "claims")
			learner.Await(placed.Order.ID, "exception")
			if _, ok := learner.Enrolment(courses[i].CourseID); ok {
				t.Error("the course is open")
			}
			s.wantKept(placed.Payment.OutTradeNo)
			s.wantLogged(from, `"alarm":true`, placed.Order.ID, tt.odd)
			s.wantAnswered(tt.forged, 200, "SUCCESS") // WeChat may say it again
		})
	}
}

// wantKept wants one stray payment to be kept under a number.
func (s *refusalShop) wantKept(no string) {
	s.T.Helper()
	all, err := shoptest.Rows(s.db, "quarantine", nil)
	if err != nil {
		s.T.Fatal(err)
	}
	kept := 0
	for _, row := range all {
		if strings.HasPrefix(row["_id"].(string), no+":") {
			kept++
		}
	}
	if kept != 1 {
		s.T.Errorf("%d payments are kept under %s", kept, no)
	}
}

// TestUnknownNumbersAreAskedForAgainAndThenGivenToPeople posts genuine callbacks for numbers that
// no order has: for ten minutes the answer makes WeChat repeat them. Each number has a shop of its
// own, for half an hour later the order would change by itself.
func TestUnknownNumbersAreAskedForAgainAndThenGivenToPeople(t *testing.T) {
	for _, tt := range []struct {
		name string
		no   func(order string) string
	}{
		{"a number that is not ours", func(string) string { return "nobodysnumber00001" }},
		{"an attempt that was never made", func(order string) string { return order + "77" }},
		{"a number too short for one of ours", func(string) string { return "1x" }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newRefusalShop(t)
			learner := s.NewLearner()
			var placed shoptest.Placed
			learner.Place(99900, shoptest.Wish{CourseID: "go1", PolicyID: "go1full"}).Want(201).Into(&placed)
			no := tt.no(placed.Order.ID)
			forged := obj{"out_trade_no": no, "amount_fen": 99900, "transaction_id": "42000000000000000000000001"}
			from, before := len(s.Log.String()), shoptest.Dump(t, s.db, "courses")
			s.wantAnswered(forged, 503, "UNKNOWN_TRADE")
			s.wantAnswered(forged, 503, "UNKNOWN_TRADE")
			shoptest.WantUntouched(t, before, shoptest.Dump(t, s.db, "courses"), "quarantine")
			s.wantKept(no)
			s.wantLogged(from, "UNKNOWN_TRADE")
			s.Pass(10*time.Minute + time.Second)
			s.wantAnswered(forged, 200, "SUCCESS")
			s.wantLogged(from, `"alarm":true`, no)
			s.wantKept(no)
			if o := learner.Order(placed.Order.ID); o.Paid != 0 {
				t.Errorf("the order counts %d fen paid", o.Paid)
			}
		})
	}
}

// unsized is a body without a length, so that it comes in chunks.
type unsized struct{ io.Reader }

// TestRequestsThatAreRefusedChangeNothing sends what the API must refuse, and compares the
// whole database, and the cart, before and after.
func TestRequestsThatAreRefusedChangeNothing(t *testing.T) {
	s := newRefusalShop(t)
	owner, learner := s.NewLearner(), s.NewLearner()
	var theirs shoptest.Placed
	owner.Place(99900, shoptest.Wish{CourseID: "go1", PolicyID: "go1full"}).Want(201).Into(&theirs)
	used := learner.With("Idempotency-Key", "used-before")
	prices := map[string]int64{}
	other := learner.Lifetimes(prices)[1]
	used.Post("/api/orders", shoptest.CourseOrder(other.CourseID, other.PolicyID, prices[other.PolicyID])).Want(201)
	learner.Put("/api/cart/go1", obj{"policy_id": "go1full"}).Want(200)
	keyed := learner.With("Idempotency-Key", rand.Text())
	order := "/api/orders/" + theirs.Order.ID
	big := bytes.Repeat([]byte(" "), 64<<10)
	whole, before := shoptest.Dump(t, s.db), shoptest.Dump(t, s.db, "courses") // the courses are many; they are looked at once, in the end
	for _, tt := range []struct {
		name         string
		who          *shoptest.Person
		method, path string
		body         any
		status       int
		code         string
	}{
		{"a body over 64 KiB", keyed, "POST", "/api/orders", append([]byte(`{"lines":[]}`), big...), 413, "BODY_TOO_LARGE"},
		{"an unknown field", keyed, "POST", "/api/orders", with(shoptest.CourseOrder("go1", "go1full", 99900), "paid", true), 400, "UNKNOWN_FIELD"},
		{"a price in a line", keyed, "POST", "/api/orders", obj{"total_fen": 1, "lines": []obj{{"course_id": "go1", "policy_id": "go1full", "price_fen": 1}}}, 400, "UNKNOWN_FIELD"},
		{"a price in the cart", learner, "PUT", "/api/cart/go1", obj{"policy_id": "go1full", "price_fen": 1}, 400, "UNKNOWN_FIELD"},
		{"a total of one's own", keyed, "POST", "/api/orders", shoptest.CourseOrder("go1", "go1full", 1), 409, "PRICE_CHANGED"},
		{"a negative total", keyed, "POST", "/api/orders", shoptest.CourseOrder("go1", "go1full", -1), 400, "INVALID_FIELD"},
		{"a query operator for a username", s.Visitor(), "POST", "/api/login", []byte(`{"username":{"$ne":null},"password":"` + shoptest.Password + `"}`), 400, "INVALID_FIELD"},
		{"a query operator for a password", s.Visitor(), "POST", "/api/login", []byte(`{"username":"learner","password":{"$gt":""}}`), 400, "INVALID_FIELD"},
		{"a query operator to register", s.Visitor(), "POST", "/api/register", []byte(`{"username":{"$ne":null},"password":"` + shoptest.Password + `"}`), 400, "INVALID_FIELD"},
		{"a query operator for a course", keyed, "POST", "/api/orders", []byte(`{"total_fen":99900,"lines":[{"course_id":{"$ne":null},"policy_id":"go1full"}]}`), 400, "INVALID_FIELD"},
		{"a query operator in the path", learner, "GET", "/api/orders/%7B%22$ne%22:null%7D", nil, 404, "ORDER_NOT_FOUND"},
		{"a policy of another course in the cart", learner, "PUT", "/api/cart/go1", obj{"policy_id": other.PolicyID}, 404, "POLICY_NOT_FOUND"},
		{"a policy of another course in an order", keyed, "POST", "/api/orders", shoptest.CourseOrder("go1", other.PolicyID, 99900), 404, "POLICY_NOT_FOUND"},
		{"a course that is not there", keyed, "POST", "/api/orders", shoptest.CourseOrder("gone", "gonefull", 99900), 404, "COURSE_NOT_FOUND"},
		{"a course twice", keyed, "POST", "/api/orders", obj{"total_fen": 199800, "lines": []shoptest.Wish{{CourseID: "go1", PolicyID: "go1full"}, {CourseID: "go1", PolicyID: "go1full"}}}, 422, "DUPLICATE_LINE"},
		{"no lines", keyed, "POST", "/api/orders", obj{"total_fen": 0, "lines": []shoptest.Wish{}}, 422, "NO_LINES"},
		{"another learner's order", learner, "GET", order, nil, 404, "ORDER_NOT_FOUND"},
		{"paying another learner's order", learner, "POST", order + "/pay", obj{"channel": "native"}, 404, "ORDER_NOT_FOUND"},
		{"cancelling another learner's order", learner, "POST", order + "/cancel", nil, 404, "ORDER_NOT_FOUND"},
		{"an order that is not there", learner, "GET", "/api/orders/aaaaaaaaaaaaaaaaaaaaaaaaaa", nil, 404, "ORDER_NOT_FOUND"},
		{"no Idempotency-Key", learner, "POST", "/api/orders", shoptest.CourseOrder("go1", "go1full", 99900), 400, "IDEMPOTENCY_KEY_REQUIRED"},
		{"a key of 129 characters", learner.With("Idempotency-Key", strings.Repeat("k", 129)), "POST", "/api/orders", shoptest.CourseOrder("go1", "go1full", 99900), 400, "IDEMPOTENCY_KEY_REQUIRED"},
		{"the same key for another body", used, "POST", "/api/orders", shoptest.CourseOrder("go1", "go1full", 99900), 422, "IDEMPOTENCY_MISMATCH"},
		{"a visitor", s.Visitor().With("Idempotency-Key", rand.Text()), "POST", "/api/orders", shoptest.CourseOrder("go1", "go1full", 99900), 401, "UNAUTHENTICATED"},
		{"a learner at the console", learner, "POST", "/api/admin/courses", obj{"title": "x"}, 403, "FORBIDDEN"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			who, cart := *tt.who, learner.Get("/api/cart").Want(200).Body
			who.T = t
			who.Do(tt.method, tt.path, tt.body).WantCode(tt.status, tt.code)
			after := shoptest.Dump(t, s.db, "courses")
			shoptest.WantUntouched(t, before, after)
			before = after
			if after := learner.Get("/api/cart").Want(200).Body; !bytes.Equal(cart, after) {
				t.Errorf("the cart was %s and is %s", cart, after)
			}
		})
	}
	t.Run("a body over 64 KiB without a length", func(t *testing.T) {
		s := s.in(t)
		s.sendUnsized(keyed, "/api/orders", big).WantCode(413, "BODY_TOO_LARGE")
		s.sendUnsized(s.Visitor(), "/api/wechat/pay-notify", big).WantCode(400, "CALLBACK_CONTENT")
		shoptest.WantUntouched(t, whole, shoptest.Dump(t, s.db))
	})
	s.hide(learner.Token).hide(owner.Token).wantLogged(0, `"request"`)
}

// sendUnsized posts a JSON string that long without saying how long it is.
func (s *refusalShop) sendUnsized(p *shoptest.Person, path string, long []byte) shoptest.Answer {
	s.T.Helper()
	body := io.MultiReader(strings.NewReader(`{"lines":"`), bytes.NewReader(long), strings.NewReader(`"}`))
	req, err := http.NewRequest("POST", p.Url+path, unsized{body})
	if err != nil {
		s.T.Fatal(err)
	}
	req.Header = p.Header.Clone()
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+p.Token)
	res, err := shoptest.Client.Do(req)
	if err != nil {
		s.T.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		s.T.Fatal(err)
	}
	return shoptest.Answer{T: s.T, What: "POST " + path, Status: res.StatusCode, Header: res.Header, Body: text}
}

func with(o obj, field string, value any) obj {
	o[field] = value
	return o
}
