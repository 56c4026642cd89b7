package handlers

import (
	"mstm/shop"
)

// route is one row of the table. who is its policy: a row without one lets nobody in, and
// New refuses it. ready: answered from memory, so it needs no deadline. quiet: asked by
// machines every few seconds.
type route struct {
	method, path string
	who          access
	do           handlerFunc
	ready, quiet bool
}

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
	editor, marketer, admin := role(shop.RoleEditor), roleOrScope(shop.RoleMarketer, scopePublish), role(shop.RoleAdmin)
	return []route{
		{get, "/api/categories", public, s.listCategories, true, false},
		{get, "/api/courses", public, s.listCourses, true, false},
		{get, "/api/courses/:course", anyone, s.showCourse, false, false},
		{get, "/api/courses/:course/lessons/:lesson", anyone, s.showLesson, false, false},
		{get, "/covers/:file", public, s.showCover, true, false},

		{post, "/api/register", public, s.register, false, false},
		{post, "/api/login", public, s.login, false, false},
		{post, "/api/logout", learner, s.logout, false, false},
		{get, "/api/me", learner, s.showMe, false, false},
		{patch, "/api/me", learner, s.changeMe, false, false},
		{put, "/api/me/password", learner, s.changePassword, false, false},

		{get, "/api/cart", learner, s.showCart, false, false},
		{del, "/api/cart", learner, s.emptyCart, false, false},
		{put, "/api/cart/:course", learner, s.putCartLine, false, false},
		{del, "/api/cart/:course", learner, s.removeCartLine, false, false},
		{post, "/api/cart/merge", learner, s.mergeCart, false, false},

		{post, "/api/quotes", learner, s.quote, false, false},
		{post, "/api/orders", learner, s.placeOrder, false, false},
		{get, "/api/orders", learner, s.listOrders, false, false},
		{get, "/api/orders/:order", learner, s.showOrder, false, false},
		{post, "/api/orders/:order/pay", learner, s.payOrder, false, false},
		{post, "/api/orders/:order/cancel", learner, s.cancelOrder, false, false},

		{post, "/api/wechat/pay-notify", public, s.callback(s.payNotified), false, false},
		{post, "/api/wechat/refund-notify", public, s.callback(s.refundNotified), false, false},

		{get, "/api/enrolments", learner, s.listEnrolments, false, false},
		{put, "/api/enrolments/:course/progress", learner, s.putProgress, false, false},

		{get, "/api/notices", learner, s.listNotices, false, false},
		{post, "/api/notices/:notice/read", learner, s.readNotice, false, false},

		{post, "/api/hub/publish", marketer, s.publish, false, false},
		{get, "/api/hub/stats", marketer, s.hubStats, false, false},

		{get, "/api/admin/courses", editor, s.adminListCourses, false, false},
		{post, "/api/admin/courses", editor, s.createCourse, false, false},
		{get, "/api/admin/courses/:course", editor, s.adminShowCourse, false, false},
		{put, "/api/admin/courses/:course", editor, s.updateCourse, false, false},
		{put, "/api/admin/courses/:course/policies", editor, s.publishPolicies, false, false},
		{post, "/api/admin/courses/:course/publish", editor, s.putOnSale, false, false},
		{post, "/api/admin/courses/:course/unpublish", editor, s.takeOffSale, false, false},

		{get, "/api/admin/api-keys", admin, s.listAPIKeys, false, false},
		{post, "/api/admin/api-keys", admin, s.createAPIKey, false, false},
		{del, "/api/admin/api-keys/:key", admin, s.deleteAPIKey, false, false},
		{get, "/api/admin/users", admin, s.listUsers, false, false},
		{put, "/api/admin/users/:user/roles", admin, s.setRoles, false, false},

		{get, "/livez", public, s.live, true, true},
		{get, "/readyz", public, s.ready, false, true},
		{get, "/metrics", public, s.serveMetrics, false, true},
		{get, "/docs/errors", public, s.showErrors, true, false},
	}
}
