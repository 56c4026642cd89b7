// Package phone has the rules of phone numbers: how they are written, and the codes by text message which prove that a
// number is in the hands of the person that typed it.
package phone

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/nyaruka/phonenumbers" // the numbering plans of all countries, by libphonenumber's data
	"golang.org/x/text/unicode/norm"

	"mstm/shop"
)

// home is the country of numbers that are typed without one, and homeCode its calling code.
const (
	home     = "CN"
	homeCode = "86"
)

// homeMobile are the numbers at home that take text messages. The plan's own data lags behind new ones.
var homeMobile = regexp.MustCompile(`^1[3-9][0-9]{9}$`)

// maxTyped is how long what is typed may be, in bytes.
const maxTyped = 64

// Parse is a number in E.164 as it is typed: with blanks, in full-width digits, with or without the country. It refuses what
// takes no text messages, and countries that are not among these calling codes: shop.ErrPhoneInvalid.
func Parse(typed string, countries []string) (string, error) {
	if len(typed) > maxTyped {
		return "", shop.ErrPhoneInvalid.At("phone")
	}
	n, err := phonenumbers.Parse(norm.NFKC.String(typed), home)
	if err != nil || n.GetExtension() != "" {
		return "", shop.ErrPhoneInvalid.At("phone")
	}
	code := strconv.Itoa(int(n.GetCountryCode()))
	good := phonenumbers.IsValidNumber(n)
	if code == homeCode {
		good = homeMobile.MatchString(phonenumbers.GetNationalSignificantNumber(n))
	}
	if !good || !slices.Contains(countries, code) {
		return "", shop.ErrPhoneInvalid.At("phone")
	}
	return phonenumbers.Format(n, phonenumbers.E164), nil
}

// Masked is a number for its owner's eyes: 138****1234, of other countries +44****1234; "" stays "".
func Masked(number string) string {
	if rest, ok := strings.CutPrefix(number, "+"+homeCode); ok && len(rest) == 11 {
		return rest[:3] + "****" + rest[7:]
	}
	if len(number) < 8 {
		return number
	}
	return number[:3] + "****" + number[len(number)-4:]
}
