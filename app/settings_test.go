package app

import (
	"net/netip"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/caarlos0/env/v11"
	"github.com/joho/godotenv"

	"mstm/shop"
)

// assignment is a line of .env.example that sets something, in force or as a comment.
var assignment = regexp.MustCompile(`(?m)^(?:# )?([A-Z][A-Z0-9_]*)=(.*)$`)

func readFile(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// exampleValues are the names and values of .env.example.
func exampleValues(t *testing.T) map[string]string {
	t.Helper()
	values := map[string]string{}
	for _, m := range assignment.FindAllStringSubmatch(readFile(t, "../.env.example"), -1) {
		if _, twice := values[m[1]]; twice {
			t.Errorf(".env.example has %s twice", m[1])
		}
		values[m[1]] = m[2]
	}
	return values
}

// composeNames are the variables that docker-compose.yml takes from the environment.
func composeNames(t *testing.T) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	for _, m := range regexp.MustCompile(`\$\{([A-Z][A-Z0-9_]*)`).FindAllStringSubmatch(readFile(t, "../docker-compose.yml"), -1) {
		names[m[1]] = true
	}
	return names
}

func TestTheExampleListsEverySettingWithItsDefaultAndNothingElse(t *testing.T) {
	example := exampleValues(t)
	params, err := env.GetFieldParams(&Settings{})
	if err != nil {
		t.Fatal(err)
	}
	known := composeNames(t)
	for _, p := range params {
		known[p.Key] = true
		value, listed := example[p.Key]
		if !listed {
			t.Errorf(".env.example lacks %s", p.Key)
		} else if value != p.DefaultValue {
			t.Errorf(".env.example says %s=%s, the default is %q", p.Key, value, p.DefaultValue)
		}
	}
	for name := range example {
		if !known[name] {
			t.Errorf(".env.example has %s, which nothing reads", name)
		}
	}
}

func TestWhatDockerComposeAsksForIsInTheExample(t *testing.T) {
	example := exampleValues(t)
	for name := range composeNames(t) {
		if _, listed := example[name]; !listed {
			t.Errorf("docker-compose.yml asks for %s, which .env.example lacks", name)
		}
	}
}

func TestTheExampleCanBeUsedAsItIs(t *testing.T) {
	clearSettings(t)
	values, err := godotenv.Read("../.env.example")
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range values {
		t.Setenv(name, value)
	}
	if _, err := ReadSettings(); err != nil {
		t.Error(err)
	}
}

// clearSettings empties every setting, as docker-compose does for those not given.
func clearSettings(t *testing.T) {
	t.Helper()
	params, err := env.GetFieldParams(&Settings{})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range params {
		t.Setenv(p.Key, "")
	}
}

func TestAnEmptySettingIsItsDefault(t *testing.T) {
	clearSettings(t)
	s, err := ReadSettings()
	if err != nil {
		t.Fatal(err)
	}
	if s.Env != "development" || s.Addr != "127.0.0.1:8080" || s.Hub.User != 10 || s.Pay.set() || len(s.TrustedProxies)+len(s.AllowedOrigins) != 0 {
		t.Errorf("an empty environment gives %+v", s)
	}
}

func TestListsAreSeparatedByCommas(t *testing.T) {
	clearSettings(t)
	t.Setenv("TRUSTED_PROXIES", "10.0.0.0/8,fd00::/8")
	t.Setenv("ALLOWED_ORIGINS", "https://a.example,https://b.example")
	s, err := ReadSettings()
	if err != nil {
		t.Fatal(err)
	}
	if len(s.TrustedProxies) != 2 || s.TrustedProxies[1].String() != "fd00::/8" || len(s.AllowedOrigins) != 2 || s.AllowedOrigins[1] != "https://b.example" {
		t.Errorf("read as %v and %q", s.TrustedProxies, s.AllowedOrigins)
	}
}

func TestAMalformedSettingIsRefused(t *testing.T) {
	for _, tt := range []struct{ name, setting, value string }{
		{"a proxy that is no network", "TRUSTED_PROXIES", "10.0.0.1"},
		{"no proxies beside a proxy", "TRUSTED_PROXIES", "none,10.0.0.0/8"},
		{"a cap that is no number", "HUB_MAX_PER_USER", "many"},
		{"an unknown environment", "MSTM_ENV", "prod"},
		{"seeding neither on nor off", "SEED_DEMO", "yes"},
		{"an address without a scheme", "PUBLIC_URL", "shop.example"},
		{"an address with a path", "PUBLIC_URL", "https://shop.example/shop"},
		{"no way to pay", "SANDBOX_ADDR", "off"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			clearSettings(t)
			t.Setenv(tt.setting, tt.value)
			if _, err := ReadSettings(); err == nil {
				t.Errorf("%s=%s is taken", tt.setting, tt.value)
			}
		})
	}
}

// soundProduction is what a real shop might say.
func soundProduction() Settings {
	return Settings{
		Env: "production", Addr: "0.0.0.0:8080", PublicURL: "https://shop.example", DataDir: "./data",
		MongoURI: "mongodb://mstm:x@db1,db2,db3/mstm?replicaSet=rs0", RedisURL: "rediss://:x@cache:6379/0",
		SeedDemo: "on", SandboxAddr: "127.0.0.1:8090", AllowedOrigins: []string{"https://m.shop.example"},
		TrustedProxies: Networks{netip.MustParsePrefix("10.0.0.0/8")}, TrialNeeds: shop.TrialNeedsNone,
		Pay: PaySettings{
			MchID: "1900000001", AppID: "wx1234567890abcdef", Serial: "5157F09EFDC096DE15EBE81A47057A72",
			PrivateKeyFile: "/run/secrets/merchant.pem", APIv3Key: strings.Repeat("k", 32),
			PublicKeyID: "PUB_KEY_ID_0119000000012024", PublicKeyFile: "/run/secrets/wechat.pem",
		},
		MP:  MPSettings{AppID: "wx1234567890abcdef", Secret: "s", Token: "t", AESKey: strings.Repeat("k", 43)},
		SMS: SMSSettings{SecretID: "AKIDx", SecretKey: "k", AppID: "1400000001", Sign: "拾课", Template: "1", Countries: []string{"86"}},
	}
}

