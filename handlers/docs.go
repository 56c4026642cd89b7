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
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	write(w, http.StatusOK, b.Bytes())
	return nil
}
