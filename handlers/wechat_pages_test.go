package handlers

import "testing"

func TestOurPages_AreSignedAndNoOthers(t *testing.T) {
	for page, want := range map[string]bool{
		"https://shop.example/": true, "https://shop.example/courses/go1?from=x#top": true,
		"http://shop.example/": false, "https://shop.example:8443/": false, "https://shop.example.evil.test/": false, "https://shop.example": false,
		"https://shop.example@evil.test/": false, "https://user@shop.example/": false, "//shop.example/": false, "": false, "javascript:alert(1)": false,
		"https://shop.example/ x": false, "https://SHOP.example/": false,
	} {
		if got := isOurs(page, "https://shop.example"); got != want {
			t.Errorf("%q: %v", page, got)
		}
	}
}

func TestPageConfig_IsRefusedForOtherSites(t *testing.T) {
	w := newWorld(t)
	w.do("GET", "/api/wechat/js-config?url=https%3A%2F%2Fevil.test%2F", "", nil).is(400, "INVALID_QUERY")
	w.do("GET", "/api/wechat/js-config", "", nil).is(400, "INVALID_QUERY")
}
