package account

import (
	"cmp"
	_ "embed"
	"strings"
	"unicode"

	"github.com/trustelem/zxcvbn"

	"mstm/shop"
)

// checkNew refuses a password that is too short, too long, one of the first that an attacker tries, or
// easy to guess. There are no rules about its characters, and nothing is trimmed.
func (h *Passwords) checkNew(password, username string, least int) error {
	p := normalPassword(password)
	switch {
	case len(p) < least:
		return shop.ErrPasswordTooShort.At("password").With("min_bytes", least)
	case max(len(p), len(password)) > maxPassword:
		return shop.ErrPasswordTooLong.At("password").With("max_bytes", maxPassword)
	case h.isCommon(p, username):
		return shop.ErrPasswordCommon.At("password")
	case h.guesses(p, username) < leastGuesses(least):
		return shop.ErrPasswordWeak.At("password")
	}
	return nil
}

// leastGuesses is how many guesses a password must withstand, by zxcvbn's estimate. Online an account
// can be tried some ten thousand times a year (guesses.go); the rest is for a stolen database.
func leastGuesses(least int) float64 {
	if least >= minStaffPassword {
		return 1e8
	}
	return 1e7
}

// maxEstimated bounds what is estimated, in characters: the time grows with the square of the length.
const maxEstimated = 64

// guesses estimates how many guesses find the password, for an attacker that knows the username, the
// shop's own words, common passwords, names, dates, keyboards, and the usual replacements of letters.
func (h *Passwords) guesses(password, username string) float64 {
	start := []rune(password)
	start = start[:min(len(start), maxEstimated)]
	to := toASCII(start)
	words := make([]string, 0, len(h.words)+1)
	for _, word := range append([]string{username}, h.words...) {
		words = append(words, strings.Map(to, word))
	}
	return zxcvbn.PasswordStrength(strings.Map(to, string(start)), words).Guesses
}

// toASCII gives each character outside ASCII a control character instead: zxcvbn confuses bytes and
// characters where one is repeated. The steps between them are too wide to be read as a sequence.
func toASCII(password []rune) func(rune) rune {
	const controls = "\x01\x0e\x1a\x07\x14\x02\x0f\x1b\x08\x15\x03\x10\x1c\x09\x16\x04\x11\x1d\x0b\x17\x05\x12\x1e\x0c\x18\x06\x13\x1f\x19"
	given := map[rune]rune{}
	for _, r := range password {
		if r > unicode.MaxASCII && given[r] == 0 {
			given[r] = rune(controls[len(given)%len(controls)])
		}
	}
	return func(r rune) rune {
		if r <= unicode.MaxASCII {
			return r
		}
		return cmp.Or(given[r], '\x7f')
	}
}

// isCommon knows the listed passwords and the username, in any case, with letters replaced by figures
// or signs that look like them, and with figures or signs around them; repeats of one or two
// characters; runs of the keyboard.
func (h *Passwords) isCommon(password, username string) bool {
	p := strings.ToLower(password)
	if letters(p) <= 2 || isRun(p) {
		return true
	}
	const affixes = "0123456789!@#$%^&*.-_?~ "
	for _, stem := range []string{p, strings.TrimRight(p, affixes), strings.Trim(p, affixes)} {
		for _, form := range []string{stem, lookalikes.Replace(stem), lookalikesOfL.Replace(stem)} {
			if h.common[form] || form == username || ofTheShop(form, username) {
				return true
			}
		}
	}
	return false
}

// ofTheShop reports whether nothing but figures and signs is left of p without the shop's own words and
// the username.
func ofTheShop(p, username string) bool {
	for _, word := range append([]string{username}, shopWords...) {
		if word != "" {
			p = strings.ReplaceAll(p, word, " ")
		}
	}
	return !strings.ContainsFunc(p, unicode.IsLetter)
}

// shopWords are what a visitor of the shop reads on it, longer words before those that they contain.
var shopWords = []string{
	"marketer", "learning", "teacher", "learner", "lessons", "courses", "student", "kecheng", "finance", "gouwuche", "dingdan",
	"lesson", "course", "wechat", "weixin", "editor", "xuexi", "learn", "zhifu", "shike", "order", "admin", "store", "shop", "mstm", "cart", "pay",
	"购物车", "拾课", "课程", "学习", "微信", "支付", "订单", "商店", "老师", "学生",
}

// Figures and signs that are read as letters; 1 and ! are an i or an l.
var (
	lookalikes    = strings.NewReplacer("4", "a", "@", "a", "3", "e", "1", "i", "!", "i", "0", "o", "5", "s", "$", "s", "7", "t")
	lookalikesOfL = strings.NewReplacer("4", "a", "@", "a", "3", "e", "1", "l", "!", "l", "0", "o", "5", "s", "$", "s", "7", "t")
)

// letters counts the different characters of p.
func letters(p string) int {
	seen := map[rune]bool{}
	for _, r := range p {
		seen[r] = true
	}
	return len(seen)
}

// isRun reports whether p is a stretch of a row of the keyboard, of the alphabet or of
// the figures, in either direction.
func isRun(p string) bool {
	const rows = "01234567890123456789 09876543210987654321 abcdefghijklmnopqrstuvwxyz zyxwvutsrqponmlkjihgfedcba " +
		"qwertyuiop asdfghjkl zxcvbnm poiuytrewq lkjhgfdsa mnbvcxz"
	return !strings.Contains(p, " ") && strings.Contains(rows, p)
}

//go:embed common_passwords.txt
var commonPasswordList string

// commonPasswords are the listed ones, as a set and in their order.
func commonPasswords() (set map[string]bool, words []string) {
	set, words = map[string]bool{}, strings.Fields(commonPasswordList)
	for _, word := range words {
		set[word] = true
	}
	return set, words
}
