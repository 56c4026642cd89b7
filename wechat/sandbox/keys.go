package sandbox

import (
	"cmp"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// keys is what a merchant and WeChat know of each other. It lives in files, so that another
// process can be pointed at this sandbox and everything stays valid across restarts.
type keys struct {
	dir      string
	id       identity
	merchant *rsa.PrivateKey
	platform *rsa.PrivateKey // of the public-key mode

	mu    sync.RWMutex
	certs []certificate // oldest first; guarded by mu
}

// identity is the part that is no key pair; merchant.json.
type identity struct {
	MchID       string   `json:"mchid"`
	AppID       string   `json:"appid"`
	Serial      string   `json:"serial"`
	APIv3Key    string   `json:"apiv3_key"`
	PublicKeyID string   `json:"public_key_id"`
	Certs       []string `json:"certificates"` // file names without ending, oldest first

	// The official account that the appid belongs to.
	AppSecret  string `json:"app_secret"`
	EventToken string `json:"event_token"`
	AESKey     string `json:"aes_key"` // EncodingAESKey

	Texts textAccount `json:"texts"`
}

// certificate is one platform certificate with its key.
type certificate struct {
	serial string
	cert   *x509.Certificate
	pem    []byte
	key    *rsa.PrivateKey
}

// Settings is what the shop's client needs to use this sandbox as its WeChat.
type Settings struct {
	BaseURL              string
	MchID, AppID, Serial string
	PrivateKey           *rsa.PrivateKey
	PrivateKeyFile       string
	APIv3Key             string
	PublicKeyID          string
	PublicKey            *rsa.PublicKey
	PublicKeyFile        string

	AppSecret, EventToken, AESKey string // of the official account; its appid is AppID
	Templates                     string // of its messages, as WECHAT_MP_TEMPLATES

	// Of the account for text messages, at BaseURL too.
	TextSecretID, TextSecretKey, TextAppID, TextSign, TextTemplate string
}

const (
	merchantKeyFile = "merchant_key.pem"
	platformKeyFile = "platform_key.pem"
	publicKeyFile   = "platform_public_key.pem"
)

// Settings are a client's settings for this sandbox, in either key mode.
func (s *Sandbox) Settings() Settings {
	k := s.keys
	return Settings{
		BaseURL: s.cfg.PublicURL, MchID: k.id.MchID, AppID: k.id.AppID, Serial: k.id.Serial,
		PrivateKey: k.merchant, PrivateKeyFile: filepath.Join(k.dir, merchantKeyFile), APIv3Key: k.id.APIv3Key,
		PublicKeyID: k.id.PublicKeyID, PublicKey: &k.platform.PublicKey, PublicKeyFile: filepath.Join(k.dir, publicKeyFile),
		AppSecret: k.id.AppSecret, EventToken: k.id.EventToken, AESKey: k.id.AESKey,
		Templates:    templateSettings(),
		TextSecretID: k.id.Texts.SecretID, TextSecretKey: k.id.Texts.SecretKey, TextAppID: k.id.Texts.AppID, TextSign: textSign, TextTemplate: textTemplate,
	}
}

// writeEnv leaves the settings where a second shop can read them.
func (s *Sandbox) writeEnv() error {
	c := s.Settings()
	abs := func(p string) string {
		if a, err := filepath.Abs(p); err == nil {
			return a
		}
		return p
	}
	lines := []string{
		"WECHAT_PAY_BASE_URL=" + c.BaseURL, "WECHAT_PAY_MCHID=" + c.MchID, "WECHAT_PAY_APPID=" + c.AppID,
		"WECHAT_PAY_SERIAL=" + c.Serial, "WECHAT_PAY_PRIVATE_KEY_FILE=" + abs(c.PrivateKeyFile), "WECHAT_PAY_APIV3_KEY=" + c.APIv3Key,
		"WECHAT_PAY_PUBLIC_KEY_ID=" + c.PublicKeyID, "WECHAT_PAY_PUBLIC_KEY_FILE=" + abs(c.PublicKeyFile),
		"WECHAT_MP_BASE_URL=" + c.BaseURL, "WECHAT_MP_APPID=" + c.AppID, "WECHAT_MP_SECRET=" + c.AppSecret,
		"WECHAT_MP_TOKEN=" + c.EventToken, "WECHAT_MP_AES_KEY=" + c.AESKey,
		"WECHAT_MP_TEMPLATES='" + c.Templates + "'",
		"SMS_BASE_URL=" + c.BaseURL, "SMS_SECRET_ID=" + c.TextSecretID, "SMS_SECRET_KEY=" + c.TextSecretKey, "SMS_APP_ID=" + c.TextAppID,
		"SMS_SIGN=" + c.TextSign, "SMS_TEMPLATE=" + c.TextTemplate, "",
	}
	return os.WriteFile(filepath.Join(s.cfg.Dir, "sandbox.env"), []byte(strings.Join(lines, "\n")), 0o600)
}

// openKeys reads the keys in dir, or makes them on the first run.
func openKeys(dir string) (*keys, error) {
	k := &keys{dir: dir}
	raw, err := os.ReadFile(filepath.Join(dir, "merchant.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return k, k.generate()
	}
	if err == nil {
		err = json.Unmarshal(raw, &k.id)
	}
	if err == nil {
		err = k.read()
	}
	if err == nil && k.id.AESKey == "" { // made before there was an account
		k.id.addAccount()
		err = k.save()
	}
	if err == nil && k.id.Texts.SecretID == "" { // made before there were text messages
		k.id.Texts = newTextAccount()
		err = k.save()
	}
	return k, err
}

// addAccount invents the official account.
func (id *identity) addAccount() {
	key := make([]byte, 32)
	rand.Read(key) // never fails
	id.AppSecret, id.EventToken = randomHex(16), randomHex(12)
	id.AESKey = strings.TrimSuffix(base64.StdEncoding.EncodeToString(key), "=")
}

// save writes merchant.json.
func (k *keys) save() error {
	raw, err := json.MarshalIndent(k.id, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(k.dir, "merchant.json"), raw, 0o600)
}

// generate makes everything new. merchant.json is written last: a run that died half way starts over.
func (k *keys) generate() (err error) {
	k.id = identity{MchID: "1900" + digits(6), AppID: "wx" + randomHex(8), Serial: strings.ToUpper(randomHex(20)),
		APIv3Key: randomHex(16), PublicKeyID: "PUB_KEY_ID_01" + digits(24)}
	k.id.addAccount()
	k.id.Texts = newTextAccount()
	if k.merchant, err = k.newKey(merchantKeyFile); err != nil {
		return err
	}
	if k.platform, err = k.newKey(platformKeyFile); err != nil {
		return err
	}
	der, err := x509.MarshalPKIXPublicKey(&k.platform.PublicKey)
	if err != nil {
		return err
	}
	if err := k.writePEM(publicKeyFile, "PUBLIC KEY", der); err != nil {
		return err
	}
	_, err = k.issue(time.Now())
	return err
}

func (k *keys) read() (err error) {
	if k.merchant, err = k.readKey(merchantKeyFile); err != nil {
		return err
	}
	if k.platform, err = k.readKey(platformKeyFile); err != nil {
		return err
	}
	for _, name := range k.id.Certs {
		key, err := k.readKey(name + "_key.pem")
		if err != nil {
			return err
		}
		raw, err := os.ReadFile(filepath.Join(k.dir, name+".pem"))
		if err != nil {
			return err
		}
		if err := k.add(raw, key); err != nil {
			return err
		}
	}
	return nil
}

// issue makes a further platform certificate, the newest from now on, and stores it.
func (k *keys) issue(now time.Time) (certificate, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	name := fmt.Sprintf("platform_cert_%d", len(k.certs)+1)
	key, err := k.newKey(name + "_key.pem")
	if err != nil {
		return certificate{}, err
	}
	der, err := selfSign(key, now, len(k.certs))
	if err != nil {
		return certificate{}, err
	}
	if err := k.writePEM(name+".pem", "CERTIFICATE", der); err != nil {
		return certificate{}, err
	}
	if err := k.add(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), key); err != nil {
		return certificate{}, err
	}
	k.id.Certs = append(k.id.Certs, name)
	return k.certs[len(k.certs)-1], k.save()
}

// selfSign dates each certificate a second after the one before it: clients take the latest
// NotBefore for the newest, and certificates count in whole seconds.
func selfSign(key *rsa.PrivateKey, now time.Time, number int) ([]byte, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 159))
	if err != nil {
		return nil, err
	}
	from := now.Add(-time.Hour).Add(time.Duration(number) * time.Second)
	template := &x509.Certificate{
		SerialNumber: serial.SetBit(serial, 158, 1), // always 40 hex digits
		Subject:      pkix.Name{CommonName: "Tenpay.com sandbox", Organization: []string{"sandbox"}, Country: []string{"CN"}},
		NotBefore:    from, NotAfter: from.AddDate(5, 0, 0),
		KeyUsage: x509.KeyUsageDigitalSignature,
	}
	return x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
}

