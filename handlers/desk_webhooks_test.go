package handlers

import (
	"fmt"
	"strings"
	"testing"

	"mstm/shop"
)

func TestWebhooks_SecretIsShownOnce_AndFormsAreRefusedWithAReason(t *testing.T) {
	w := newWorld(t)
	admin := w.staff("boss", shop.RoleAdmin)
	type made struct{ ID, Secret, State string }
	form := `{"name":"仓库","url":"https://erp.example.com/hooks","types":["order.paid","enrolment.changed"]}`
	hook := as[made](w.do("POST", "/api/admin/webhooks", admin, form).is(201))
	if !strings.HasPrefix(hook.Secret, "whsec_") || hook.State != "active" {
		t.Fatalf("made %+v", hook)
	}
	path := "/api/admin/webhooks/" + hook.ID
	for _, row := range []struct {
		body, code string
		status     int
	}{
		{`{"name":"","url":"https://erp.example.com/","types":["order.paid"]}`, "INVALID_FIELD", 400},
		{`{"name":"仓库","url":"https://erp.example.com/","types":["order.lost"]}`, "INVALID_FIELD", 400},
		{`{"name":"仓库","url":"http://erp.example.com/","types":["order.paid"]}`, "WEBHOOK_ADDRESS_REFUSED", 422},
		{`{"name":"仓库","url":"https://192.168.0.1/","types":["order.paid"]}`, "WEBHOOK_ADDRESS_REFUSED", 422},
	} {
		w.do("POST", "/api/admin/webhooks", admin, row.body).is(row.status, row.code)
		w.do("PUT", path, admin, row.body).is(row.status, row.code)
	}
	w.do("PUT", path, admin, strings.Replace(form, "仓库", "ERP", 1)).is(200)

	delivery := as[struct{ ID, Body string }](w.do("POST", path+"/test", admin, nil).is(202))
	one := path + "/deliveries/" + delivery.ID
	if got := as[struct{ Body string }](w.do("GET", one, admin, nil).is(200)); !strings.Contains(got.Body, `"type":"webhook.test"`) || delivery.Body != "" {
		t.Errorf("the delivery has the body %q, and its list %q", got.Body, delivery.Body)
	}
	w.do("GET", path+"/deliveries?state=lost", admin, nil).is(400, "INVALID_QUERY")
	list := as[struct{ Items []struct{ State string } }](w.do("GET", path+"/deliveries?state=waiting", admin, nil).is(200))
	if len(list.Items) != 1 {
		t.Errorf("%d deliveries wait", len(list.Items))
	}
	w.do("POST", one+"/replay", admin, nil).is(202)
	w.do("POST", path+"/deliveries/nosuch/replay", admin, nil).is(404, "WEBHOOK_DELIVERY_NOT_FOUND")
	w.do("POST", path+"/pause", admin, nil).is(200)
	w.do("POST", one+"/replay", admin, nil).is(409, "WEBHOOK_PAUSED")
	w.do("POST", path+"/replay", admin, `{"since":"2026-01-01T00:00:00Z"}`).is(409, "WEBHOOK_PAUSED")
	w.do("POST", path+"/resume", admin, nil).is(200)
	w.do("POST", path+"/replay", admin, `{}`).is(400, "INVALID_FIELD")
	w.do("POST", path+"/replay", admin, `{"since":"2026-01-01T00:00:00Z"}`).is(202)

	other := as[made](w.do("POST", path+"/rotate", admin, `{"keep_old":true}`).is(200))
	if other.Secret == hook.Secret {
		t.Error("the rotation gave the secret of before")
	}
	for _, read := range []string{"/api/admin/webhooks", "/api/admin/audit?object=webhook:" + hook.ID} {
		if body := string(w.do("GET", read, admin, nil).is(200).Body); strings.Contains(body, "whsec_") || strings.Contains(body, "secrets") || !strings.Contains(body, hook.ID) {
			t.Errorf("%s answers %s", read, body)
		}
	}
	for n := 1; n < 20; n++ {
		w.do("POST", "/api/admin/webhooks", admin, strings.Replace(form, "仓库", fmt.Sprint("第", n), 1)).is(201)
	}
	w.do("POST", "/api/admin/webhooks", admin, form).is(409, "TOO_MANY_WEBHOOKS")
	w.do("DELETE", path, admin, nil).is(204)
	w.do("DELETE", path, admin, nil).is(404, "WEBHOOK_NOT_FOUND")
}
