package handlers

import (
	"mstm/shop"
	"mstm/store"
)

// route is one row of the table. who is its policy: a row without a policy would refuse every
// request, so New panics on it, as on a row without a class.
type route struct {
	method, path string
	who          access
	do           handlerFunc
	from         source
	class        class
}

// class is how much depends on a route: where requests wait for the stores, the first class
// goes first.
type class int

const (
	unclassed  class = iota
	settlement       // WeChat's callbacks
	paying           // placing, paying, cancelling, refunds, and logging in, which these need
	reading          // carts, accounts, one object
	lists            // lists, search, exports, the hub's marketing
	classEnd
)

// of is the class as the store knows it.
func (c class) of() store.Class { return store.Class(c - settlement) }

// source is where a route's answer comes from.
type source int

const (
	stores source = iota // MongoDB, Redis or WeChat, so the request has a deadline
	memory               // a visitor's comes from memory, without the cost of one
	probe                // asked by machines every few seconds: only debuggers want it logged
	stream               // the hub, uploads and playback: only admission has a deadline
)

const (
	get   = "GET"
	head  = "HEAD"
	post  = "POST"
	put   = "PUT"
	patch = "PATCH"
	del   = "DELETE"
)

// Scopes of API keys.
const (
	scopePublish   = "hub:publish"
	scopeBroadcast = "hub:broadcast"
)