func (k *keys) add(raw []byte, key *rsa.PrivateKey) error {
	block, _ := pem.Decode(raw)
	if block == nil {
		return errors.New("a platform certificate is no PEM")
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return err
	}
	k.certs = append(k.certs, certificate{serial: strings.ToUpper(cert.SerialNumber.Text(16)), cert: cert, pem: raw, key: key})
	return nil
}

// signer is a key and the serial that names it.
type signer struct {
	serial string
	key    crypto.Signer
}

// signer picks the key a client asked for by its Wechatpay-Serial; the newest certificate when it
// asked for none that exists.
func (k *keys) signer(serial string) signer {
	if serial == k.id.PublicKeyID {
		return signer{serial, k.platform}
	}
	certs := k.certificates()
	for _, c := range certs {
		if c.serial == serial {
			return signer{serial, c.key}
		}
	}
	newest := certs[len(certs)-1]
	return signer{newest.serial, newest.key}
}

func (k *keys) certificates() []certificate {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return k.certs[:len(k.certs):len(k.certs)]
}

func (k *keys) newKey(name string) (*rsa.PrivateKey, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key) // the SDK reads PKCS#8 only
	if err != nil {
		return nil, err
	}
	return key, k.writePEM(name, "PRIVATE KEY", der)
}

func (k *keys) readKey(name string) (*rsa.PrivateKey, error) {
	raw, err := os.ReadFile(filepath.Join(k.dir, name))
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(raw)
	if block == nil {
		return nil, fmt.Errorf("%s is no PEM", name)
	}
	any, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	key, ok := any.(*rsa.PrivateKey)
	if !ok {
		return nil, cmp.Or(err, fmt.Errorf("%s holds no RSA key", name))
	}
	return key, nil
}

func (k *keys) writePEM(name, kind string, der []byte) error {
	return os.WriteFile(filepath.Join(k.dir, name), pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600)
}

// randomHex is n random bytes in hex.
func randomHex(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return hex.EncodeToString(b)
}

// digits is n random decimal digits.
func digits(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	for i := range b {
		b[i] = '0' + b[i]%10
	}
	return string(b)
}
