package sandbox

import (
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/julienschmidt/httprouter"
	"go.etcd.io/bbolt"
)

// What the sandbox's account for text messages has approved: a sign and the template of a code.
const (
	textSign     = "拾课"
	textTemplate = "1400001"
	textOfCode   = "您的验证码是 {1}，{2} 分钟内有效。请勿告诉他人。"
)

// textRoutes is Tencent Cloud for text messages, which has one address for all its calls.
func (s *Sandbox) textRoutes(r *httprouter.Router) {
	r.POST("/", s.texts.take)
	r.GET("/sandbox/texts", s.control(s.texts.list))
}

// textMessage is one that reached a phone.
type textMessage struct {
	Phone  string    `json:"phone"` // E.164
	Text   string    `json:"text"`
	Params []string  `json:"params"` // of the template, in order
	Serial string    `json:"serial_no"`
	At     time.Time `json:"at"`
}

// Code is the first word that a person types somewhere.
func (m textMessage) Code() string {
	if len(m.Params) == 0 {
		return ""
	}
	return m.Params[0]
}

// textCall is the body of SendSms.
type textCall struct {
	PhoneNumberSet   []string
	SmsSdkAppID      string `json:"SmsSdkAppId"`
	TemplateID       string `json:"TemplateId"`
	SignName         string
	TemplateParamSet []string
	ExtendCode       string
	SessionContext   string
	SenderID         string `json:"SenderId"`
}

// textStatus is what became of the message to one number.
type textStatus struct {
	SerialNo       string
	PhoneNumber    string
	Fee            int
	SessionContext string
	Code           string
	Message        string
	IsoCode        string
}

// cloudError is a refusal of a whole call in Tencent Cloud's form, which has status 200.
type cloudError struct{ code, message string }

func (e *cloudError) Error() string { return e.code + " " + e.message }

// take answers POST / as Tencent Cloud does.
func (s *texts) take(w http.ResponseWriter, hr *http.Request, params httprouter.Params) {
	r, err := newRequest(w, hr, params)
	if err == nil {
		err = s.keys.id.Texts.authorize(r, s.realNow())
	}
	if err == nil {
		err = checkAction(hr.Header)
	}
	if err != nil {
		s.answer(w, hr, nil, err)
		return
	}
	f := s.faults.drawAPI("sms", "")
	if f.DropBefore {
		cut()
	}
	var out any
	if f.Status == 0 || f.After {
		out, err = s.send(r.body, f)
	}
	pause(hr.Context(), time.Duration(f.DelayMS)*time.Millisecond)
	switch {
	case f.Drop:
		cut()
	case f.Status != 0:
		s.controls.answerFault(w, hr, f)
	default:
		s.answer(w, hr, out, err)
	}
}

func checkAction(h http.Header) error {
	switch {
	case h.Get("X-TC-Version") != "2021-01-11":
		return &cloudError{"NoSuchVersion", "The API version does not exist."}
	case h.Get("X-TC-Action") != "SendSms":
		return &cloudError{"InvalidAction", "The action does not exist."}
	case h.Get("X-TC-Region") == "":
		return &cloudError{"MissingParameter", "The request is missing the required parameter `Region`."}
	}
	return nil
}

// send takes the messages of a call and says of each what became of it. A fault may lose or refuse them.
func (s *texts) send(body []byte, f APIFault) (any, error) {
	var in textCall
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, &cloudError{"InvalidParameter", "The request body is no JSON: " + err.Error()}
	}
	if n := len(in.PhoneNumberSet); n == 0 || n > 200 {
		return nil, &cloudError{"InvalidParameterValue.PhoneNumberCountLimit", "1 to 200 numbers."}
	}
	all := make([]textStatus, 0, len(in.PhoneNumberSet))
	err := s.db.Update(func(tx *bbolt.Tx) error {
		for _, phone := range in.PhoneNumberSet {
			status := textStatus{PhoneNumber: phone, SessionContext: in.SessionContext, Code: in.refusal(phone, s.keys.id.Texts.AppID), IsoCode: "CN"}
			if f.Code != "" && status.Code == "" {
				status.Code = f.Code
			}
			if status.Code != "" {
				status.Message = "sandbox: " + status.Code
				all = append(all, status)
				continue
			}
			n := sequence(tx, bucketTexts)
			status.Code, status.Message, status.Fee, status.SerialNo = "Ok", "send success", 1, "5000:"+strconv.FormatUint(n, 10)
			all = append(all, status)
			if f.Lose {
				continue
			}
			m := textMessage{Phone: phone, Text: in.text(), Params: in.TemplateParamSet, Serial: status.SerialNo, At: s.now().UTC()}
			if err := put(tx, bucketTexts, textKey(n), m); err != nil {
				return err
			}
		}
		return nil
	})
	return struct{ SendStatusSet []textStatus }{all}, err
}

