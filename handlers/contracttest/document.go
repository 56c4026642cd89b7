package contracttest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v2"
)

// operation is one method of one path, ready to be checked against.
type operation struct {
	name    string   // "GET /api/cart"
	path    []string // its segments; those of parameters are "{name}"
	params  []parameter
	bodies  map[string]*jsonschema.Schema // of the request, by media type
	needs   bool                          // the request must have one
	answers map[string]*answer            // by status, and "default"
}

type parameter struct {
	name, in string
	required bool
	number   bool // its text is a number
	schema   *jsonschema.Schema
}

type answer struct {
	codes   []string // the codes that its description names
	bodies  map[string]*jsonschema.Schema
	headers []string // that it must have
}

// reader reads a document. A schema of OpenAPI 3.1, as of AsyncAPI, is a JSON Schema as it stands, so the
// whole document is one resource, and a schema in it a pointer.
type reader struct {
	name     string
	root     map[string]any
	compiler *jsonschema.Compiler
}

// The documents by the names under which they refer to one another.
const (
	restDocument = "openapi.yaml"
	liveDocument = "asyncapi.yaml"
)

// newReader reads YAML as JSON would have it.
func newReader(name string, text []byte) (*reader, error) {
	r := &reader{name: name, compiler: jsonschema.NewCompiler()}
	r.compiler.DefaultDraft(jsonschema.Draft2020)
	r.compiler.AssertFormat()
	var err error
	r.root, err = r.add(name, text)
	return r, err
}

// add makes a document known, for itself or for another that refers to it.
func (r *reader) add(name string, text []byte) (map[string]any, error) {
	var raw any
	if err := yaml.UnmarshalStrict(text, &raw); err != nil {
		return nil, err
	}
	body, err := json.Marshal(jsonOf(raw))
	if err != nil {
		return nil, err
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	root, ok := doc.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("%s is no object", name)
	}
	return root, r.compiler.AddResource(name, doc)
}

// jsonOf gives maps the keys that JSON knows.
func jsonOf(v any) any {
	switch v := v.(type) {
	case map[any]any:
		object := map[string]any{}
		for key, value := range v {
			object[fmt.Sprint(key)] = jsonOf(value)
		}
		return object
	case []any:
		for i := range v {
			v[i] = jsonOf(v[i])
		}
	}
	return v
}

// at is the object at a place of the document and where it really stands, once references
// are followed. It is empty where there is none.
func (r *reader) at(place ...string) (map[string]any, []string) {
	object := r.root
	for _, step := range place {
		object, _ = object[step].(map[string]any)
	}
	if ref, ok := object["$ref"].(string); ok {
		return r.at(strings.Split(strings.TrimPrefix(ref, "#/"), "/")...)
	}
	return object, place
}

// compile makes the schema at a place.
func (r *reader) compile(place []string) (*jsonschema.Schema, error) {
	var pointer strings.Builder
	for _, step := range place {
		pointer.WriteString("/" + strings.NewReplacer("~", "~0", "/", "~1", "%", "%25", "{", "%7B", "}", "%7D").Replace(step))
	}
	return r.compiler.Compile(r.name + "#" + pointer.String())
}

func (r *reader) operations() (all []*operation, err error) {
	paths, _ := r.at("paths")
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		item, _ := r.at("paths", path)
		for _, method := range slices.Sorted(maps.Keys(item)) {
			if method == "parameters" {
				continue
			}
			op, err := r.operation(path, method)
			if err != nil {
				return nil, fmt.Errorf("%s %s: %w", method, path, err)
			}
			all = append(all, op)
		}
	}
	return all, nil
}

func (r *reader) operation(path, method string) (op *operation, err error) {
	op = &operation{name: strings.ToUpper(method) + " " + path, path: strings.Split(path, "/"), answers: map[string]*answer{}}
	for _, list := range [][]string{{"paths", path}, {"paths", path, method}} {
		params, err := r.parameters(list)
		if err != nil {
			return nil, err
		}
		op.params = append(op.params, params...)
	}
	body, place := r.at("paths", path, method, "requestBody")
	op.needs, _ = body["required"].(bool)
	if op.bodies, err = r.bodies(place); err != nil {
		return nil, err
	}
	statuses, _ := r.at("paths", path, method, "responses")
	for status := range statuses {
		if op.answers[status], err = r.answer("paths", path, method, "responses", status); err != nil {
			return nil, err
		}
	}
	return op, nil
}

// parameters are those of a path or of one of its methods.
func (r *reader) parameters(owner []string) (all []parameter, err error) {
	object, _ := r.at(owner...)
	list, _ := object["parameters"].([]any)
	for i, raw := range list {
		param, _ := raw.(map[string]any)
		place := append(slices.Clone(owner), "parameters", strconv.Itoa(i))
		if ref, ok := param["$ref"].(string); ok {
			param, place = r.at(strings.Split(strings.TrimPrefix(ref, "#/"), "/")...)
		}
		p := parameter{}
		p.name, _ = param["name"].(string)
		p.in, _ = param["in"].(string)
		p.required, _ = param["required"].(bool)
		schema, _ := param["schema"].(map[string]any)
		p.number = schema["type"] == "integer"
		if p.schema, err = r.compile(append(place, "schema")); err != nil {
			return nil, fmt.Errorf("parameter %s: %w", p.name, err)
		}
		all = append(all, p)
	}
	return all, nil
}

func (r *reader) answer(place ...string) (a *answer, err error) {
	object, place := r.at(place...)
	a = &answer{}
	said, _ := object["description"].(string)
	for _, word := range codeWord.FindAllStringSubmatch(said, -1) {
		a.codes = append(a.codes, word[1])
	}
	headers, _ := object["headers"].(map[string]any)
	for name := range headers {
		if h, _ := r.at(append(slices.Clone(place), "headers", name)...); h["required"] == true {
			a.headers = append(a.headers, http.CanonicalHeaderKey(name))
		}
	}
	a.bodies, err = r.bodies(place)
	return a, err
}

// bodies are the schemas of what a request or an answer holds, by media type.
func (r *reader) bodies(owner []string) (map[string]*jsonschema.Schema, error) {
	content, place := r.at(append(slices.Clone(owner), "content")...)
	all := map[string]*jsonschema.Schema{}
	for kind := range content {
		schema, err := r.compile(append(slices.Clone(place), kind, "schema"))
		if err != nil {
			return nil, err
		}
		all[kind] = schema
	}
	return all, nil
}
