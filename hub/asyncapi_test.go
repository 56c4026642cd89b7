package hub

import (
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"go.yaml.in/yaml/v2"
)

// schema is the part of JSON Schema that asyncapi.yaml uses. A word it does not know fails
// the reading of the file, so that nothing is passed over.
type schema struct {
	Ref         string             `yaml:"$ref"`
	Description string             `yaml:"description"`
	Type        any                `yaml:"type"`
	Const       any                `yaml:"const"`
	Enum        []any              `yaml:"enum"`
	Pattern     string             `yaml:"pattern"`
	Required    []string           `yaml:"required"`
	Properties  map[string]*schema `yaml:"properties"`
	Additional  any                `yaml:"additionalProperties"`
	AllOf       []*schema          `yaml:"allOf"`
}

func (s *schema) UnmarshalYAML(read func(any) error) error {
	var words map[string]any
	if err := read(&words); err != nil {
		return err
	}
	for w := range words {
		if !slices.Contains(knownWords, w) {
			return fmt.Errorf("the test does not know the schema word %s", w)
		}
	}
	type plain schema
	return read((*plain)(s))
}

var knownWords = []string{
	"$ref", "description", "type", "const", "enum", "pattern", "required", "properties", "additionalProperties", "allOf",
	"unevaluatedProperties", "minimum", // of the shop's own events, whose data no test of the hub looks at
}

// Contract is asyncapi.yaml as far as the tests read it.
type Contract struct {
	Components struct {
		Messages map[string]struct {
			Payload schema `yaml:"payload"`
		} `yaml:"messages"`
		Schemas map[string]*schema `yaml:"schemas"`
	} `yaml:"components"`
	Close struct {
		Codes map[string][]string `yaml:"codes"`
	} `yaml:"x-close"`
}

// ReadContract reads asyncapi.yaml.
func ReadContract(t testing.TB) *Contract {
	t.Helper()
	b, err := os.ReadFile("asyncapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	c := &Contract{}
	if err := yaml.Unmarshal(b, c); err != nil {
		t.Fatal(err)
	}
	return c
}

// Check holds one frame of the server against the message its op names.
func (c *Contract) Check(frame []byte) error {
	var v map[string]any
	if err := json.Unmarshal(frame, &v); err != nil {
		return err
	}
	op, _ := v["op"].(string)
	m, ok := c.Components.Messages[op]
	if !ok {
		return fmt.Errorf("no message %q", op)
	}
	return c.check(op, &m.Payload, v)
}

func (c *Contract) check(at string, s *schema, v any) error {
	if name, ok := strings.CutPrefix(s.Ref, "#/components/schemas/"); ok {
		return c.check(at, c.Components.Schemas[name], v)
	}
	for _, all := range s.AllOf {
		if err := c.check(at, all, v); err != nil {
			return err
		}
	}
	switch {
	case s.Const != nil && s.Const != v:
		return fmt.Errorf("%s is %v, not %v", at, v, s.Const)
	case s.Enum != nil && !slices.Contains(s.Enum, v):
		return fmt.Errorf("%s is %v, none of %v", at, v, s.Enum)
	case !ofType(s.Type, v):
		return fmt.Errorf("%s is a %T, not %v", at, v, s.Type)
	}
	if text, ok := v.(string); ok && s.Pattern != "" && !regexp.MustCompile(s.Pattern).MatchString(text) {
		return fmt.Errorf("%s is %q, not like %s", at, text, s.Pattern)
	}
	if object, ok := v.(map[string]any); ok && s.Type != nil {
		return c.checkObject(at, s, object)
	}
	return nil
}

func (c *Contract) checkObject(at string, s *schema, object map[string]any) error {
	for _, name := range s.Required {
		if _, ok := object[name]; !ok {
			return fmt.Errorf("%s has no %s", at, name)
		}
	}
	for name, v := range object {
		of, err := s.property(name)
		if err != nil {
			return fmt.Errorf("%s: %w", at, err)
		}
		if of == nil {
			continue
		}
		if err := c.check(at+"."+name, of, v); err != nil {
			return err
		}
	}
	return nil
}

// property is the schema of one property; nil: anything.
func (s *schema) property(name string) (*schema, error) {
	if p, ok := s.Properties[name]; ok {
		return p, nil
	}
	switch more := s.Additional.(type) {
	case nil:
		return nil, nil
	case bool:
		if !more {
			return nil, fmt.Errorf("%s is not in the contract", name)
		}
		return nil, nil
	default:
		b, _ := yaml.Marshal(more)
		p := &schema{}
		return p, yaml.Unmarshal(b, p)
	}
}

func ofType(want, v any) bool {
	switch want := want.(type) {
	case nil:
		return true
	case []any:
		return slices.ContainsFunc(want, func(one any) bool { return ofType(one, v) })
	case string:
		n, number := v.(float64)
		return map[string]bool{
			"object": reflect.TypeOf(v) == reflect.TypeFor[map[string]any](), "string": reflect.TypeOf(v) == reflect.TypeFor[string](),
			"boolean": v == true || v == false, "integer": number && n == float64(int64(n)), "null": v == nil,
		}[want]
	}
	return false
}

func TestTheContractListsEveryWayOfEnding(t *testing.T) {
	listed := map[string]int{}
	for name, words := range ReadContract(t).Close.Codes {
		code, err := strconv.Atoi(name)
		if err != nil {
			t.Error(err)
		}
		for _, w := range words {
			listed[w] = code
		}
	}
	for _, c := range everyCloseReason {
		if listed[c.Word] != c.Code {
			t.Errorf("%d %s is listed as %d", c.Code, c.Word, listed[c.Word])
		}
	}
	for _, c := range everyCloseReason { // two may share a word
		delete(listed, c.Word)
	}
	if len(listed) > 0 {
		t.Errorf("the hub does not know %v", listed)
	}
}

func TestTheCheckOfTheContractFindsWhatIsWrong(t *testing.T) {
	c := ReadContract(t)
	for _, tt := range []struct {
		name, frame string
		ok          bool
	}{
		{"a good pong", `{"op":"pong"}`, true},
		{"a pong with more", `{"op":"pong","x":1}`, false},
		{"a good close", `{"op":"close","status":4101,"code":"SERVER_RESTART","retry_ms":7}`, true},
		{"a close whose status is a word", `{"op":"close","status":"4101","code":"SERVER_RESTART","retry_ms":7}`, false},
		{"an unknown op", `{"op":"hi"}`, false},
		{"a good ready", `{"op":"ready","user":null,"heartbeat_s":25,"topics":{"user":{"pos":"A-1","resumed":true}}}`, true},
		{"a ready without user", `{"op":"ready","heartbeat_s":25,"topics":{}}`, false},
		{"a standing without resumed", `{"op":"ready","user":null,"heartbeat_s":25,"topics":{"user":{"pos":"A-1"}}}`, false},
		{"a position of another kind", `{"op":"ready","user":null,"heartbeat_s":25,"topics":{"user":{"pos":"one","resumed":true}}}`, false},
		{"an event of another user's topic", `{"op":"event","topic":"user:bob","pos":"A-1","type":"x","data":1}`, false},
		{"an error with an unknown code", `{"op":"error","code":"OOPS","detail":""}`, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if err := c.Check([]byte(tt.frame)); (err == nil) != tt.ok {
				t.Errorf("error %v, want ok %v", err, tt.ok)
			}
		})
	}
}
