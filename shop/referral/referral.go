// Package referral knows the tags by which a sale is put down to a link: `?from=TAG` on any page of the shop. The browser keeps
// the last one, the order keeps it for good. Marketing makes up tags of its own; a person's is derived from the account, says
// nothing of it, and ends with it.
package referral

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"strings"
)

// MaxTag is the length of a tag, in characters.
const MaxTag = 32

const tagCharacters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"

// Valid reports whether a text can be a tag: 1 to MaxTag letters, digits, "_" and "-" of ASCII.
func Valid(tag string) bool {
	return tag != "" && len(tag) <= MaxTag && strings.Trim(tag, tagCharacters) == ""
}

const (
	personPrefix = "p-"
	personLength = 12 // characters of base32, 60 bits
)

// OfPerson is the tag of an account's owner. Without the secret nothing leads from it to the account.
func OfPerson(secret, userID string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte("mstm referral " + userID))
	return personPrefix + strings.ToLower(base32.StdEncoding.EncodeToString(mac.Sum(nil)))[:personLength]
}
