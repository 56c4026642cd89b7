// Package shop holds the rules of selling courses: what a course costs a learner, what a cart and
// an order may become, what an enrolment opens and until when, and the catalogue of error codes.
// It does no I/O and reads no clock: the time is an argument, so every rule is tested with plain
// values.
package shop

import (
	"fmt"
	"regexp"
)

// Fen is an amount of money in fen, the hundredth part of a yuan: 19900 is 199 yuan.
// Money is never a float.
type Fen int64

// MaxPrice is the highest price a policy may have: 10 million yuan.
const MaxPrice Fen = 1_000_000_000

// idPattern is what every id that MSTM makes looks like. Ids enter Redis keys and
// WeChat's order numbers, so nothing else may pass for one.
var idPattern = regexp.MustCompile(`^[0-9a-z]{1,32}$`)

// ValidID reports whether s could be an id of ours.
func ValidID(s string) bool { return idPattern.MatchString(s) }

// Yuan writes f in yuan with two decimals, as a person reads it: 19900 is "199.00".
func (f Fen) Yuan() string {
	sign := ""
	if f < 0 {
		sign, f = "-", -f
	}
	return fmt.Sprintf("%s%d.%02d", sign, f/100, f%100)
}
