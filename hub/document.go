package hub

import (
	_ "embed"
	"slices"
)

//go:embed asyncapi.yaml
var document []byte

// Document is the contract of the socket and of the event stream: AsyncAPI, in YAML.
func Document() []byte { return slices.Clone(document) }
