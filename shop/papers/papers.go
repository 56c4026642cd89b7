// Package papers is what a shop says of itself to the public: its name, its registration, its agreements and its
// customer service. It has no I/O.
package papers

import (
	"cmp"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"mstm/shop"
)

// Bounds of the fields, in characters.
const (
	MaxName    = 20
	MaxSlogan  = 60
	MaxCompany = 100
	MaxContact = 100
	MaxAddress = 500
	MaxText    = 30_000
)

// Kind names one of the texts.
type Kind string

// The texts of a shop. A learner agrees to the first two by registering.
const (
	Terms   Kind = "terms"
	Privacy Kind = "privacy"
	Refunds Kind = "refunds"
)

// Kinds are all texts.
func Kinds() []Kind { return []Kind{Terms, Privacy, Refunds} }

// Title is what a page calls the text.
func (k Kind) Title() string {
	switch k {
	case Terms:
		return "用户协议"
	case Privacy:
		return "隐私政策"
	}
	return "退款规则"
}

// Text is a text in Markdown. Version grows by one with every change of the text, and is 1 for the program's own.
type Text struct {
	Markdown string    `bson:"markdown"`
	Version  int       `bson:"version"`
	At       time.Time `bson:"at"` // since when the version holds; zero for the program's own
}

// Contact is how buyers reach the shop's people. QR is the content of the code that a page draws, as it is scanned.
type Contact struct {
	Phone  string `bson:"phone" json:"phone"`
	Email  string `bson:"email" json:"email"`
	WeChat string `bson:"wechat" json:"wechat"`
	Hours  string `bson:"hours" json:"hours"`
	QR     string `bson:"qr" json:"qr"`
}

// Given reports whether there is any way to reach the shop.
func (c Contact) Given() bool { return c.Phone != "" || c.Email != "" || c.WeChat != "" || c.QR != "" }

// Papers are one edition of what the shop says of itself. V counts the editions: 0 is the program's own.
type Papers struct {
	V       int64     `bson:"v"`
	Name    string    `bson:"name"`
	Slogan  string    `bson:"slogan"`
	Logo    string    `bson:"logo"` // a path here or an https address; "" the program's own
	Company string    `bson:"company"`
	ICP     string    `bson:"icp"`
	Police  string    `bson:"police"`
	Contact Contact   `bson:"contact"`
	Terms   Text      `bson:"terms"`
	Privacy Text      `bson:"privacy"`
	Refunds Text      `bson:"refunds"`
	By      string    `bson:"by"`
	At      time.Time `bson:"at"`
}

// Edit is what people at the console write.
type Edit struct {
	Name    string  `json:"name"`
	Slogan  string  `json:"slogan"`
	Logo    string  `json:"logo"`
	Company string  `json:"company"`
	ICP     string  `json:"icp"`
	Police  string  `json:"police"`
	Contact Contact `json:"contact"`
	Terms   string  `json:"terms"`
	Privacy string  `json:"privacy"`
	Refunds string  `json:"refunds"`
}

// Edition is the number of the edition, its editor's user id and its time.
func (p *Papers) Edition() (v int64, by string, at time.Time) { return p.V, p.By, p.At }

// Edit is what the papers were written as.
func (p *Papers) Edit() Edit {
	return Edit{
		Name: p.Name, Slogan: p.Slogan, Logo: p.Logo, Company: p.Company, ICP: p.ICP, Police: p.Police, Contact: p.Contact,
		Terms: p.Terms.Markdown, Privacy: p.Privacy.Markdown, Refunds: p.Refunds.Markdown,
	}
}

// Text is one of the texts.
func (p *Papers) Text(k Kind) Text {
	switch k {
	case Terms:
		return p.Terms
	case Privacy:
		return p.Privacy
	}
	return p.Refunds
}

// Next is the edition after p that e makes, in the name of the user by. A text that stays as it was keeps its version.
// The refusal of a field is shop.ErrInvalidField.
func (p *Papers) Next(e Edit, by string, now time.Time) (*Papers, error) {
	e, err := e.clean()
	if err != nil {
		return nil, err
	}
	now = now.UTC()
	return &Papers{
		V: p.V + 1, Name: e.Name, Slogan: e.Slogan, Logo: e.Logo, Company: e.Company, ICP: e.ICP, Police: e.Police, Contact: e.Contact,
		Terms: p.Terms.next(e.Terms, now), Privacy: p.Privacy.next(e.Privacy, now), Refunds: p.Refunds.next(e.Refunds, now),
		By: by, At: now,
	}, nil
}

func (t Text) next(markdown string, now time.Time) Text {
	if markdown == t.Markdown {
		return t
	}
	return Text{Markdown: markdown, Version: t.Version + 1, At: now}
}

