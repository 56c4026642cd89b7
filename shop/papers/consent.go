package papers

import (
	"slices"

	"mstm/shop"
)

// Edition names a version of a text, as a consent does.
type Edition struct {
	Paper   Kind `json:"paper"`
	Version int  `json:"version"`
}

// maxConsents bounds how many editions one request names.
const maxConsents = 8

// Wanted are the editions that a learner of this shop agrees to: the agreement and the privacy policy as they stand. A
// shop that has published neither, and shows the program's own texts, wants none.
func (p *Papers) Wanted() []Edition {
	if p.Terms.Version <= 1 && p.Privacy.Version <= 1 {
		return nil
	}
	return []Edition{{Terms, p.Terms.Version}, {Privacy, p.Privacy.Version}}
}

// CheckConsents refuses editions that cannot be: shop.ErrInvalidField.
func CheckConsents(given []Edition) error {
	if len(given) > maxConsents {
		return shop.ErrInvalidField.At("consents")
	}
	for _, e := range given {
		if !slices.Contains(Kinds(), e.Paper) || e.Version < 1 {
			return shop.ErrInvalidField.At("consents")
		}
	}
	return nil
}

// NotIn are the editions of wanted that given lacks.
func NotIn(wanted, given []Edition) []Edition {
	return slices.DeleteFunc(slices.Clone(wanted), func(e Edition) bool { return slices.Contains(given, e) })
}
