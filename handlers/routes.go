package handlers

import (
	"mstm/shop"
)

// route is one row of the table. who is its policy: a row without one lets nobody in, and
// New refuses it.
type route struct {
	method, path string
	who          access
	do           handlerFunc
	from         source
}

// source is where a route's answer comes from.
type source int

const (
	stores source = iota // MongoDB, Redis or WeChat, so the request has a deadline
	memory               // a visitor's comes from memory, without the cost of one
	probe                // asked by machines every few seconds: only debuggers want it logged
	stream               // the hub: only admission has a deadline
)

const (
	get   = "GET"
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
		{get, "/api/categories", public, s.listCategories, memory},
		{get, "/api/courses", public, s.listCourses, memory},
		{get, "/api/courses/:course", anyone, s.showCourse, memory},
		{get, "/api/courses/:course/lessons/:lesson", anyone, s.showLesson, stores},
		{get, "/covers/:file", public, s.showCover, memory},

		{post, "/api/register", public, s.register, stores},
		{post, "/api/login", public, s.login, stores},
		{post, "/api/logout", learner, s.logout, stores},
		{get, "/api/me", learner, s.showMe, stores},
		{patch, "/api/me", learner, s.changeMe, stores},
		{del, "/api/me", learner, s.deleteMe, stores},
		{put, "/api/me/password", learner, s.changePassword, stores},

		{get, "/api/cart", learner, s.showCart, stores},
		{del, "/api/cart", learner, s.emptyCart, stores},
		{put, "/api/cart/:course", learner, s.putCartLine, stores},
		{del, "/api/cart/:course", learner, s.removeCartLine, stores},
		{post, "/api/cart/merge", learner, s.mergeCart, stores},

		{post, "/api/quotes", learner, s.quote, stores},
		{post, "/api/orders", learner, s.placeOrder, stores},
		{get, "/api/orders", learner, s.listOrders, stores},
		{get, "/api/orders/:order", learner, s.showOrder, stores},
		{post, "/api/orders/:order/pay", learner, s.payOrder, stores},
		{post, "/api/orders/:order/cancel", learner, s.cancelOrder, stores},
		{get, "/api/orders/:order/refund", learner, s.showRefund, stores},
		{post, "/api/orders/:order/refund", learner, s.refundOrder, stores},

		{post, "/api/wechat/pay-notify", public, s.callback(s.payNotified), stores},
		{post, "/api/wechat/refund-notify", public, s.callback(s.refundNotified), stores},
		{get, "/api/wechat/events", public, s.callback(s.confirmEvents), stores},
		{post, "/api/wechat/events", public, s.callback(s.eventPushed), stores},
		{post, "/api/wechat/bindings", learner, s.createBinding, stores},
		{del, "/api/wechat/bindings", learner, s.deleteBinding, stores},
		{get, "/api/wechat/oauth", public, s.authorised, stores},
		{get, "/api/wechat/login", public, s.beginWeChatLogin, stores},
		{post, "/api/wechat/login", public, s.endWeChatLogin, stores},

		{get, "/api/enrolments", learner, s.listEnrolments, stores},
		{put, "/api/enrolments/:course/progress", learner, s.putProgress, stores},

		{get, "/api/notices", learner, s.listNotices, stores},
		{post, "/api/notices/:notice/read", learner, s.readNotice, stores},

		{get, "/api/events", anyone, s.streamEvents, stream},

		{post, "/api/hub/broadcasts", broadcaster, s.createBroadcast, stores},
		{get, "/api/hub/broadcasts", broadcaster, s.listBroadcasts, stores},
		{get, "/api/hub/broadcasts/:broadcast", broadcaster, s.showBroadcast, stores},
		{post, "/api/hub/broadcasts/:broadcast/confirm", role(shop.RoleMarketer), s.confirmBroadcast, stores},
		{post, "/api/hub/broadcasts/:broadcast/start", broadcaster, s.startBroadcast, stores},
		{post, "/api/hub/broadcasts/:broadcast/pause", broadcaster, s.pauseBroadcast, stores},
		{post, "/api/hub/broadcasts/:broadcast/cancel", broadcaster, s.cancelBroadcast, stores},
		{post, "/api/hub/publish", publisher, s.publish, stores},
		{get, "/api/hub/stats", marketer, s.hubStats, stores},

		{get, "/api/admin/courses", editor, s.adminListCourses, stores},
		{post, "/api/admin/courses", editor, s.createCourse, stores},
		{get, "/api/admin/courses/:course", editor, s.adminShowCourse, stores},
		{put, "/api/admin/courses/:course", editor, s.updateCourse, stores},
		{put, "/api/admin/courses/:course/policies", editor, s.publishPolicies, stores},
		{post, "/api/admin/courses/:course/publish", editor, s.putOnSale, stores},
		{post, "/api/admin/courses/:course/unpublish", editor, s.takeOffSale, stores},

		{get, "/api/admin/notice-templates", editor, s.listNoticeTemplates, stores},
		{put, "/api/admin/notice-templates/:form", editor, s.putNoticeTemplate, stores},
		{post, "/api/admin/notice-templates/:form/preview", editor, s.previewNoticeTemplate, stores},
		{post, "/api/admin/notice-templates/:form/reset", editor, s.resetNoticeTemplate, stores},

		{get, "/api/admin/orders", finance, s.adminListOrders, stores},
		{get, "/api/admin/orders/:order", finance, s.adminShowOrder, stores},
		{post, "/api/admin/orders/:order/refunds", finance, s.adminRefund, stores},
		{get, "/api/admin/strays", finance, s.listStrays, stores},

		{get, "/api/admin/reconciliations", finance, s.listReconciliations, stores},
		{post, "/api/admin/reconciliations", finance, s.runReconciliation, stores},
		{get, "/api/admin/reconciliations/:day", finance, s.showReconciliation, stores},
		{get, "/api/admin/finance", finance, s.exportFinance, stores},
		{get, "/api/admin/invariants", finance, s.checkInvariants, stores},

		{get, "/api/admin/api-keys", admin, s.listAPIKeys, stores},
		{post, "/api/admin/api-keys", admin, s.createAPIKey, stores},
		{del, "/api/admin/api-keys/:key", admin, s.deleteAPIKey, stores},
		{get, "/api/admin/users", admin, s.listUsers, stores},
		{put, "/api/admin/users/:user/roles", admin, s.setRoles, stores},

		{get, "/livez", public, s.live, probe},
		{get, "/readyz", public, s.ready, probe},
		{get, "/metrics", public, s.serveMetrics, probe},
		{get, "/api/openapi.yaml", public, s.showContract, memory},
		{get, "/docs", public, s.showDocs, memory},
		{get, "/docs/errors", public, s.showErrors, memory},
	}
}
