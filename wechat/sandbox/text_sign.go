package sandbox

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// textAccount is the account for text messages at Tencent Cloud.
type textAccount struct {
	SecretID  string `json:"secret_id"`
	SecretKey string `json:"secret_key"`
	AppID     string `json:"app_id"`
}

func newTextAccount() textAccount {
	return textAccount{SecretID: "AKID" + randomHex(16), SecretKey: randomHex(16), AppID: "1400" + digits(6)}
}

// signAge is how far a call's time may be from the server's.
const signAge = 5 * time.Minute

var tc3Header = regexp.MustCompile(`^TC3-HMAC-SHA256 Credential=([^/, ]+)/(\d{4}-\d{2}-\d{2})/([a-z0-9]+)/tc3_request, ?SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})$`)

// authorize checks a call's TC3-HMAC-SHA256 signature as Tencent Cloud does.
func (a textAccount) authorize(r *request, now time.Time) error {
	h := r.Header
	for _, name := range []string{"Authorization", "X-TC-Action", "X-TC-Version", "X-TC-Timestamp"} {
		if h.Get(name) == "" {
			return &cloudError{"MissingParameter", "The request is missing the required parameter `" + strings.TrimPrefix(name, "X-TC-") + "`."}
		}
	}
	m := tc3Header.FindStringSubmatch(h.Get("Authorization"))
	if m == nil {
		return &cloudError{"AuthFailure.InvalidAuthorization", "The Authorization header is malformed."}
	}
	id, date, service, names, signature := m[1], m[2], m[3], strings.Split(m[4], ";"), m[5]
	seconds, err := strconv.ParseInt(h.Get("X-TC-Timestamp"), 10, 64)
	if err != nil {
		return &cloudError{"InvalidParameterValue", "X-TC-Timestamp is no number of seconds."}
	}
	at := time.Unix(seconds, 0).UTC()
	if age := now.Sub(at); age > signAge || age < -signAge {
		return &cloudError{"AuthFailure.SignatureExpire", "The signature has expired: the request's time differs from the server's by more than five minutes."}
	}
	switch {
	case id != a.SecretID:
		return &cloudError{"AuthFailure.SecretIdNotFound", "The SecretId is not found."}
	case service != "sms" || date != at.Format(time.DateOnly) || !slices.Contains(names, "content-type") || !slices.Contains(names, "host"):
		return &cloudError{"AuthFailure.SignatureFailure", "The credential scope or the signed headers are wrong."}
	case !hmac.Equal([]byte(signature), []byte(a.sign(r, date, names))):
		return &cloudError{"AuthFailure.SignatureFailure", "The provided credentials could not be validated. Please check your signature is correct."}
	}
	return nil
}

// sign is the signature that a call of this account has.
func (a textAccount) sign(r *request, date string, names []string) string {
	var headers strings.Builder
	for _, name := range names {
		value := r.Header.Get(name)
		if name == "host" {
			value = r.Host
		}
		headers.WriteString(name + ":" + strings.ToLower(strings.TrimSpace(value)) + "\n")
	}
	canonical := strings.Join([]string{r.Method, "/", r.URL.RawQuery, headers.String(), strings.Join(names, ";"), sha256Hex(string(r.body))}, "\n")
	text := strings.Join([]string{"TC3-HMAC-SHA256", r.Header.Get("X-TC-Timestamp"), date + "/sms/tc3_request", sha256Hex(canonical)}, "\n")
	key := []byte("TC3" + a.SecretKey)
	for _, part := range []string{date, "sms", "tc3_request", text} {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(part))
		key = mac.Sum(nil)
	}
	return hex.EncodeToString(key)
}

func sha256Hex(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}
