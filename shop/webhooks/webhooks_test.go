package webhooks

import (
	"encoding/base64"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"mstm/shop"
)

func TestAddresses_NetworksOfSpecialUse_AreRefused(t *testing.T) {
	for _, row := range []struct {
		p    Addresses
		yes  string
		no   string
		name string
	}{
		{
			name: "the public internet", p: Addresses{}, yes: "8.8.8.8 1.1.1.1 2606:4700::1111 ::ffff:8.8.8.8 64:ff9b::8.8.8.8",
			no: "127.0.0.1 ::1 ::ffff:127.0.0.1 10.1.2.3 172.16.0.1 172.31.255.255 192.168.1.1 100.64.0.1 fd00::1 fe80::1 169.254.169.254 ::ffff:169.254.169.254 " +
				"64:ff9b::10.0.0.1 64:ff9b::169.254.169.254 2002:7f00:1:: 2001::1 0.0.0.0 :: 224.0.0.1 ff02::1 240.0.0.1 255.255.255.255 198.18.0.1 192.0.0.1 fec0::1 64:ff9b:1::1",
		},
		{name: "with private networks", p: Addresses{Private: true}, yes: "10.1.2.3 172.16.0.1 192.168.1.1 100.64.0.1 fd00::1 172.32.0.1", no: "127.0.0.1 169.254.169.254 fe80::1 0.0.0.0"},
		{name: "with loopback", p: Addresses{Loopback: true}, yes: "127.0.0.1 127.9.9.9 ::1", no: "10.1.2.3 169.254.169.254 0.0.0.0 ::"},
	} {
		for _, want := range []bool{true, false} {
			for text := range strings.FieldsSeq(map[bool]string{true: row.yes, false: row.no}[want]) {
				if got := row.p.Allow(netip.MustParseAddr(text)); got != want {
					t.Errorf("%s: %s is allowed: %v", row.name, text, got)
				}
			}
		}
	}
}

func TestCheckURL_OnlyHTTPSToTheInternet_IsTaken(t *testing.T) {
	public, development := Addresses{}, Addresses{Loopback: true}
	for _, row := range []struct {
		p   Addresses
		url string
		ok  bool
	}{
		{public, "https://erp.example.com/hooks?shop=1", true},
		{public, " https://erp.example.com:8443/ ", true},
		{public, "https://8.8.8.8/", true},
		{public, "http://erp.example.com/", false},
		{public, "https://user:word@erp.example.com/", false},
		{public, "https://erp.example.com/#x", false},
		{public, "https://erp.example.com:0/", false},
		{public, "https://erp.example.com:99999/", false},
		{public, "https:///hooks", false},
		{public, "https:erp.example.com", false},
		{public, "ftp://erp.example.com/", false},
		{public, "erp.example.com", false},
		{public, "https://erp.example.com/\u202e", false},
		{public, "https://erp.example.com/" + strings.Repeat("x", maxURL), false},
		{public, "https://10.0.0.1/", false},
		{public, "https://[::ffff:169.254.169.254]/latest", false},
		{public, "https://localhost/", false},
		{public, "https://LocalHost./", false},
		{public, "https://shop.localhost/", false},
		{public, "https://127.0.0.1/", false},
		{development, "http://127.0.0.1:9000/", true},
		{development, "http://localhost:9000/", true},
		{development, "http://[::1]:9000/", true},
		{development, "http://erp.example.com/", false},
		{development, "http://10.0.0.1/", false},
		{development, "https://10.0.0.1/", false},
		{Addresses{Private: true}, "https://10.0.0.1/", true},
		{Addresses{Private: true}, "http://10.0.0.1/", false},
	} {
		got, err := row.p.CheckURL(row.url)
		if (err == nil) != row.ok || err == nil && got != strings.TrimSpace(row.url) || err != nil && !errors.Is(err, shop.ErrWebhookAddress) {
			t.Errorf("%q with %+v: %q, %v", row.url, row.p, got, err)
		}
	}
}

// TestSign_StandardsExample_HasItsSignature is the example of the standard's own libraries.
func TestSign_StandardsExample_HasItsSignature(t *testing.T) {
	key, err := base64.StdEncoding.DecodeString("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	if err != nil {
		t.Fatal(err)
	}
	got := Sign([][]byte{key, []byte("other")}, "msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0), []byte(`{"test": 2432232314}`))
	first, second, _ := strings.Cut(got, " ")
	if first != "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=" || !strings.HasPrefix(second, "v1,") {
		t.Errorf("signed as %s", got)
	}
	if got := SecretText(key); got != "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" {
		t.Errorf("the secret reads %s", got)
	}
}

func TestCheckTypes_EachOnce_InTheirOrder(t *testing.T) {
	for _, row := range []struct {
		types []Type
		ok    bool
	}{
		{[]Type{EnrolmentChanged, OrderPaid}, true}, {nil, false}, {[]Type{OrderPaid, OrderPaid}, false}, {[]Type{OrderPaid, "order.lost"}, false}, {[]Type{Test}, false},
	} {
		got, err := CheckTypes(row.types)
		if (err == nil) != row.ok || err == nil && (got[0] != OrderPaid || len(got) != 2) {
			t.Errorf("%v: %v, %v", row.types, got, err)
		}
	}
}