// routes is the whole API. A fixed word must not share a level with a parameter: the
// router refuses such a table at start. /ws and the pages are outside (ServeHTTP, notFound).
func (s *Server) routes() []route {
	editor, finance, admin := role(shop.RoleEditor), role(shop.RoleFinance), role(shop.RoleAdmin)
	publisher, marketer := roleOrScope(shop.RoleMarketer, scopePublish), roleOrScope(shop.RoleMarketer, scopePublish, scopeBroadcast)
	broadcaster := roleOrScope(shop.RoleMarketer, scopeBroadcast)
	return []route{
		{get, "/api/categories", public, s.listCategories, memory, lists},
		{get, "/api/courses", public, s.listCourses, memory, lists},
		{get, "/api/courses/:course", anyone, s.showCourse, memory, reading},
		{get, "/api/courses/:course/lessons/:lesson", anyone, s.showLesson, stores, reading},
		{get, "/api/playback/:ticket/:part", anyone, s.servePlayback, stream, reading},
		{get, "/covers/:file", public, s.showCover, memory, reading},

		{post, "/api/register", public, s.register, stores, reading},
		{post, "/api/login", public, s.login, stores, paying},
		{post, "/api/logout", learner, s.logout, stores, reading},
		{get, "/api/me", learner, s.showMe, stores, reading},
		{patch, "/api/me", learner, s.changeMe, stores, reading},
		{del, "/api/me", learner, s.deleteMe, stores, reading},
		{put, "/api/me/password", learner, s.changePassword, stores, reading},
		{post, "/api/me/step-up", learner, s.stepUp, stores, reading},

		{get, "/api/cart", learner, s.showCart, stores, reading},
		{del, "/api/cart", learner, s.emptyCart, stores, reading},
		{put, "/api/cart/:course", learner, s.putCartLine, stores, reading},
		{del, "/api/cart/:course", learner, s.removeCartLine, stores, reading},
		{post, "/api/cart/merge", learner, s.mergeCart, stores, reading},

		{post, "/api/quotes", learner, s.quote, stores, reading},
		{post, "/api/orders", learner, s.placeOrder, stores, paying}, // needs a key, too: checkout.Place
		{get, "/api/orders", learner, s.listOrders, stores, lists},
		{get, "/api/orders/:order", learner, s.showOrder, stores, reading},
		{post, "/api/orders/:order/pay", learner, s.keyed(s.payOrder), stores, paying},
		{post, "/api/orders/:order/cancel", learner, s.keyed(s.cancelOrder), stores, paying},
		{get, "/api/orders/:order/refund", learner, s.showRefund, stores, reading},
		{post, "/api/orders/:order/refund", learner, s.keyed(s.refundOrder), stores, paying},

		{post, "/api/wechat/pay-notify", public, s.callback(s.payNotified), stores, settlement},
		{post, "/api/wechat/refund-notify", public, s.callback(s.refundNotified), stores, settlement},
		{get, "/api/wechat/events", public, s.callback(s.confirmEvents), stores, settlement},
		{post, "/api/wechat/events", public, s.callback(s.eventPushed), stores, settlement},
		{post, "/api/wechat/bindings", learner, s.createBinding, stores, reading},
		{del, "/api/wechat/bindings", learner, s.deleteBinding, stores, reading},
		{get, "/api/wechat/oauth", public, s.authorised, stores, paying},
		{get, "/api/wechat/login", public, s.beginWeChatLogin, stores, paying},
		{post, "/api/wechat/login", public, s.endWeChatLogin, stores, paying},

		{get, "/api/enrolments", learner, s.listEnrolments, stores, lists},
		{put, "/api/enrolments/:course/progress", learner, s.putProgress, stores, reading},

		{get, "/api/notices", learner, s.listNotices, stores, lists},
		{post, "/api/notices/:notice/read", learner, s.readNotice, stores, reading},

		{get, "/api/events", anyone, s.streamEvents, stream, reading},

		{post, "/api/hub/broadcasts", broadcaster, s.unlessDry(s.countAudience, s.keyNeeded(s.createBroadcast)), stores, lists},
		{get, "/api/hub/broadcasts", broadcaster, s.listBroadcasts, stores, lists},
		{get, "/api/hub/broadcasts/:broadcast", broadcaster, s.showBroadcast, stores, lists},
		{post, "/api/hub/broadcasts/:broadcast/confirm", role(shop.RoleMarketer).proved(), s.keyed(s.confirmBroadcast), stores, lists},
		{post, "/api/hub/broadcasts/:broadcast/start", broadcaster, s.keyed(s.startBroadcast), stores, lists},
		{post, "/api/hub/broadcasts/:broadcast/pause", broadcaster, s.keyed(s.pauseBroadcast), stores, lists},
		{post, "/api/hub/broadcasts/:broadcast/cancel", broadcaster, s.keyed(s.cancelBroadcast), stores, lists},
		{post, "/api/hub/publish", publisher, s.keyed(s.publish), stores, lists},
		{get, "/api/hub/stats", marketer, s.hubStats, stores, lists},

		{get, "/api/admin/courses", editor, s.adminListCourses, stores, lists},
		{post, "/api/admin/courses", editor, s.createCourse, stores, reading},
		{get, "/api/admin/courses/:course", editor, s.adminShowCourse, stores, reading},
		{put, "/api/admin/courses/:course", editor, s.updateCourse, stores, reading},
		{put, "/api/admin/courses/:course/policies", editor, s.publishPolicies, stores, reading},
		{post, "/api/admin/courses/:course/publish", editor, s.putOnSale, stores, reading},
		{post, "/api/admin/courses/:course/unpublish", editor, s.takeOffSale, stores, reading},

		{post, "/api/admin/uploads", editor, s.serveUploads, stream, reading},
		{head, "/api/admin/uploads/:upload", editor, s.serveUploads, stream, reading},
		{patch, "/api/admin/uploads/:upload", editor, s.serveUploads, stream, reading},
		{del, "/api/admin/uploads/:upload", editor, s.serveUploads, stream, reading},
		{get, "/api/admin/media", editor, s.listMedia, stores, lists},
		{get, "/api/admin/media/:media", editor, s.showMedia, stores, reading},
		{del, "/api/admin/media/:media", editor, s.deleteMedia, stores, reading},
		{post, "/api/admin/media/:media/transcode", editor, s.transcodeMedia, stores, reading},
		{del, "/api/admin/media/:media/transcode", editor, s.cancelTranscoding, stores, reading},

		{get, "/api/admin/notice-templates", editor, s.listNoticeTemplates, stores, lists},
		{put, "/api/admin/notice-templates/:form", editor.proved(), s.putNoticeTemplate, stores, reading},
		{post, "/api/admin/notice-templates/:form/preview", editor, s.previewNoticeTemplate, stores, reading},
		{post, "/api/admin/notice-templates/:form/reset", editor.proved(), s.resetNoticeTemplate, stores, reading},

		{get, "/api/admin/orders", finance, s.adminListOrders, stores, lists},
		{get, "/api/admin/orders/:order", finance, s.adminShowOrder, stores, reading},
		{post, "/api/admin/orders/:order/refunds", finance, s.keyNeeded(s.adminRefund), stores, paying},
		{get, "/api/admin/strays", finance, s.listUnmatched, stores, lists},

		{get, "/api/admin/reconciliations", finance, s.listReconciliations, stores, lists},
		{post, "/api/admin/reconciliations", finance, s.runReconciliation, stores, lists},
		{get, "/api/admin/reconciliations/:day", finance, s.showReconciliation, stores, reading},
		{get, "/api/admin/finance", finance, s.exportFinance, stores, lists},
		{get, "/api/admin/invariants", finance, s.checkInvariants, stores, lists},

		{get, "/api/admin/api-keys", admin, s.listAPIKeys, stores, lists},
		{post, "/api/admin/api-keys", admin.proved(), s.createAPIKey, stores, reading},
		{del, "/api/admin/api-keys/:key", admin.proved(), s.deleteAPIKey, stores, reading},
		{get, "/api/admin/users", admin, s.listUsers, stores, lists},
		{put, "/api/admin/users/:user/roles", admin.proved(), s.setRoles, stores, reading},

		{get, "/livez", public, s.live, probe, reading},
		{get, "/readyz", public, s.ready, probe, reading},
		{get, "/metrics", public, s.serveMetrics, probe, reading},
		{get, "/api/openapi.yaml", public, s.showContract, memory, reading},
		{get, "/api/asyncapi.yaml", public, s.showLiveContract, memory, reading},
		{get, "/docs", public, s.showDocs, memory, reading},
		{get, "/docs/errors", public, s.showErrors, memory, reading},
	}
}
