package sandbox

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.etcd.io/bbolt"
)

// msgTemplate is one that the account has taken from WeChat's library. Subscription ones need the
// person's consent for each message, the others a follower.
type msgTemplate struct {
	ID        string `json:"id"`
	Name      string `json:"name"` // the shop's word for it
	Title     string `json:"title"`
	Subscribe bool   `json:"subscribe,omitempty"`
	Rows      []row  `json:"rows"`
}

// row is one line of a template. Key begins with the type that WeChat checks; Field is the shop's
// word for what belongs there.
type row struct {
	Key   string `json:"key"`
	Label string `json:"label"`
	Field string `json:"field"`
}

// templates are all that the account has.
var templates = named([]msgTemplate{
	{"", "order_fulfilled", "课程开通通知", false, []row{
		{"thing1", "课程名称", "courses"}, {"character_string2", "订单编号", "order"}, {"amount3", "支付金额", "amount"}, {"time4", "开通时间", "time"}}},
	{"", "order_refunded", "退款成功通知", false, []row{
		{"thing1", "退款课程", "courses"}, {"character_string2", "订单编号", "order"}, {"amount3", "退款金额", "amount"}, {"time4", "退款时间", "time"}}},
	{"", "order_closing", "订单待支付提醒", false, []row{
		{"thing1", "课程名称", "courses"}, {"amount2", "待付金额", "amount"}, {"time3", "支付截止时间", "until"}}},
	{"", "access_ends", "课程到期提醒", false, []row{
		{"thing1", "课程名称", "course"}, {"date2", "到期日期", "last_day"}, {"thing3", "续费方式", "next"}}},
	{"", "access_ended", "课程已到期通知", false, []row{
		{"thing1", "课程名称", "course"}, {"date2", "到期日期", "last_day"}, {"thing3", "续费方式", "next"}}},
	{"", "activity", "活动通知", true, []row{
		{"thing1", "活动名称", "title"}, {"thing2", "活动内容", "body"}, {"time3", "通知时间", "time"}}},
})

// named gives each its id, which is the same in every sandbox.
func named(all []msgTemplate) []msgTemplate {
	for i := range all {
		sum := sha256.Sum256([]byte("sandbox template " + all[i].Name))
		all[i].ID = base64.RawURLEncoding.EncodeToString(sum[:])
	}
	return all
}

// activityTemplate is the one to subscribe to.
func activityTemplate() *msgTemplate {
	return &templates[slices.IndexFunc(templates, func(t msgTemplate) bool { return t.Subscribe })]
}

// templateSettings is what WECHAT_MP_TEMPLATES says about them.
func templateSettings() string {
	type setting struct {
		ID     string            `json:"id"`
		Fields map[string]string `json:"fields"`
	}
	all := map[string]setting{}
	for _, t := range templates {
		one := setting{t.ID, map[string]string{}}
		for _, r := range t.Rows {
			one.Fields[r.Key] = r.Field
		}
		all[t.Name] = one
	}
	raw, _ := json.Marshal(all) // strings alone
	return string(raw)
}

const metaGone = "templates_gone"

// template finds one by its id, or refuses as WeChat does.
func (s *official) template(tx *bbolt.Tx, id string, subscribe bool) (*msgTemplate, error) {
	gone, err := get[[]string](tx, bucketMeta, metaGone)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(templates, func(t msgTemplate) bool { return t.ID == id && t.Subscribe == subscribe })
	if i < 0 || gone != nil && slices.Contains(*gone, templates[i].Name) {
		return nil, &errcode{40037, "invalid template_id"}
	}
	return &templates[i], nil
}

// listTemplates answers GET /sandbox/templates.
func (s *official) listTemplates(*request) (any, error) { return items[msgTemplate]{templates}, nil }

// loseTemplates answers PUT /sandbox/templates `{gone:[name…]}`: the account has deleted these.
func (s *official) loseTemplates(r *request) (any, error) {
	var in struct {
		Gone []string `json:"gone"`
	}
	if err := r.decode(&in); err != nil {
		return nil, err
	}
	for _, name := range in.Gone {
		if !slices.ContainsFunc(templates, func(t msgTemplate) bool { return t.Name == name }) {
			return nil, paramError("gone", "there is no template "+name)
		}
	}
	return in, s.db.Update(func(tx *bbolt.Tx) error { return put(tx, bucketMeta, metaGone, in.Gone) })
}

// The forms that WeChat wants of a value, by the type that its key begins with.
var (
	amountForm = regexp.MustCompile(`^[¥￥]?\d{1,10}(\.\d{1,2})?元?$`)
	timeForm   = regexp.MustCompile(`^(\d{4}-\d{1,2}-\d{1,2}|\d{4}年\d{1,2}月\d{1,2}日)( \d{1,2}:\d{2}(:\d{2})?)?$|^\d{1,2}:\d{2}$`)
	keyForm    = regexp.MustCompile(`^([a-z_]+?)\d*$`)
)

// fits reports whether WeChat takes a value under a key.
func fits(key, value string) bool {
	n := utf8.RuneCountInString(value)
	if n == 0 || strings.ContainsAny(value, "\r\n") {
		return false
	}
	switch keyForm.FindStringSubmatch(key)[1] {
	case "thing", "const":
		return n <= 20
	case "character_string":
		return n <= 32 && !strings.ContainsFunc(value, func(r rune) bool { return unicode.Is(unicode.Han, r) })
	case "number", "letter":
		return n <= 32
	case "amount":
		return amountForm.MatchString(value)
	case "time", "date":
		return timeForm.MatchString(value)
	case "phrase":
		return n <= 5
	case "name":
		return n <= 10
	case "phone_number":
		return n <= 17
	case "car_number":
		return n <= 8
	case "symbol":
		return n <= 5
	}
	return true
}
