package handlers

import (
	"bytes"
	"html/template"
	"net/http"

	"mstm/shop"
)

var errorPage = template.Must(template.New("errors").Parse(`<!doctype html>
<html lang="en"><meta charset="utf-8"><title>MSTM: error codes</title>
<h1>Error codes</h1>
<p>Every error is an application/problem+json object (RFC 9457) with one of these codes.</p>
<dl>{{range .}}
<dt id="{{.Code}}"><strong>{{.Code}}</strong> ({{printf "%d" .Kind}})</dt><dd>{{.En}}<br><span lang="zh-CN">{{.Zh}}</span></dd>{{end}}
</dl></html>
`))

// showErrors answers GET /docs/errors, where the `type` of every problem points.
func (s *Server) showErrors(w http.ResponseWriter, _ *http.Request) error {
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
func (s *Server) showDocs(w http.ResponseWriter, r *http.Request) error {
	if s.Web == nil || !s.Docs {
		answerPage(w, []byte(plainDocs))
		return nil
	}
	pageHeaders(w.Header())
	s.Web.ServeHTTP(w, r)
	return nil
}

func answerPage(w http.ResponseWriter, page []byte) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	write(w, http.StatusOK, page)
}
