package handlers

import (
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v2"

	"mstm/handlers/rest"
	"mstm/shop"
)

// document is the contract as far as these tests read it.
type document struct {
	Paths      map[string]map[string]any `yaml:"paths"`
	Components struct {
		Schemas map[string]struct {
			Enum []string `yaml:"enum"`
		} `yaml:"schemas"`
		SecuritySchemes map[string]any `yaml:"securitySchemes"`
	} `yaml:"components"`
	Tags []struct{ Name string } `yaml:"tags"`
}

// operation is one method of one path.
type operation struct {
	ID        string   `yaml:"operationId"`
	Summary   string   `yaml:"summary"`
	Tags      []string `yaml:"tags"`
	needs     `yaml:",inline"`
	Responses map[string]any `yaml:"responses"`
}

// needs is what an operation asks of its caller. OpenAPI has scopes for OAuth alone, so what a
// token's roles and a key's scopes must be stands beside the security.
type needs struct {
	Security []map[string][]string `yaml:"security"`
	Roles    []string              `yaml:"x-roles"`
	Scopes   []string              `yaml:"x-scopes"`
}

func readContract(t *testing.T) (doc document, text string) {
	t.Helper()
	body, err := Contract()
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.UnmarshalStrict(body, &map[string]any{}); err != nil {
		t.Fatalf("the contract is no YAML, or has a key twice: %v", err)
	}
	if err := yaml.Unmarshal(body, &doc); err != nil {
		t.Fatal(err)
	}
	return doc, string(body)
}

// operations are those of the document by method and pattern, as the route table writes them.
func (d document) operations(t *testing.T) map[string]operation {
	t.Helper()
	all := map[string]operation{}
	for path, item := range d.Paths {
		for method, raw := range item {
			if method == "parameters" {
				continue
			}
			body, _ := yaml.Marshal(raw)
			var op operation
			if err := yaml.Unmarshal(body, &op); err != nil {
				t.Fatalf("%s %s: %v", method, path, err)
			}
			all[strings.ToUpper(method)+" "+regexp.MustCompile(`\{(\w+)\}`).ReplaceAllString(path, ":$1")] = op
		}
	}
	return all
}

// TestTheContractHasEveryRouteAndNoOther fails until a new route is written down: its path goes into the file
// of its part under handlers/openapi/.
func TestTheContractHasEveryRouteAndNoOther(t *testing.T) {
	doc, _ := readContract(t)
	listed := doc.operations(t)
	routes := map[string]rest.Access{"GET /ws": public}
	for _, rt := range allRoutes(t) {
		routes[rt.Method+" "+rt.Path] = rt.Who
	}
	for name, who := range routes {
		op, ok := listed[name]
		if !ok {
			t.Errorf("handlers/openapi/ does not have %s", name)
			continue
		}
		if got, want := op.needs, needsOf(who); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: it asks for %v, and its policy %s for %v", name, got, who.Name, want)
		}
	}
	for name := range listed {
		if _, ok := routes[name]; !ok {
			t.Errorf("there is no route %s", name)
		}
	}
}

// needsOf is a route's policy in the contract's words.
func needsOf(who rest.Access) needs {
	n := needs{Security: []map[string][]string{}}
	for part := range strings.SplitSeq(who.Name, "|") {
		kind, names, _ := strings.Cut(part, ":")
		switch kind {
		case "anyone":
			n.Security = append(n.Security, map[string][]string{}, map[string][]string{"token": {}})
		case "learner":
			n.Security = append(n.Security, map[string][]string{"token": {}})
		case "role":
			n.Security = append(n.Security, map[string][]string{"token": {}})
			n.Roles = strings.Split(names, ",")
		case "scope":
			n.Security = append(n.Security, map[string][]string{"apiKey": {}})
			n.Scopes = strings.Split(names, ",")
		}
	}
	return n
}