func TestProductionStartsOnSoundSettings(t *testing.T) {
	if err := soundProduction().Check(); err != nil {
		t.Error(err)
	}
}

func TestProductionNamesTheSettingThatIsWrong(t *testing.T) {
	for _, tt := range []struct {
		name, setting string
		spoil         func(*Settings)
	}{
		{"the embedded FerretDB", "MONGODB_URI", func(s *Settings) { s.MongoURI = "" }},
		{"the embedded miniredis", "REDIS_URL", func(s *Settings) { s.RedisURL = "" }},
		{"the sandbox in WeChat's place", "WECHAT_PAY_MCHID", func(s *Settings) { s.Pay = PaySettings{} }},
		{"an official account without its secret", "WECHAT_MP_SECRET", func(s *Settings) { s.MP.Secret = "" }},
		{"an official account that cannot read its events", "WECHAT_MP_AES_KEY", func(s *Settings) { s.MP.AESKey = "short" }},
		{"an official account whose openids pay nowhere", "WECHAT_MP_APPID", func(s *Settings) { s.MP.AppID = "wx0000000000000000" }},
		{"an official account over plain http", "WECHAT_MP_BASE_URL", func(s *Settings) { s.MP.BaseURL = "http://mp.example" }},
		{"text messages without a secret", "SMS_SECRET_KEY", func(s *Settings) { s.SMS.SecretKey = "" }},
		{"text messages without a template", "SMS_TEMPLATE", func(s *Settings) { s.SMS.Template = "" }},
		{"text messages over plain http", "SMS_BASE_URL", func(s *Settings) { s.SMS.BaseURL = "http://sms.example" }},
		{"text messages to no country", "SMS_COUNTRIES", func(s *Settings) { s.SMS.Countries = []string{"+86"} }},
		{"payments over plain http", "WECHAT_PAY_BASE_URL", func(s *Settings) { s.Pay.BaseURL = "http://pay.example" }},
		{"no public address", "PUBLIC_URL", func(s *Settings) { s.PublicURL = "" }},
		{"a public address over plain http", "PUBLIC_URL", func(s *Settings) { s.PublicURL = "http://shop.example" }},
		{"every origin", "ALLOWED_ORIGINS", func(s *Settings) { s.AllowedOrigins = append(s.AllowedOrigins, "*") }},
		{"an origin over plain http", "ALLOWED_ORIGINS", func(s *Settings) { s.AllowedOrigins = append(s.AllowedOrigins, "http://m.shop.example") }},
		{"an origin of a file", "ALLOWED_ORIGINS", func(s *Settings) { s.AllowedOrigins = append(s.AllowedOrigins, "null") }},
		{"an origin with a path", "ALLOWED_ORIGINS", func(s *Settings) { s.AllowedOrigins = append(s.AllowedOrigins, "https://m.shop.example/") }},
		{"proxies that were forgotten", "TRUSTED_PROXIES", func(s *Settings) { s.TrustedProxies = nil }},
		{"everybody as a proxy", "TRUSTED_PROXIES", func(s *Settings) { s.TrustedProxies = Networks{netip.MustParsePrefix("::/0")} }},
		{"an unknown kind of seeding", "SEED_DEMO", func(s *Settings) { s.SeedDemo = "" }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := soundProduction()
			tt.spoil(&s)
			err := s.Check()
			if err == nil || !strings.HasPrefix(err.Error(), tt.setting+": ") || strings.Contains(err.Error(), "\n") {
				t.Errorf("refused with %v, not for %s alone", err, tt.setting)
			}
		})
	}
}

func TestProductionWithoutAProxyStartsWhenThatIsSaid(t *testing.T) {
	clearSettings(t)
	t.Setenv("TRUSTED_PROXIES", "none")
	said, err := ReadSettings()
	if err != nil {
		t.Fatal(err)
	}
	s := soundProduction()
	s.TrustedProxies = said.TrustedProxies
	if err := s.Check(); err != nil || len(s.TrustedProxies) != 0 {
		t.Errorf("%v with %v", err, s.TrustedProxies)
	}
}

func TestProductionNamesEverythingThatIsWrongAtOnce(t *testing.T) {
	err := Settings{Env: "production", SeedDemo: "on", SandboxAddr: "127.0.0.1:8090", AllowedOrigins: []string{"*"}}.Check()
	for _, name := range []string{"MONGODB_URI", "REDIS_URL", "WECHAT_PAY_MCHID", "PUBLIC_URL", "ALLOWED_ORIGINS", "TRUSTED_PROXIES"} {
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%v does not name %s", err, name)
		}
	}
}

func TestProductionHasNeitherSandboxNorSample(t *testing.T) {
	if s := soundProduction(); s.sandboxed() || s.seeded() {
		t.Errorf("sandbox %t, sample %t", s.sandboxed(), s.seeded())
	}
}
