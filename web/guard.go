package web

import (
	"net/http"
	"strings"
)

// policy lets the pages load only what came with them. Covers and lesson media
// may live on other hosts, as editors enter their addresses. data: is for the QR
// code and the icons, blob: for videos that a player puts together. Vue sets styles
// through the DOM, which needs no 'unsafe-inline'. MEDIA stands for the object store that
// this server sends players to, SCRIPT for where WeChat's script comes from.
const policy = "default-src 'none'; script-src 'self'SCRIPT; style-src 'self'; " +
	"img-src 'self' data: https:MEDIA; font-src 'self' data:; media-src 'self' https: blob:MEDIA; " +
	"connect-src 'self'MEDIA; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// policyWith is the policy of pages that fetch files at the object store too, and WeChat's script.
func policyWith(opts Options) string {
	mediaOrigin := opts.MediaOrigin
	if mediaOrigin != "" {
		mediaOrigin = " " + mediaOrigin
	}
	script := ""
	switch {
	case opts.WeChatScript && opts.SandboxURL != "":
		script = " " + opts.SandboxURL
	case opts.WeChatScript:
		script = " https://res.wx.qq.com"
	}
	return strings.NewReplacer("MEDIA", mediaOrigin, "SCRIPT", script).Replace(policy)
}

// guarded puts the headers that protect a page on every answer of next, and
// refuses methods that no page has.
func guarded(next http.Handler, opts Options) http.Handler {
	policy := policyWith(opts)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		// Other sites see the shop's origin and no more; WeChat needs it, because it takes payers
		// from a phone's browser only with the shop's Referer.
		h.Set("Referrer-Policy", "strict-origin-when-cross-origin")
		h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			h.Set("Allow", "GET, HEAD")
			http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
			return
		}
		next.ServeHTTP(w, r)
	})
}
