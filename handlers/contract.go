package handlers

import (
	"bytes"
	"embed"
	"fmt"
	"net/http"
	"strings"
	"text/template"

	"mstm/handlers/rest"
	"mstm/shop"
)

// docs are the contracts for programs and for people.
type docs struct {
	web          http.Handler // the pages; nil: none
	docs         bool         // web has the page that shows the contract
	contract     *rest.ReadyMade
	liveContract *rest.ReadyMade // of the socket
}

// contractParts is the OpenAPI document, a file for each part of the API: openapi.yaml
// opens it, components.yaml has what all parts share. Each of the others has the paths of
// its part and, after them, its schemas.
//
//go:embed openapi/*.yaml
var contractParts embed.FS

// The two files that are no part.
const (
	contractHead  = "openapi.yaml"
	contractRest  = "components.yaml"
	contractPaths = "paths:\n"
	contractCut   = "components:\n  schemas:\n" // begins the schemas of a part
)

// contractOrder are the parts, in the order in which the document has them.
var contractOrder = []string{
	"catalogue", "search", "accounts", "phones", "login_codes", "cart", "orders", "enrolments", "notices", "wechat", "hub", "broadcasts",
	"admin_courses", "admin_categories", "front", "admin_texts", "admin_media", "admin_notices", "admin_orders", "admin_exceptions", "admin_stats", "admin_users", "admin_webhooks", "papers", "operation",
}

// Contract is the whole OpenAPI document of the API, in YAML.
func Contract() ([]byte, error) {
	head, err := contractParts.ReadFile("openapi/" + contractHead)
	if err != nil {
		return nil, err
	}
	shared, err := contractParts.ReadFile("openapi/" + contractRest)
	if err != nil {
		return nil, err
	}
	var paths, schemas strings.Builder
	for _, name := range contractOrder {
		part, err := contractParts.ReadFile("openapi/" + name + ".yaml")
		if err != nil {
			return nil, err
		}
		own, ok := strings.CutPrefix(string(part), contractPaths)
		if !ok {
			return nil, fmt.Errorf("openapi/%s.yaml does not begin with its paths", name)
		}
		own, types, _ := strings.Cut(own, contractCut)
		paths.WriteString(own)
		schemas.WriteString(types)
	}
	return []byte(string(head) + contractPaths + paths.String() + string(shared) + schemas.String()), nil
}

var yamlType = []string{"application/yaml"} // RFC 9512

// showLiveContract answers GET /api/asyncapi.yaml.
func (h *docs) showLiveContract(w http.ResponseWriter, r *http.Request) error {
	h.liveContract.Answer(w, r)
	return nil
}

// showContract answers GET /api/openapi.yaml.
func (h *docs) showContract(w http.ResponseWriter, r *http.Request) error {
	h.contract.Answer(w, r)
	return nil
}

var errorPage = template.Must(template.New("errors").Parse(`<!doctype html>
<html lang="en"><meta charset="utf-8"><title>MSTM: error codes</title>
<h1>Error codes</h1>
<p>Every error is an application/problem+json object (RFC 9457) with one of these codes.</p>
<dl>{{range .}}
<dt id="{{.Code}}"><strong>{{.Code}}</strong> ({{printf "%d" .Kind}})</dt><dd>{{.En}}<br><span lang="zh-CN">{{.Zh}}</span></dd>{{end}}
</dl></html>
`))

// showErrors answers GET /docs/errors, where the `type` of every problem points.
func (h *docs) showErrors(w http.ResponseWriter, _ *http.Request) error {
	var b bytes.Buffer
	if err := errorPage.Execute(&b, shop.Errors()); err != nil {
		return err
	}
	answerPage(w, b.Bytes())
	return nil
}

const plainDocs = `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>MSTM: the API</title>
<h1>The API</h1>
<ul>
<li><a href="/api/asyncapi.yaml">asyncapi.yaml</a>: the socket and the event stream, in AsyncAPI 3.1</li>
<li><a href="/api/openapi.yaml">openapi.yaml</a>: every route, in OpenAPI 3.1, for tools and for people</li>
<li><a href="/docs/errors">Error codes</a></li>
</ul>
<p>The pages that show it are not in this program: <code>make web</code> builds them.</p>
</html>
`

// showDocs answers GET /docs: the contract as a page to read and to try, where the pages
// were built, else where to find it.
func (h *docs) showDocs(w http.ResponseWriter, r *http.Request) error {
	if h.web == nil || !h.docs {
		answerPage(w, []byte(plainDocs))
		return nil
	}
	rest.PageHeaders(w.Header())
	h.web.ServeHTTP(w, r)
	return nil
}

func answerPage(w http.ResponseWriter, page []byte) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	rest.Write(w, http.StatusOK, page)
}
