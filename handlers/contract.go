package handlers

import (
	"embed"
	"fmt"
	"net/http"
	"strings"
)

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
	"catalogue", "accounts", "cart", "orders", "enrolments", "notices", "wechat", "hub", "broadcasts",
	"admin_courses", "admin_media", "admin_notices", "admin_orders", "admin_users", "operation",
}

// Contract is the whole OpenAPI document of the API, in YAML.
func Contract() ([]byte, error) {
	head, err := contractParts.ReadFile("openapi/" + contractHead)
	if err != nil {
		return nil, err
	}
	rest, err := contractParts.ReadFile("openapi/" + contractRest)
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
	return []byte(string(head) + contractPaths + paths.String() + string(rest) + schemas.String()), nil
}

var yamlType = []string{"application/yaml"} // RFC 9512

// showLiveContract answers GET /api/asyncapi.yaml.
func (s *Server) showLiveContract(w http.ResponseWriter, r *http.Request) error {
	s.liveContract.answer(w, r)
	return nil
}

// showContract answers GET /api/openapi.yaml.
func (s *Server) showContract(w http.ResponseWriter, r *http.Request) error {
	s.contract.answer(w, r)
	return nil
}
