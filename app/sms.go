package app

import (
	"fmt"
	"regexp"
	"strings"

	"mstm/sms"
)

// SMSSettings are of the account at Tencent Cloud that sends text messages.
type SMSSettings struct {
	BaseURL   string `env:"BASE_URL"`
	Region    string `env:"REGION"`
	SecretID  string `env:"SECRET_ID"`
	SecretKey string `env:"SECRET_KEY"`
	AppID     string `env:"APP_ID"`
	Sign      string `env:"SIGN"`
	Template  string `env:"TEMPLATE"`

	Countries []string `env:"COUNTRIES" envDefault:"86"`
	MaxPerDay int      `env:"MAX_PER_DAY" envDefault:"10000"`
}

// set reports whether there are any; without them the sandbox takes the messages, and where there is none
// the shop knows no phone numbers.
func (s SMSSettings) set() bool {
	return s.BaseURL+s.Region+s.SecretID+s.SecretKey+s.AppID+s.Sign+s.Template != ""
}

var callingCode = regexp.MustCompile(`^[1-9][0-9]{0,2}$`)

// check refuses an account that is only half there.
func (s SMSSettings) check(production bool, refuse func(name, why string)) {
	for _, c := range s.Countries {
		if !callingCode.MatchString(c) {
			refuse("SMS_COUNTRIES", fmt.Sprintf("%q is no country's calling code, such as 86", c))
		}
	}
	if s.MaxPerDay < 0 {
		refuse("SMS_MAX_PER_DAY", "is less than 0, which is no limit")
	}
	if !s.set() {
		return
	}
	for _, f := range []struct{ name, value string }{
		{"SECRET_ID", s.SecretID}, {"SECRET_KEY", s.SecretKey}, {"APP_ID", s.AppID}, {"SIGN", s.Sign}, {"TEMPLATE", s.Template},
	} {
		if f.value == "" {
			refuse("SMS_"+f.name, "is missing beside the other SMS_ settings")
		}
	}
	if production && s.BaseURL != "" && !strings.HasPrefix(s.BaseURL, "https://") {
		refuse("SMS_BASE_URL", "must be https in production")
	}
}

// openSMS is what sends text messages: by the account of the settings, or to the sandbox's phone. nil: neither.
func openSMS(cfg Settings, sb *localWeChat) (sms.Sender, error) {
	at := sms.TencentConfig{
		BaseURL: cfg.SMS.BaseURL, Region: cfg.SMS.Region, SecretID: cfg.SMS.SecretID, SecretKey: cfg.SMS.SecretKey,
		AppID: cfg.SMS.AppID, Sign: cfg.SMS.Sign, Template: cfg.SMS.Template,
	}
	switch {
	case cfg.SMS.set():
	case sb == nil:
		return nil, nil
	default:
		s := sb.Settings()
		at.BaseURL, at.SecretID, at.SecretKey, at.AppID = s.BaseURL, s.TextSecretID, s.TextSecretKey, s.TextAppID
		at.Sign, at.Template = s.TextSign, s.TextTemplate
	}
	return sms.NewTencent(at)
}