func TestTheContractsCodesAreTheCatalogues(t *testing.T) {
	doc, text := readContract(t)
	var codes []string
	for _, e := range shop.Errors() {
		codes = append(codes, e.Code)
	}
	if listed := doc.Components.Schemas["Code"].Enum; !slices.Equal(listed, codes) {
		t.Errorf("components.yaml lists the codes\n%v\nand the catalogue, in its order, is\n%v", listed, codes)
	}
	for _, word := range regexp.MustCompile("`([A-Z][A-Z0-9_]{3,})`").FindAllStringSubmatch(text, -1) {
		if !slices.Contains(codes, word[1]) {
			t.Errorf("`%s` is no code of the catalogue", word[1])
		}
	}
}

func TestEveryOperationIsDescribed(t *testing.T) {
	doc, _ := readContract(t)
	tags := map[string]bool{}
	for _, tag := range doc.Tags {
		tags[tag.Name] = true
	}
	seen := map[string]string{}
	for name, op := range doc.operations(t) {
		if op.ID == "" || op.Summary == "" || len(op.Tags) != 1 || !tags[op.Tags[0]] || len(op.Responses) == 0 {
			t.Errorf("%s lacks an operationId, a summary, its tag or its answers: %+v", name, op)
		}
		if seen[op.ID] != "" {
			t.Errorf("%s and %s share the operationId %s", name, seen[op.ID], op.ID)
		}
		seen[op.ID] = name
	}
}

func TestEveryReferenceOfTheContractLeadsSomewhereAndEveryDefinitionIsUsed(t *testing.T) {
	_, text := readContract(t)
	var whole struct {
		Components map[string]map[string]any `yaml:"components"`
	}
	if err := yaml.Unmarshal([]byte(text), &whole); err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	for _, ref := range regexp.MustCompile(`\$ref: '#/components/(\w+)/([\w-]+)'`).FindAllStringSubmatch(text, -1) {
		if _, ok := whole.Components[ref[1]][ref[2]]; !ok {
			t.Errorf("there is no %s/%s", ref[1], ref[2])
		}
		used[ref[1]+"/"+ref[2]] = true
	}
	for kind, all := range whole.Components {
		for name := range all {
			if kind != "securitySchemes" && !used[kind+"/"+name] {
				t.Errorf("%s/%s is used nowhere", kind, name)
			}
		}
	}
}

func TestTheContractIsMadeOfAllItsFiles(t *testing.T) {
	files, err := filepath.Glob("openapi/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	want := []string{contractHead, contractRest}
	for _, name := range contractOrder {
		want = append(want, name+".yaml")
	}
	got := map[string]bool{}
	for _, f := range files {
		got[filepath.Base(f)] = true
		body, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if err := yaml.Unmarshal(body, &map[string]any{}); err != nil {
			t.Errorf("%s alone is no YAML: %v", f, err)
		}
	}
	if slices.Sort(want); !slices.Equal(slices.Sorted(maps.Keys(got)), want) {
		t.Errorf("the folder has %v and the document %v", slices.Sorted(maps.Keys(got)), want)
	}
}

func TestTheContractIsServed(t *testing.T) {
	w := newWorld(t)
	_, text := readContract(t)
	got := w.do("GET", "/api/openapi.yaml", "", nil).is(200)
	if string(got.Body) != text || got.Header.Get("Content-Type") != "application/yaml" {
		t.Errorf("%d bytes of %s, want %d of application/yaml", len(got.Body), got.Header.Get("Content-Type"), len(text))
	}
	w.do("GET", "/api/openapi.yaml", "", nil, "If-None-Match", got.Header.Get("Etag")).is(304)
}

func TestTheDocsAreThePagesOrAPlainOne(t *testing.T) {
	plain := newWorld(t).do("GET", "/docs", "", nil).is(200)
	if !strings.Contains(string(plain.Body), `href="/api/openapi.yaml"`) || !strings.HasPrefix(plain.Header.Get("Content-Type"), "text/html") {
		t.Errorf("plain: %s %s", plain.Header.Get("Content-Type"), plain.Body)
	}
	built := newWorld(t, func(d *Deps) {
		d.Docs, d.Web = true, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Security-Policy", "the pages' own")
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			fmt.Fprint(w, "built")
		})
	}).do("GET", "/docs", "", nil).is(200)
	if string(built.Body) != "built" || built.Header.Get("Content-Security-Policy") != "the pages' own" {
		t.Errorf("built: %s, %v", built.Body, built.Header)
	}
}
