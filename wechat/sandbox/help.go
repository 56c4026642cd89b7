package sandbox

import (
	_ "embed"
	"net/http"
	"regexp"
	"strings"

	"github.com/julienschmidt/httprouter"
)

// The documentation of the sandbox stands in these files, and the program shows it from there, for
// users without the source.
var (
	//go:embed sandbox.go
	overview string
	//go:embed fault.go
	faultSource string
)

// help answers GET /sandbox: how to steer the sandbox, as text.
func (s *controls) help(w http.ResponseWriter, _ *http.Request, _ httprouter.Params) {
	comment, _, _ := strings.Cut(overview, "\npackage sandbox")
	_, fields, _ := strings.Cut(faultSource, "\n// Faults is")
	fields, _, _ = strings.Cut(fields, "\n// faultSet")
	text := commentMark.ReplaceAllString(comment, "") + "\n\n# The fields of faults\n\nFaults is" + fields + "\n"
	send(w, http.StatusOK, "text/plain; charset=utf-8", []byte(text))
}

var commentMark = regexp.MustCompile(`(?m)^// ?`)
