package handlers

import (
	"fmt"
	"slices"
	"testing"

	"go.yaml.in/yaml/v2"

	"mstm/handlers/contracttest"
	"mstm/hub"
	"mstm/hub/hubtest"
	"mstm/shop"
)

func TestEveryEventOfTheCatalogueHasASchemaAndTheReverse(t *testing.T) {
	rest, err := Contract()
	if err != nil {
		t.Fatal(err)
	}
	c, err := contracttest.ReadLive(hub.Document(), rest)
	if err != nil {
		t.Fatal(err)
	}
	catalogue := shop.EventTypes()
	slices.Sort(catalogue)
	if types := c.Types(); !slices.Equal(types, catalogue) {
		t.Errorf("hub/asyncapi.yaml has messages of %v, shop/events.go has %v", types, catalogue)
	}
	for _, typ := range catalogue { // schemas of nothing would hold nothing
		if c.Check(fmt.Appendf(nil, `{"op":"event","topic":"user","pos":"A-1","type":%q,"data":"text"}`, typ)) == nil {
			t.Errorf("the data of %s may be anything", typ)
		}
	}
}

func TestAFrameThatIsNotAsItsTypeHasItIsFound(t *testing.T) {
	for _, tt := range []struct {
		name, frame string
		ok          bool
	}{
		{"a cart", `{"op":"event","topic":"user","pos":"A-1","type":"cart.changed","data":{"version":7,"lines":[],"total_fen":0}}`, true},
		{"a cart without a version", `{"op":"event","topic":"user","pos":"A-1","type":"cart.changed","data":{"lines":[],"total_fen":0}}`, false},
		{"a cart for everybody", `{"op":"event","topic":"activity","pos":"A-1","type":"cart.changed","data":{"version":7,"lines":[],"total_fen":0}}`, false},
		{"a member that no event has", `{"op":"event","topic":"user","pos":"A-1","type":"notice.read","data":{"id":"all"},"more":1}`, false},
		{"data with more than its schema", `{"op":"event","topic":"user","pos":"A-1","type":"session.replaced","data":{"by":"phone"}}`, false},
		{"marketing's own", `{"op":"event","topic":"activity","pos":"A-1","type":"activity.begins","data":[1]}`, true},
		{"a pong", `{"op":"pong"}`, true},
		{"an op that no frame has", `{"op":"hi"}`, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if err := checkFrame([]byte(tt.frame)); (err == nil) != tt.ok {
				t.Errorf("error %v, want ok %v", err, tt.ok)
			}
		})
	}
}

// TestTheHubTakesTheTopicsOfTheCatalogue: both spell their names.
func TestTheHubTakesTheTopicsOfTheCatalogue(t *testing.T) {
	for got, want := range map[string]string{
		shop.NoticeRead("ann", "n1").Topic: hub.UserTopic("ann"), shop.CourseChanged(&shop.Course{ID: "go1"}).Topic: hub.CourseTopic("go1"),
		shop.BroadcastProgress(&shop.Broadcast{}, shop.MessageCounts{}).Topic: hub.Desk,
	} {
		if got != want {
			t.Errorf("the catalogue says %s, the hub %s", got, want)
		}
	}
}

// TestEveryCodeOfAnErrorFrameHasASentenceAndTheReverse holds the sentences against the contract's codes.
func TestEveryCodeOfAnErrorFrameHasASentenceAndTheReverse(t *testing.T) {
	var doc struct {
		Components struct {
			Messages map[string]struct {
				Payload struct {
					Properties map[string]struct {
						Enum []string `yaml:"enum"`
					} `yaml:"properties"`
				} `yaml:"payload"`
			} `yaml:"messages"`
		} `yaml:"components"`
	}
	if err := yaml.Unmarshal(hub.Document(), &doc); err != nil {
		t.Fatal(err)
	}
	codes := doc.Components.Messages["error"].Payload.Properties["code"].Enum
	slices.Sort(codes)
	if known := shop.FrameErrors(); len(codes) == 0 || !slices.Equal(codes, known) {
		t.Errorf("the contract has %v, shop/errors.go %v", codes, known)
	}
	w := newWorld(t)
	w.hubIsUp()
	page := hubtest.Dial(t, w.url+"/ws", "")
	if f := page.Follow("desk", ""); f.Detail != "无权关注该主题: desk" {
		t.Errorf("a topic of others: %+v", f)
	}
	page.Hello("", nil)
	twice := func(f hubtest.Frame) bool { return f.Code == "HELLO_TWICE" }
	if f := page.WaitFor("the answer to a second hello", soon, twice); f.Detail != "hello 只能发送一次" {
		t.Errorf("hello twice: %+v", f)
	}
}
