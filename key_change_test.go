package main

import (
	"testing"

	"mstm/app"
)

// TestKeysThatWeChatReplacesWhileTheShopRuns has two shops, one that verifies by platform certificates
// and one by the public key, while WeChat issues a certificate and signs by it, and by the public key
// and the certificates in turns, as in the weeks of a change-over. Neither shop is started again.
func TestKeysThatWeChatReplacesWhileTheShopRuns(t *testing.T) {
	weChat := startShop(t)
	byCertificate := startShop(t, withSandboxOf(weChat), func(s *app.Settings) { s.Pay.PublicKeyID, s.Pay.PublicKeyFile = "", "" })
	for _, tt := range []struct { // in this order: a shop asks for certificates that it does not know once a minute
		name string
		shop *testShop
	}{{"platform certificates", byCertificate}, {"public key", weChat}} {
		t.Run(tt.name, func(t *testing.T) {
			shop := tt.shop
			wx := *weChat
			wx.t = t
			learner := shop.newLearner()
			prices := map[string]int64{}
			courses := learner.lifetimes(prices)
			buy := func(what string, signers ...obj) {
				t.Helper()
				course := courses[0]
				courses = courses[1:]
				var got placedJSON
				learner.place(prices[course.PolicyID], course).want(201).into(&got) // the answer is verified too
				no := got.Payment.OutTradeNo
				wx.faults(obj{"callback": signers})
				wx.scan(got.Payment)
				for _, status := range wx.delivered(no) {
					if status >= 400 && status < 500 { // a busy machine may take too long, and is told again
						t.Fatalf("%s: the shop refused WeChat's word with %d", what, status)
					}
				}
				learner.await(got.Order.ID, "fulfilled")
				wx.faults(obj{})
			}
			buy("before")
			wx.phone().post("/sandbox/certificates", obj{}).want(200)
			buy("signed with a new certificate", obj{"signer": "certificate"})
			buy("signed as the shop asks")
			if tt.name == "public key" {
				buy("signed with the public key", obj{"signer": "public_key"})
			}
			var unpaid placedJSON
			learner.place(prices[courses[0].PolicyID], courses[0]).want(201).into(&unpaid)
			third := obj{"out_trade_no": unpaid.Payment.OutTradeNo, "fault": obj{"unknown_serial": true}}
			wantAll(t, "a key that is not WeChat's", wx.forge(third), 1, 401)
		})
	}
}
