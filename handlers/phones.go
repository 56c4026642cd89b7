package handlers

import (
	"net/http"

	altcha "github.com/altcha-org/altcha-lib-go"

	"mstm/account"
	"mstm/handlers/rest"
	"mstm/shop/phone"
)

// phones are the accounts' phone numbers.
type phones struct {
	phones *account.Phones
	wechat *account.WeChat
}

// ways answers GET /api/login/ways with how one logs in besides by password.
func (h *phones) ways(w http.ResponseWriter, _ *http.Request) error {
	return rest.Encode(w, http.StatusOK, struct {
		Phone  bool `json:"phone"`
		WeChat bool `json:"wechat"`
	}{h.phones.On(), h.wechat.Official != nil})
}

// sendCode answers POST /api/sms-codes `{phone,purpose,device?,proof?}`: the same for a number that an account has and for
// one that none has.
func (h *phones) sendCode(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Phone   string          `json:"phone"`
		Purpose phone.Purpose   `json:"purpose"`
		Device  string          `json:"device"`
		Proof   *altcha.Payload `json:"proof"`
	}
	if err := rest.Decode(w, r, &in); err != nil {
		return err
	}
	err := h.phones.SendCode(r.Context(), rest.Visitor(r), account.CodeWish{
		Phone: in.Phone, Purpose: in.Purpose, Device: in.Device, UserID: rest.LearnerID(r.Context()), Proof: in.Proof,
	})
	if err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// phoneLogin is the body of a login by a code.
type phoneLogin struct {
	Phone  string `json:"phone"`
	Code   string `json:"code"`
	Client string `json:"client"`
	Device string `json:"device"`
}

func (in phoneLogin) of() account.PhoneLogin {
	return account.PhoneLogin{Phone: in.Phone, Code: in.Code, Client: in.Client, Device: in.Device}
}

// login answers POST /api/login/phone as a login does. A number without an account gets one.
func (h *phones) login(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		phoneLogin
		consentsIn
	}
	if err := rest.Decode(w, r, &in); err != nil {
		return err
	}
	login := in.of()
	login.Consents = in.Consents
	begun, err := h.phones.Login(r.Context(), rest.Visitor(r), login)
	return answerSession(w, http.StatusOK, begun, err)
}

// resetPassword answers POST /api/password/reset as a login does: all sessions from before are over.
func (h *phones) resetPassword(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		phoneLogin
		Password string `json:"password"`
	}
	if err := rest.Decode(w, r, &in); err != nil {
		return err
	}
	begun, err := h.phones.ResetPassword(r.Context(), rest.Visitor(r), account.PasswordReset{PhoneLogin: in.of(), Password: in.Password})
	return answerSession(w, http.StatusOK, begun, err)
}

// change answers PUT /api/me/phone `{phone,code,device?}` with the account.
func (h *phones) change(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Phone  string `json:"phone"`
		Code   string `json:"code"`
		Device string `json:"device"`
	}
	if err := rest.Decode(w, r, &in); err != nil {
		return err
	}
	p, err := h.phones.ChangeNumber(r.Context(), rest.Visitor(r), rest.CallerOf(r.Context()).Row, account.PhoneChange(in))
	return answerProfile(w, p, err)
}

// remove answers DELETE /api/me/phone.
func (h *phones) remove(w http.ResponseWriter, r *http.Request) error {
	if err := h.phones.RemoveNumber(r.Context(), rest.Visitor(r), rest.CallerOf(r.Context()).Row); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
