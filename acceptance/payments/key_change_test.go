package payments

import (
	"testing"

	"mstm/acceptance/shoptest"
	"mstm/app"
)

// TestKeysThatWeChatReplacesWhileTheShopRuns has two shops, one that verifies by platform certificates
// and one by the public key, while WeChat issues a certificate and signs by it, and by the public key
// and the certificates in turns, as in the weeks of a change-over. Neither shop is started again.
func TestKeysThatWeChatReplacesWhileTheShopRuns(t *testing.T) {
	weChat := shoptest.Start(t)
	byCertificate := shoptest.Start(t, shoptest.WithSandboxOf(weChat), func(s *app.Settings) { s.Pay.PublicKeyID, s.Pay.PublicKeyFile = "", "" })
	for _, tt := range []struct { // in this order: a shop asks for certificates that it does not know once a minute
		name string
		shop *shoptest.Shop
	}{{"platform certificates", byCertificate}, {"public key", weChat}} {
		t.Run(tt.name, func(t *testing.T) {
			shop := tt.shop
			wx := *weChat
			wx.T = t
			learner := shop.NewLearner()
			prices := map[string]int64{}
			courses := learner.Lifetimes(prices)
			buy := func(what string, signers ...obj) {
				t.Helper()
				course := courses[0]
				courses = courses[1:]
				var got shoptest.Placed
				learner.Place(prices[course.PolicyID], course).Want(201).Into(&got) // the answer is verified too
				no := got.Payment.OutTradeNo
				wx.Faults(obj{"callback": signers})
				wx.Scan(got.Payment)
				for _, status := range wx.Delivered(no) {
					if status >= 400 && status < 500 { // a busy machine may take too long; the callback is repeated
						t.Fatalf("%s: the shop refused WeChat's word with %d", what, status)
					}
				}
				learner.Await(got.Order.ID, "fulfilled")
				wx.Faults(obj{})
			}
			buy("before")
			wx.Phone().Post("/sandbox/certificates", obj{}).Want(200)
			buy("signed with a new certificate", obj{"signer": "certificate"})
			buy("signed as the shop asks")
			if tt.name == "public key" {
				buy("signed with the public key", obj{"signer": "public_key"})
			}
			var unpaid shoptest.Placed
			learner.Place(prices[courses[0].PolicyID], courses[0]).Want(201).Into(&unpaid)
			third := obj{"out_trade_no": unpaid.Payment.OutTradeNo, "fault": obj{"unknown_serial": true}}
			shoptest.WantAll(t, "a key that is not WeChat's", wx.Forge(third), 1, 401)
		})
	}
}
