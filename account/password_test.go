package account

import (
	"context"
	"testing"
	"time"

	"mstm/shop"
)

const aPassword = "correct horse battery"

func TestNewPassword_EasyToGuess_IsRefused(t *testing.T) {
	h, err := NewPasswords(PasswordOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{
		"wechatpay", "WeChatPay1", "shop1234", "Sh0p1234!", "learner1", "1earner!", "l3arn3r2024", "kecheng2024", "mstm-shop", "mstm2026!!",
		"课程课程课程", "密码是", "我的密码", "微信支付", "拾课拾课拾课", "购物车支付", "ｐａｓｓｗｏｒｄ１", "P@ssw0rd!", "zhangwei88", "shop-learner-2026", "一心一意", "aaaaaaaaaaaaaaaa",
		"abcdefgh1234", "qwertyuiop1", "20240101", "hunter22hunter22",
	} {
		if err := h.checkNew(p, "learner", minPassword); err == nil {
			t.Errorf("%q is taken", p)
		}
	}
	for _, p := range []string{aPassword, "Zk4#p9!xQ7", "another long password", "清明时节雨纷纷路上行人", "pässwörd ünïcode", "the-shop-opens-at-nine"} {
		if err := h.checkNew(p, "learner", minPassword); err != nil {
			t.Errorf("%q: %v", p, err)
		}
	}
	for _, p := range []string{"wolf", "five字五字五字五", "wechat shop 2026"} {
		if err := h.checkNew(p, "wolf", minStaffPassword); err == nil {
			t.Errorf("%q is taken for staff", p)
		}
	}
}

func TestPasswordsThatEverybodyTries(t *testing.T) {
	h, err := NewPasswords(PasswordOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for p, common := range map[string]bool{
		"Password1": true, "PASSWORD2024!": true, "woaini1314": true, "aaaaaaaa": true, "abababab": true, "12345678": true,
		"qwertyuiop": true, "lkjhgfdsa": true, "abcdefgh": true, "87654321": true, "1qaz2wsx": true,
		"learner-demo-password": false, "correct horse battery": false, "Zk4#p9!x": false, "密码密码密码密": true, "aaaaaaab1": false,
	} {
		if h.isCommon(p, "linwei") != common {
			t.Errorf("%q is common: %v, want %v", p, !common, common)
		}
	}
}

func TestBothKindsOfWrongLoginHashOnce(t *testing.T) {
	h, err := NewPasswords(PasswordOptions{})
	if err != nil {
		t.Fatal(err)
	}
	h.turns = make(chan struct{}, 1)
	h.turns <- struct{}{} // one hash is under way, for ever
	h.wait = time.Millisecond
	for _, stored := range []string{"", h.dummy} {
		if _, _, err := h.matches(t.Context(), "x", stored); shop.CodeOf(err) != "UNAVAILABLE" {
			t.Errorf("with the hash %.10q: %v, want it to wait for its turn", stored, err)
		}
	}
}

func TestHashing_LoginHashes_NewAccountsWaitAndLoginsDoNot(t *testing.T) {
	h, err := NewPasswords(PasswordOptions{Params: cheap, Queue: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	done, err := h.Turn(t.Context()) // a login hashes
	if err != nil {
		t.Fatal(err)
	}
	joined := make(chan error, 1)
	go func() {
		joined <- h.join(context.Background(), func() error { return nil })
	}()
	select {
	case err := <-joined:
		t.Fatalf("a new account does not wait: %v", err)
	case <-time.After(50 * time.Millisecond):
	}
	done()
	if err := <-joined; err != nil {
		t.Fatal(err)
	}
	h.joins <- struct{}{} // however many register, a login has its turn
	if _, err := h.hash(t.Context(), aPassword); err != nil {
		t.Fatal(err)
	}
}
