// Package contracttest holds what the REST API was asked, and what it answered, against
// its OpenAPI document, and the frames of sockets against the AsyncAPI document. It is for tests.
//
// The schemas of OpenAPI 3.1 are JSON Schemas, which a library checks; the little around
// them (which operation, which status, which parameter) is here.
package contracttest

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// Contract is an OpenAPI document that exchanges are held against, by several goroutines
// at once.
type Contract struct {
	operations []*operation
	problem    *jsonschema.Schema

	mu   sync.Mutex
	seen map[string]int // good answers of each operation
}

// Exchange is one request with its answer.
type Exchange struct {
	Request *http.Request // its body was read
	Sent    []byte        // what that was
	Status  int
	Header  http.Header
	Body    []byte
}

// The schema of OpenAPI 3.1 documents by the OpenAPI Initiative (spec.openapis.org/oas/3.1/schema),
// Apache-2.0.
//
//go:embed openapi-3.1.json
var metaSchema []byte

// Read reads a document, and refuses one that OpenAPI 3.1 does not allow.
func Read(text []byte) (*Contract, error) {
	r, err := newReader(restDocument, text)
	if err != nil {
		return nil, err
	}
	if err := r.validate(); err != nil {
		return nil, err
	}
	c := &Contract{seen: map[string]int{}}
	if c.operations, err = r.operations(); err != nil {
		return nil, err
	}
	c.problem, err = r.compile([]string{"components", "schemas", "Problem"})
	return c, err
}

