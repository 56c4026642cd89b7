package rest

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"mstm/shop"
)

// Bounds of a list: rows a page when the caller does not say, and at most.
const (
	defaultLimit = 20
	maxLimit     = 100
)

// Query reads the request's query parameters, or refuses one that is malformed, holds invisible
// characters, or is given twice: two readers of such a request would not agree on what it says. A
// search text may hold what a person copied from a page: it is folded (shop.Fold) before it is
// compared.
func Query(r *http.Request) (url.Values, error) {
	q, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, shop.ErrInvalidQuery
	}
	for name, values := range q {
		if len(values) > 1 || !utf8.ValidString(values[0]) || hiddenIn(name, values[0]) {
			return nil, shop.ErrInvalidQuery.At(name)
		}
	}
	return q, nil
}

func hiddenIn(name, value string) bool {
	if name == "q" {
		return strings.ContainsFunc(value, func(r rune) bool { return unicode.IsControl(r) && !unicode.IsSpace(r) })
	}
	return shop.Hidden(value, false)
}

// ListQuery reads the query of a list, and how many rows a page of it has.
func ListQuery(r *http.Request) (q url.Values, rows int, err error) {
	if q, err = Query(r); err != nil {
		return nil, 0, err
	}
	rows, err = limit(q)
	return q, rows, err
}

// limit is how many rows the caller wants.
func limit(q url.Values) (int, error) {
	if !q.Has("limit") {
		return defaultLimit, nil
	}
	n, err := strconv.Atoi(q.Get("limit"))
	if err != nil || n < 1 || n > maxLimit || q.Get("limit")[0] == '+' {
		return 0, shop.ErrInvalidQuery.At("limit")
	}
	return n, nil
}

// Flag reads a parameter that is 1 or 0 (or true, false), and absent means false.
func Flag(q url.Values, name string) (bool, error) {
	switch q.Get(name) {
	case "1", "true":
		return true, nil
	case "", "0", "false":
		return false, nil
	}
	return false, shop.ErrInvalidQuery.At(name)
}
