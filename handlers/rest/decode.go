package rest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"mstm/shop"
)

// Limits of a request's body: bytes, and how deep objects and arrays may nest.
const (
	MaxBody  = 64 << 10
	maxDepth = 32
)

// Decode reads the request's JSON object into v, or refuses it: another content type,
// more than 64 KiB, a field that v does not have (in this very case), a field twice,
// invalid UTF-8, anything after the object, or a value of the wrong type.
func Decode(w http.ResponseWriter, r *http.Request, v any) error {
	return DecodeUpTo(w, r, MaxBody, v)
}

// DecodeUpTo is Decode of a body of another size at most, in bytes.
func DecodeUpTo(w http.ResponseWriter, r *http.Request, most int64, v any) error {
	body, err := readBody(w, r, most)
	if err != nil {
		return err
	}
	return DecodeBytes(body, v)
}

// ReadBody is the body, whole; other readers of raw bytes share its limits.
func ReadBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	return readBody(w, r, MaxBody)
}

func readBody(w http.ResponseWriter, r *http.Request, most int64) ([]byte, error) {
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	charset := strings.ToLower(params["charset"])
	if err != nil || kind != "application/json" || (charset != "" && charset != "utf-8") {
		return nil, shop.ErrMediaType
	}
	if enc := r.Header.Get("Content-Encoding"); enc != "" && enc != "identity" {
		return nil, shop.ErrMediaType
	}
	if r.ContentLength > most {
		return nil, shop.ErrBodyTooLarge
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, most))
	if tooLarge := new(http.MaxBytesError); errors.As(err, &tooLarge) {
		return nil, shop.ErrBodyTooLarge
	}
	if err != nil {
		return nil, fmt.Errorf("%w: read body: %v", shop.ErrInvalidJSON, err)
	}
	return body, nil
}

// DecodeBytes is decode without HTTP.
func DecodeBytes(body []byte, v any) error {
	if err := checkObject(body); err != nil {
		return err
	}
	if err := json.Unmarshal(body, v, json.RejectUnknownMembers(true)); err != nil {
		return decodeError(err)
	}
	return nil
}

// checkObject refuses what is no JSON object, and nesting that only an attack needs,
// before anything is built from it.
func checkObject(body []byte) error {
	if trimmed := bytes.TrimLeft(body, " \t\r\n"); len(trimmed) == 0 || trimmed[0] != '{' {
		return shop.ErrInvalidJSON
	}
	dec := jsontext.NewDecoder(bytes.NewReader(body))
	for {
		_, err := dec.ReadToken()
		switch {
		case err == io.EOF:
			return nil
		case err != nil:
			return decodeError(err)
		case dec.StackDepth() > maxDepth:
			return shop.ErrInvalidJSON
		}
	}
}

// decodeError gives the library's error a code and the name of the field at fault.
func decodeError(err error) error {
	var semantic *json.SemanticError
	var syntactic *jsontext.SyntacticError
	switch {
	case errors.As(err, &semantic) && errors.Is(err, json.ErrUnknownName):
		return shop.ErrUnknownField.At(fieldName(semantic.JSONPointer))
	case errors.As(err, &semantic):
		return shop.ErrInvalidField.At(fieldName(semantic.JSONPointer))
	case errors.As(err, &syntactic):
		return shop.ErrInvalidJSON.At(fieldName(syntactic.JSONPointer))
	}
	return shop.ErrInvalidJSON
}

// fieldName writes a JSON pointer as people write a field: /lines/0/course_id becomes
// lines[0].course_id. It is cut short, as the name may be anything that the caller sent.
func fieldName(p jsontext.Pointer) string {
	var b strings.Builder
	for token := range p.Tokens() {
		switch {
		case strings.Trim(token, "0123456789") == "":
			b.WriteString("[" + token + "]")
		case b.Len() > 0:
			b.WriteString("." + token)
		default:
			b.WriteString(token)
		}
		if b.Len() > 100 {
			return strings.ToValidUTF8(b.String()[:100], "")
		}
	}
	return b.String()
}