func (r *reader) validate() error {
	meta, err := jsonschema.UnmarshalJSON(bytes.NewReader(metaSchema))
	if err != nil {
		return err
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("openapi.json", meta); err != nil {
		return err
	}
	schema, err := c.Compile("openapi.json")
	if err != nil {
		return err
	}
	return schema.Validate(any(r.root))
}

// Check says in what an exchange is not as the document has it: the answer always; the
// request where it was accepted, for what the shop takes the document must describe; and a
// field that the shop does not know must not be in the document.
func (c *Contract) Check(x Exchange) error {
	if x.Request.Method == http.MethodHead || x.Request.Method == http.MethodOptions {
		return nil // as GET, without a body; and no operation
	}
	op, params := c.find(x.Request)
	if op == nil {
		return c.checkOutside(x)
	}
	if err := op.checkAnswer(x); err != nil {
		return fmt.Errorf("%s answered %d, %.2000s: %w", op.name, x.Status, x.Body, err)
	}
	if err := op.checkRequest(x, params); err != nil {
		return fmt.Errorf("%s %s with %.2000s was answered %d: %w", op.name, x.Request.URL.RawQuery, x.Sent, x.Status, err)
	}
	if x.Status < 400 {
		c.mu.Lock()
		c.seen[op.name]++
		c.mu.Unlock()
	}
	return nil
}

// Unanswered are the operations that never had a good answer, and how many there are in all.
func (c *Contract) Unanswered() (names []string, all int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, op := range c.operations {
		if c.seen[op.name] == 0 {
			names = append(names, op.name)
		}
	}
	slices.Sort(names)
	return names, len(c.operations)
}

// find is the operation of a request, with the parameters in its path.
func (c *Contract) find(r *http.Request) (*operation, map[string]string) {
	segments := strings.Split(r.URL.Path, "/")
	for _, op := range c.operations {
		if !strings.HasPrefix(op.name, r.Method+" ") || len(op.path) != len(segments) {
			continue
		}
		if params, ok := op.matches(segments); ok {
			return op, params
		}
	}
	return nil, nil
}

func (op *operation) matches(segments []string) (map[string]string, bool) {
	params := map[string]string{}
	for i, s := range op.path {
		if name, ok := strings.CutPrefix(s, "{"); ok {
			params[strings.TrimSuffix(name, "}")] = segments[i]
		} else if s != segments[i] {
			return nil, false
		}
	}
	return params, true
}

// checkOutside looks at answers of what the document does not have: a problem is one everywhere.
func (c *Contract) checkOutside(x Exchange) error {
	if mediaType(x.Header) != problemType {
		return nil
	}
	if err := checkBody(c.problem, problemType, x.Body); err != nil {
		return fmt.Errorf("%s %s answered %d, %.2000s: %w", x.Request.Method, x.Request.URL.Path, x.Status, x.Body, err)
	}
	return nil
}

const problemType = "application/problem+json"

var codeWord = regexp.MustCompile("`([A-Z][A-Z0-9_]{3,})`")

func (op *operation) checkAnswer(x Exchange) error {
	said := op.answers[strconv.Itoa(x.Status)]
	if said == nil && x.Status >= 400 {
		said = op.answers["default"]
	}
	if said == nil {
		return errors.New("the document does not have this status")
	}
	for _, name := range said.headers {
		if x.Header.Get(name) == "" {
			return fmt.Errorf("the header %s is missing", name)
		}
	}
	if x.Request.Method == http.MethodHead {
		return nil // an answer to HEAD has no body
	}
	if len(said.bodies) == 0 {
		if len(x.Body) > 0 {
			return errors.New("the document has no body for it")
		}
		return nil
	}
	kind := mediaType(x.Header)
	schema, ok := said.bodies[kind]
	if !ok {
		return fmt.Errorf("the document does not have %s for it", kind)
	}
	if err := checkBody(schema, kind, x.Body); err != nil {
		return err
	}
	if kind != problemType {
		return nil
	}
	return op.checkCode(x, said)
}

// checkCode holds the code of a problem against those that the operation names for this
// status, and those that all operations of its kind may give.
func (op *operation) checkCode(x Exchange, said *answer) error {
	var p struct{ Code string }
	if err := json.Unmarshal(x.Body, &p); err != nil {
		return err
	}
	if anyway := op.answers["default"]; !slices.Contains(said.codes, p.Code) && (anyway == nil || !slices.Contains(anyway.codes, p.Code)) {
		return fmt.Errorf("the document does not name %s for it", p.Code)
	}
	return nil
}

// checkRequest holds what was accepted, and unknown fields, against the document.
func (op *operation) checkRequest(x Exchange, inPath map[string]string) error {
	unknownField := x.Status == http.StatusBadRequest && bytes.Contains(x.Body, []byte(`"code":"UNKNOWN_FIELD"`))
	switch {
	case unknownField && op.checkSent(x) == nil:
		return errors.New("the document has a field that the shop does not know")
	case x.Status >= 400:
		return nil
	}
	if err := op.checkParameters(x.Request, inPath); err != nil {
		return err
	}
	return op.checkSent(x)
}

func (op *operation) checkSent(x Exchange) error {
	if len(x.Sent) == 0 {
		if op.needs {
			return errors.New("the document wants a body")
		}
		return nil
	}
	if len(op.bodies) == 0 && string(x.Sent) == "{}" {
		return nil // many clients send it without need, and no handler reads it
	}
	kind := mediaType(x.Request.Header)
	schema, ok := op.bodies[kind]
	if !ok {
		return fmt.Errorf("the document does not have a body of %s", kind)
	}
	return checkBody(schema, kind, x.Sent)
}

func (op *operation) checkParameters(r *http.Request, inPath map[string]string) error {
	query := r.URL.Query()
	for _, p := range op.params {
		var text string
		var given bool
		switch p.in {
		case "path":
			text, given = inPath[p.name]
		case "query":
			text, given = query.Get(p.name), query.Has(p.name)
			query.Del(p.name)
		case "header":
			text = r.Header.Get(p.name)
			given = text != ""
		}
		if !given && p.required {
			return fmt.Errorf("the document wants the parameter %s", p.name)
		}
		if !given {
			continue
		}
		var value any = text
		if p.number {
			value = json.Number(text)
		}
		if err := p.schema.Validate(value); err != nil {
			return fmt.Errorf("parameter %s: %w", p.name, err)
		}
	}
	for name := range query {
		return fmt.Errorf("the document does not have the parameter %s", name)
	}
	return nil
}

func mediaType(h http.Header) string {
	kind, _, _ := mime.ParseMediaType(h.Get("Content-Type"))
	return kind
}

// checkBody holds a body against its schema; what is no JSON is a text to it.
func checkBody(schema *jsonschema.Schema, kind string, body []byte) error {
	if !strings.HasSuffix(kind, "json") {
		return schema.Validate(string(body))
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		return err
	}
	return schema.Validate(v)
}