var (
	icpNumber    = regexp.MustCompile(`^\p{Han}{1,3}ICP[备证]\d{4,12}号(-\d{1,4})?$`)
	policeNumber = regexp.MustCompile(`^\p{Han}{1,3}公网安备\d{8,14}号$`)
	phoneNumber  = regexp.MustCompile(`^\+?[0-9][0-9 ()-]{4,24}$`)
	mailAddress  = regexp.MustCompile(`^[^\s@<>"]+@[^\s@<>"]+\.[^\s@<>"]+$`)
)

// clean is the edit as it is kept; the first field that is wrong is refused.
func (e Edit) clean() (Edit, error) {
	lines := []struct {
		field       string
		value       *string
		least, most int
		fits        func(string) bool
	}{
		{"name", &e.Name, 1, MaxName, nil},
		{"slogan", &e.Slogan, 0, MaxSlogan, nil},
		{"logo", &e.Logo, 0, MaxAddress, isPicture},
		{"company", &e.Company, 0, MaxCompany, nil},
		{"icp", &e.ICP, 0, MaxContact, icpNumber.MatchString},
		{"police", &e.Police, 0, MaxContact, policeNumber.MatchString},
		{"contact.phone", &e.Contact.Phone, 0, MaxContact, phoneNumber.MatchString},
		{"contact.email", &e.Contact.Email, 0, MaxContact, mailAddress.MatchString},
		{"contact.wechat", &e.Contact.WeChat, 0, MaxContact, nil},
		{"contact.hours", &e.Contact.Hours, 0, MaxContact, nil},
		{"contact.qr", &e.Contact.QR, 0, MaxAddress, nil},
	}
	e.ICP, e.Police = withoutSpace(e.ICP), withoutSpace(e.Police)
	for _, l := range lines {
		clean, err := shop.CleanLine(l.field, *l.value, l.least, l.most)
		if err != nil {
			return e, err
		}
		if clean != "" && l.fits != nil && !l.fits(clean) {
			return e, shop.ErrInvalidField.At(l.field)
		}
		*l.value = clean
	}
	texts := []struct {
		kind Kind
		text *string
	}{{Terms, &e.Terms}, {Privacy, &e.Privacy}, {Refunds, &e.Refunds}}
	for _, t := range texts {
		clean, err := shop.CleanText(string(t.kind), *t.text, 1, MaxText)
		if err != nil {
			return e, err
		}
		*t.text = clean
	}
	return e, nil
}

// withoutSpace leaves out the blanks with which registration numbers are often written. A flood is left for the bounds.
func withoutSpace(number string) string {
	if utf8.RuneCountInString(number) > MaxContact {
		return number
	}
	return strings.Join(strings.Fields(number), "")
}

// isPicture reports whether an address is a path of this server or of another host by https.
func isPicture(address string) bool {
	u, err := url.Parse(address)
	if err != nil || u.User != nil || strings.ContainsAny(address, `\ "'<>`) {
		return false
	}
	if u.Scheme == "" && u.Host == "" {
		return strings.HasPrefix(u.Path, "/") && !strings.HasPrefix(address, "//")
	}
	return u.Scheme == "https" && u.Host != ""
}

// Missing are the fields that a shop which is open to the public in China still lacks, by their JSON names.
func (p *Papers) Missing() (fields []string) {
	lacks := func(field string, isMissing bool) {
		if isMissing {
			fields = append(fields, field)
		}
	}
	lacks("name", p.V == 0)
	lacks("company", p.Company == "")
	lacks("icp", p.ICP == "")
	lacks("police", p.Police == "")
	lacks("contact", !p.Contact.Given())
	lacks("terms", p.Terms.Version <= 1)
	lacks("privacy", p.Privacy.Version <= 1)
	return fields
}

// Operator is the name that agreements call the shop by.
func (p *Papers) Operator() string { return cmp.Or(p.Company, p.Name) }

// Changes are the fields in which p is not what before was: `before_FIELD` and `after_FIELD`. Of a text they hold
// the versions.
func (p *Papers) Changes(before *Papers) map[string]string {
	changes := map[string]string{}
	for field, value := range p.lines() {
		if was := before.lines()[field]; was != value {
			changes["before_"+field], changes["after_"+field] = was, value
		}
	}
	return changes
}

// lines are the fields as the audit has them.
func (p *Papers) lines() map[string]string {
	all := map[string]string{
		"name": p.Name, "slogan": p.Slogan, "logo": p.Logo, "company": p.Company, "icp": p.ICP, "police": p.Police,
		"contact_phone": p.Contact.Phone, "contact_email": p.Contact.Email, "contact_wechat": p.Contact.WeChat,
		"contact_hours": p.Contact.Hours, "contact_qr": p.Contact.QR,
	}
	for _, k := range Kinds() {
		all[string(k)] = "v" + strconv.Itoa(p.Text(k).Version)
	}
	return all
}

var digits = regexp.MustCompile(`\d+`)

// PoliceURL is the page of the register that shows the police's number; "" without one.
func (p *Papers) PoliceURL() string {
	if p.Police == "" {
		return ""
	}
	return "https://beian.mps.gov.cn/#/query/webSearch?code=" + digits.FindString(p.Police)
}