// textKey sorts by number.
func textKey(n uint64) string {
	digits := strconv.FormatUint(n, 10)
	return strings.Repeat("0", 20-len(digits)) + digits
}

// phoneNumber is a number in E.164; within China Tencent Cloud takes it without +86 too.
var phoneNumber = regexp.MustCompile(`^(\+86|0086|86)?1[3-9]\d{9}$|^\+[1-9]\d{6,14}$`)

// refusal is the code of what is wrong with the message to a number, "" where nothing is.
func (c textCall) refusal(phone, appID string) string {
	switch {
	case c.SmsSdkAppID != appID:
		return "UnauthorizedOperation.SmsSdkAppIdVerifyFail"
	case c.SignName != textSign:
		return "FailedOperation.SignatureIncorrectOrUnapproved"
	case c.TemplateID != textTemplate:
		return "FailedOperation.TemplateIncorrectOrUnapproved"
	case len(c.TemplateParamSet) != strings.Count(textOfCode, "{"):
		return "FailedOperation.TemplateParamSetNotMatchApprovedTemplate"
	case slices.ContainsFunc(c.TemplateParamSet, func(p string) bool { return p == "" || len([]rune(p)) > 12 }):
		return "InvalidParameterValue.TemplateParameterLengthLimit"
	case !phoneNumber.MatchString(phone):
		return "InvalidParameterValue.IncorrectPhoneNumber"
	}
	return ""
}

// text is the message as a phone shows it.
func (c textCall) text() string {
	text := textOfCode
	for i, p := range c.TemplateParamSet {
		text = strings.ReplaceAll(text, "{"+strconv.Itoa(i+1)+"}", p)
	}
	return "【" + c.SignName + "】" + text
}

// answer writes what a call returned.
func (s *texts) answer(w http.ResponseWriter, r *http.Request, out any, err error) {
	var refused *cloudError
	var body []byte
	id := randomHex(4) + "-" + randomHex(2) + "-" + randomHex(2) + "-" + randomHex(2) + "-" + randomHex(6)
	switch {
	case err == nil:
		raw, _ := json.Marshal(out)
		body, _ = json.Marshal(map[string]any{"Response": addMember(raw, "RequestId", id)})
	default:
		if !errors.As(err, &refused) {
			s.log.ErrorContext(r.Context(), "sandbox request failed", "path", r.URL.Path, "err", err)
			refused = &cloudError{"InternalError", "An internal error has occurred."}
		}
		body, _ = json.Marshal(map[string]any{"Response": map[string]any{
			"Error": map[string]string{"Code": refused.code, "Message": refused.message}, "RequestId": id,
		}})
	}
	send(w, http.StatusOK, "application/json", body)
}

// addMember adds a member to a JSON object.
func addMember(object []byte, name string, value any) map[string]any {
	all := map[string]any{}
	_ = json.Unmarshal(object, &all) // an object of ours
	all[name] = value
	return all
}

// list answers GET /sandbox/texts?phone= with the messages, newest first.
func (s *texts) list(r *request) (any, error) {
	all, err := s.newest(r.URL.Query().Get("phone"), 200)
	return items[textMessage]{all}, err
}

// newest are the latest messages to a number, "" for all, newest first.
func (s *texts) newest(phone string, limit int) ([]textMessage, error) {
	all := []textMessage{}
	err := s.db.View(func(tx *bbolt.Tx) error {
		c := tx.Bucket([]byte(bucketTexts)).Cursor()
		for k, raw := c.Last(); k != nil && len(all) < limit; k, raw = c.Prev() {
			var m textMessage
			if err := json.Unmarshal(raw, &m); err != nil {
				return err
			}
			if phone == "" || m.Phone == phone {
				all = append(all, m)
			}
		}
		return nil
	})
	return all, err
}
