package accounts

import (
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"mstm/acceptance/shoptest"
)

// TestAWeChatWithoutAConsentIsAskedBeforeItHasAnAccount: WeChat's code is used up by then, so the consent comes with a word.
func TestAWeChatWithoutAConsentIsAskedBeforeItHasAnAccount(t *testing.T) {
	s := shoptest.Start(t)
	admin := s.Staff("admin")
	var papers struct{ V int }
	admin.Get("/api/admin/papers").Want(200).Into(&papers)
	admin.Put("/api/admin/papers", obj{"v": papers.V, "terms": "# 协议\n\n本店自己的协议"}).Want(200)

	b := inWeChat(s, shoptest.SomeWeChat())
	code, state := b.authorise("")
	var asked struct {
		Confirm string
		Papers  []obj
	}
	b.end(obj{"code": code, "state": state}).WantCode(403, "CONSENT_REQUIRED").Into(&asked)
	if asked.Confirm == "" || len(asked.Papers) != 2 {
		t.Fatalf("asked %+v", asked)
	}
	if n, err := s.Database().Collection("wechats").CountDocuments(t.Context(), bson.M{"_id": b.openid}); err != nil || n > 0 {
		t.Fatalf("an account before the consent: %d, %v", n, err)
	}
	var again struct{ Confirm string }
	b.end(obj{"confirm": asked.Confirm, "consents": asked.Papers[:1]}).WantCode(403, "CONSENT_REQUIRED").Into(&again)
	b.end(obj{"confirm": asked.Confirm, "consents": asked.Papers}).WantCode(409, "WECHAT_LINK_INVALID") // the next word has taken its place
	var begun sessionJSON
	b.end(obj{"confirm": again.Confirm, "consents": asked.Papers}).Want(200).Into(&begun)
	b.end(obj{"confirm": again.Confirm, "consents": asked.Papers}).WantCode(409, "WECHAT_LINK_INVALID")
	if n, err := s.Database().Collection("agreements").CountDocuments(t.Context(), bson.M{"user_id": begun.User.ID, "how": "wechat"}); err != nil || n != 2 {
		t.Errorf("%d consents are written down, %v", n, err)
	}
	var back sessionJSON
	b.login().Want(200).Into(&back)
	if back.User.ID != begun.User.ID {
		t.Errorf("it came back as %s, not %s", back.User.ID, begun.User.ID)
	}
}
