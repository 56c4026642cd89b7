package sandbox

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"time"
)

const scheme = "WECHATPAY2-SHA256-RSA2048"

var authPair = regexp.MustCompile(`^\s*([a-z_]+)="([^"]*)"\s*(?:,|$)`)

// authorize checks a request's Authorization as WeChat does: the form, the merchant, the clock
// (before the signature), then the signature over the raw request line and the raw body.
func (k *keys) authorize(r *http.Request, body []byte, now time.Time) error {
	pairs, err := authPairs(r.Header.Get("Authorization"))
	if err != nil {
		return err
	}
	stamp, err := strconv.ParseInt(pairs["timestamp"], 10, 64)
	switch {
	case err != nil:
		return signError("Authorization 的 timestamp 格式错误")
	case now.Sub(time.Unix(stamp, 0)).Abs() > 300*time.Second:
		return signError("Authorization 的 timestamp 与服务器时间相差超过 5 分钟")
	case pairs["mchid"] != k.id.MchID:
		return signError("商户号有误")
	case pairs["serial_no"] != k.id.Serial:
		return signError("商户证书序列号有误")
	}
	message := fmt.Sprintf("%s\n%s\n%s\n%s\n%s\n", r.Method, r.RequestURI, pairs["timestamp"], pairs["nonce_str"], body)
	signature, err := base64.StdEncoding.DecodeString(pairs["signature"])
	sum := sha256.Sum256([]byte(message))
	if err != nil || rsa.VerifyPKCS1v15(&k.merchant.PublicKey, crypto.SHA256, sum[:], signature) != nil {
		return signError("签名错误，请检查后再试")
	}
	return nil
}

// authPairs splits the header; exactly one space follows the scheme, the pairs come in any order.
func authPairs(header string) (map[string]string, error) {
	if len(header) < len(scheme)+2 || header[:len(scheme)+1] != scheme+" " || header[len(scheme)+1] == ' ' {
		return nil, signError("Http头Authorization值格式错误，请参考《微信支付商户REST API签名规则》")
	}
	pairs := map[string]string{}
	for rest := header[len(scheme)+1:]; rest != ""; {
		m := authPair.FindStringSubmatch(rest)
		if m == nil {
			return nil, signError("Http头Authorization值格式错误")
		}
		pairs[m[1]] = m[2]
		rest = rest[len(m[0]):]
	}
	for _, name := range []string{"mchid", "nonce_str", "timestamp", "serial_no", "signature"} {
		if pairs[name] == "" {
			return nil, signError("Authorization 缺少 " + name)
		}
	}
	return pairs, nil
}

func signError(message string) error {
	return &refusal{http.StatusUnauthorized, "SIGN_ERROR", message, ""}
}

// signature is how a message is signed wrongly on purpose; the zero value is right.
type spoil struct {
	unsigned      bool
	wrongKey      bool
	signtest      bool
	stale         bool
	unknownSerial bool
}

// sign sets the four headers that prove body comes from the signer.
func (g signer) sign(h http.Header, body []byte, now time.Time, bad spoil) {
	if bad.unsigned {
		return
	}
	if bad.stale {
		now = now.Add(-6 * time.Minute)
	}
	stamp, nonce := strconv.FormatInt(now.Unix(), 10), randomHex(16)
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\n%s\n%s\n", stamp, nonce, body))
	if bad.wrongKey {
		sum[0] ^= 1
	}
	raw, err := g.key.Sign(rand.Reader, sum[:], crypto.SHA256)
	if err != nil {
		return // an RSA key of ours signs every hash
	}
	signature := base64.StdEncoding.EncodeToString(raw)
	if bad.signtest {
		signature = "WECHATPAY/SIGNTEST/" + signature[:len(signature)-19]
	}
	serial := g.serial
	if bad.unknownSerial {
		serial = "7F" + serialTail(serial)
	}
	h.Set("Wechatpay-Timestamp", stamp)
	h.Set("Wechatpay-Nonce", nonce)
	h.Set("Wechatpay-Signature", signature)
	h.Set("Wechatpay-Serial", serial)
}

// serialTail makes a serial of the right form that no key has.
func serialTail(serial string) string {
	return fmt.Sprintf("%X", sha256.Sum256([]byte(serial)))[:38]
}

// encrypted is a resource as callbacks and certificates carry it.
type encrypted struct {
	OriginalType   string `json:"original_type,omitempty"`
	Algorithm      string `json:"algorithm"`
	Ciphertext     string `json:"ciphertext"`
	AssociatedData string `json:"associated_data"`
	Nonce          string `json:"nonce"`
}

// encrypt seals plain with the APIv3 key: AES-256-GCM, a nonce of 12 printable bytes.
func encrypt(apiV3Key, associated, nonce string, plain []byte) (encrypted, error) {
	block, err := aes.NewCipher([]byte(apiV3Key))
	if err != nil {
		return encrypted{}, err
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		return encrypted{}, err
	}
	sealed := gcm.Seal(nil, []byte(nonce), plain, []byte(associated))
	return encrypted{Algorithm: "AEAD_AES_256_GCM", Ciphertext: base64.StdEncoding.EncodeToString(sealed), AssociatedData: associated, Nonce: nonce}, nil
}
