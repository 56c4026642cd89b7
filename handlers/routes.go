package handlers

import (
	"mstm/handlers/rest"
	"mstm/shop"
)

// route is a row of the table.
type route rest.Route

const (
	get   = "GET"
	head  = "HEAD"
	post  = "POST"
	put   = "PUT"
	patch = "PATCH"
	del   = "DELETE"
)

// The words of the table, from rest.
const (
	settlement, paying, reading, playing, lists = rest.Settlement, rest.Paying, rest.Reading, rest.Playback, rest.Lists
	stores, memory, probe, stream               = rest.Stores, rest.Memory, rest.Probe, rest.Stream
)

var public, anyone, learner = rest.Public, rest.Anyone, rest.Learner

// routes is the whole API. A fixed word must not share a level with a parameter: the
// router refuses such a table at start. /ws and the pages are outside (rest.Server).
func (n *nouns) routes() []route {
	editor, finance, admin := rest.Role(shop.RoleEditor), rest.Role(shop.RoleFinance), rest.Role(shop.RoleAdmin)
	publisher, marketer := rest.RoleOrScope(shop.RoleMarketer, shop.ScopePublish), rest.RoleOrScope(shop.RoleMarketer, shop.ScopePublish, shop.ScopeBroadcast)
	support := rest.Role(shop.RoleSupport)
	orderDesk := rest.Role(shop.RoleFinance, shop.RoleSupport)
	desks := rest.Role(shop.RoleEditor, shop.RoleMarketer, shop.RoleFinance, shop.RoleSupport)
	broadcaster := rest.RoleOrScope(shop.RoleMarketer, shop.ScopeBroadcast)
	return []route{
		{get, "/api/categories", public, n.courses.listCategories, memory, lists},
		{get, "/api/courses", public, n.courses.listCourses, memory, lists},
		{get, "/api/search", public, n.finder.search, memory, lists},
		{get, "/api/search/suggest", public, n.finder.suggest, memory, lists},
		{get, "/api/courses/:course", anyone, n.courses.showCourse, memory, reading},
		{get, "/api/courses/:course/lessons/:lesson", anyone, n.lessons.show, stores, reading},
		{get, "/api/courses/:course/lessons/:lesson/notes", learner, n.notes.list, stores, reading},
		{post, "/api/courses/:course/lessons/:lesson/notes", learner, rest.Keyed(n.notes.add), stores, reading},
		{put, "/api/courses/:course/lessons/:lesson/notes/:note", learner, n.notes.edit, stores, reading},
		{del, "/api/courses/:course/lessons/:lesson/notes/:note", learner, n.notes.delete, stores, reading},
		{get, "/api/playback/:ticket/:part", anyone, n.playback.serve, stream, playing},
		{get, "/covers/:file", public, n.covers.show, memory, reading},
		{get, "/api/front", public, n.frontPage.show, memory, reading},
		{get, "/api/front/pictures/:media", public, n.frontPage.picture, stores, reading},
		{get, "/api/papers", public, n.papers.show, memory, reading},
		{get, "/api/papers/:paper", public, n.papers.showText, stores, reading},

		{post, "/api/register", public, n.accounts.register, stores, reading},
		{post, "/api/login", public, n.accounts.login, stores, paying},
		{get, "/api/login/ways", public, n.phones.ways, memory, reading},
		{post, "/api/login/codes", public, n.loginCodes.begin, stores, reading},
		{get, "/api/login/codes/:code", learner, n.loginCodes.show, stores, reading},
		{post, "/api/login/codes/:code", learner, n.loginCodes.letIn, stores, reading},
		{del, "/api/login/codes/:code", learner, n.loginCodes.refuse, stores, reading},
		{post, "/api/login/code", public, n.loginCodes.enter, stores, paying},
		{post, "/api/sms-codes", anyone, n.phones.sendCode, stores, reading},
		{post, "/api/login/phone", public, n.phones.login, stores, paying},
		{post, "/api/password/reset", public, n.phones.resetPassword, stores, paying},
		{post, "/api/logout", learner, n.accounts.logout, stores, reading},
		{get, "/api/me", learner, n.profile.show, stores, reading},
		{patch, "/api/me", learner, n.profile.change, stores, reading},
		{del, "/api/me", learner, n.profile.delete, stores, reading},
		{put, "/api/me/password", learner, n.profile.changePassword, stores, reading},
		{put, "/api/me/phone", learner.Proved(), n.phones.change, stores, reading},
		{del, "/api/me/phone", learner.Proved(), n.phones.remove, stores, reading},
		{get, "/api/me/sessions", learner, n.sessions.list, stores, reading},
		{del, "/api/me/sessions", learner, n.sessions.endOthers, stores, reading},
		{del, "/api/me/sessions/:session", learner, n.sessions.end, stores, reading},
		{get, "/api/me/export", learner.Proved(), n.exports.show, stores, lists},
		{get, "/api/me/consents", learner, n.consents.show, stores, reading},
		{post, "/api/me/consents", learner, n.consents.give, stores, reading},
		{post, "/api/me/step-up", learner, n.profile.stepUp, stores, reading},

		{get, "/api/cart", learner, n.carts.show, stores, reading},
		{del, "/api/cart", learner, n.carts.empty, stores, reading},
		{put, "/api/cart/:course", learner, n.carts.putLine, stores, reading},
		{del, "/api/cart/:course", learner, n.carts.removeLine, stores, reading},
		{post, "/api/cart/merge", learner, n.carts.merge, stores, reading},

		{post, "/api/quotes", learner, n.quotes.quote, stores, reading},
		{post, "/api/orders", learner, n.consents.first(n.orders.place), stores, paying}, // needs a key, too: checkout.Place
		{get, "/api/orders", learner, n.orders.list, stores, lists},
		{get, "/api/orders/:order", learner, n.orders.show, stores, reading},
		{post, "/api/orders/:order/pay", learner, rest.Keyed(n.orders.pay), stores, paying},
		{post, "/api/orders/:order/cancel", learner, rest.Keyed(n.orders.cancel), stores, paying},
		{get, "/api/orders/:order/refund", learner, n.refunds.show, stores, reading},
		{post, "/api/orders/:order/refund", learner, rest.Keyed(n.refunds.refund), stores, paying},

		{post, "/api/wechat/pay-notify", public, n.callbacks.adapt(n.payments.paid), stores, settlement},
		{post, "/api/wechat/refund-notify", public, n.callbacks.adapt(n.payments.refunded), stores, settlement},
		{get, "/api/wechat/events", public, n.callbacks.adapt(n.weChatEvents.confirm), stores, settlement},
		{post, "/api/wechat/events", public, n.callbacks.adapt(n.weChatEvents.pushed), stores, settlement},
		{post, "/api/wechat/bindings", learner, n.bindings.create, stores, reading},
		{del, "/api/wechat/bindings", learner, n.bindings.delete, stores, reading},
		{get, "/api/wechat/oauth", public, n.weChatLogins.authorised, stores, paying},
		{get, "/api/wechat/js-config", public, n.weChatPages.config, stores, reading},
		{get, "/api/wechat/login", public, n.weChatLogins.begin, stores, paying},
		{post, "/api/wechat/login", public, n.weChatLogins.end, stores, paying},

		{get, "/api/enrolments", learner, n.enrolments.list, stores, lists},
		{get, "/api/enrolments/:course/progress", learner, n.enrolments.showProgress, stores, reading},
		{put, "/api/enrolments/:course/progress", learner, n.enrolments.putProgress, stores, reading},

		{get, "/api/notices", learner, n.notices.list, stores, lists},
		{post, "/api/notices/:notice/read", learner, n.notices.read, stores, reading},

		{get, "/api/events", anyone, n.sockets.stream, stream, reading},

		{post, "/api/hub/broadcasts", broadcaster, rest.UnlessDry(n.broadcasts.countAudience, rest.KeyNeeded(n.broadcasts.create)), stores, lists},
		{get, "/api/hub/broadcasts", broadcaster, n.broadcasts.list, stores, lists},
		{get, "/api/hub/broadcasts/:broadcast", broadcaster, n.broadcasts.show, stores, lists},
		{post, "/api/hub/broadcasts/:broadcast/confirm", rest.Role(shop.RoleMarketer).Proved(), rest.Keyed(n.broadcasts.confirm), stores, lists},
		{post, "/api/hub/broadcasts/:broadcast/start", broadcaster, rest.Keyed(n.broadcasts.start), stores, lists},
		{post, "/api/hub/broadcasts/:broadcast/pause", broadcaster, rest.Keyed(n.broadcasts.pause), stores, lists},
		{post, "/api/hub/broadcasts/:broadcast/cancel", broadcaster, rest.Keyed(n.broadcasts.cancel), stores, lists},
		{post, "/api/hub/publish", publisher, rest.Keyed(n.hubAPI.publish), stores, lists},
		{get, "/api/hub/stats", marketer, n.hubAPI.stats, stores, lists},

		{get, "/api/admin/courses", editor, n.adminCourses.List, stores, lists},
		{post, "/api/admin/courses", editor, n.adminCourses.Create, stores, reading},
		{get, "/api/admin/courses/:course", editor, n.adminCourses.Show, stores, reading},
		{put, "/api/admin/courses/:course", editor, n.adminCourses.Update, stores, reading},
		{put, "/api/admin/courses/:course/policies", editor, n.adminCourses.PublishPolicies, stores, reading},
		{get, "/api/admin/courses/:course/learning", editor, n.adminLearning.Show, stores, reading},
		{post, "/api/admin/courses/:course/publish", editor, n.adminCourses.PutOnSale, stores, reading},
		{post, "/api/admin/courses/:course/unpublish", editor, n.adminCourses.TakeOffSale, stores, reading},
		{get, "/api/admin/courses/:course/affected", editor, n.adminCourses.Affected, stores, lists},
		{post, "/api/admin/courses/:course/copy", editor, rest.Keyed(n.adminCourses.Copy), stores, reading},
		{put, "/api/admin/courses/:course/plan", editor, n.adminCourses.Plan, stores, reading},
		{del, "/api/admin/courses/:course/plan", editor, n.adminCourses.WithdrawPlan, stores, reading},

		{get, "/api/admin/categories", editor, n.adminCategories.List, stores, lists},
		{post, "/api/admin/categories", editor, n.adminCategories.Create, stores, reading},
		{put, "/api/admin/categories/:category", editor, n.adminCategories.Update, stores, reading},
		{del, "/api/admin/categories/:category", editor, n.adminCategories.Delete, stores, reading},

		{get, "/api/admin/front", editor, n.adminFront.Show, stores, reading},
		{put, "/api/admin/front", editor, n.adminFront.Put, stores, reading},

		{post, "/api/admin/uploads", editor, n.adminMedia.Upload, stream, reading},
		{head, "/api/admin/uploads/:upload", editor, n.adminMedia.Upload, stream, reading},
		{patch, "/api/admin/uploads/:upload", editor, n.adminMedia.Upload, stream, reading},
		{del, "/api/admin/uploads/:upload", editor, n.adminMedia.Upload, stream, reading},
		{get, "/api/admin/courses/:course/lessons/:lesson/text", editor, n.adminTexts.show, stores, reading},
		{put, "/api/admin/courses/:course/lessons/:lesson/text", editor, n.adminTexts.put, stores, reading},

		{get, "/api/admin/media", editor, n.adminMedia.List, stores, lists},
		{get, "/api/admin/media/:media", editor, n.adminMedia.Show, stores, reading},
		{del, "/api/admin/media/:media", editor, n.adminMedia.Delete, stores, reading},
		{post, "/api/admin/media/:media/transcode", editor, n.adminMedia.Transcode, stores, reading},
		{del, "/api/admin/media/:media/transcode", editor, n.adminMedia.CancelTranscoding, stores, reading},

		{get, "/api/admin/notice-templates", editor, n.noticeTemplates.List, stores, lists},
		{put, "/api/admin/notice-templates/:form", editor.Proved(), n.noticeTemplates.Put, stores, reading},
		{post, "/api/admin/notice-templates/:form/preview", editor, n.noticeTemplates.Preview, stores, reading},
		{post, "/api/admin/notice-templates/:form/reset", editor.Proved(), n.noticeTemplates.Reset, stores, reading},

		{get, "/api/admin/orders", orderDesk, n.adminOrders.List, stores, lists},
		{get, "/api/admin/orders/:order", orderDesk, n.adminOrders.Show, stores, reading},
		{post, "/api/admin/orders/:order/refunds", orderDesk, rest.UnlessDry(n.adminOrders.PreviewRefund, rest.KeyNeeded(n.adminOrders.Refund)), stores, paying},
		{post, "/api/admin/orders/:order/resolve", finance.Proved(), rest.KeyNeeded(n.adminExceptions.Resolve), stores, paying},
		{get, "/api/admin/strays", finance, n.adminExceptions.List, stores, lists},
		{post, "/api/admin/unmatched/:payment/resolve", finance.Proved(), rest.KeyNeeded(n.adminExceptions.ResolveUnmatched), stores, paying},

		{get, "/api/admin/reconciliations", finance, n.reconciliations.List, stores, lists},
		{post, "/api/admin/reconciliations", finance, n.reconciliations.Run, stores, lists},
		{get, "/api/admin/reconciliations/:day", finance, n.reconciliations.Show, stores, reading},
		{get, "/api/admin/finance", finance, n.finance.Export, stores, lists},
		{get, "/api/admin/invariants", finance, n.invariants.Check, stores, lists},

		{get, "/api/admin/stats", desks, n.stats.Show, stores, lists},
		{get, "/api/admin/waiting", desks, n.waiting.Show, stores, lists},

		{get, "/api/admin/audit", admin, n.audit.List, stores, lists},
		{get, "/api/admin/api-keys", admin, n.apiKeys.List, stores, lists},
		{post, "/api/admin/api-keys", admin.Proved(), n.apiKeys.Create, stores, reading},
		{del, "/api/admin/api-keys/:key", admin.Proved(), n.apiKeys.Delete, stores, reading},
		{get, "/api/admin/webhooks", admin, n.webhooks.List, stores, lists},
		{post, "/api/admin/webhooks", admin.Proved(), n.webhooks.Create, stores, reading},
		{put, "/api/admin/webhooks/:webhook", admin.Proved(), n.webhooks.Edit, stores, reading},
		{del, "/api/admin/webhooks/:webhook", admin.Proved(), n.webhooks.Delete, stores, reading},
		{post, "/api/admin/webhooks/:webhook/rotate", admin.Proved(), n.webhooks.Rotate, stores, reading},
		{post, "/api/admin/webhooks/:webhook/pause", admin, n.webhooks.Pause, stores, reading},
		{post, "/api/admin/webhooks/:webhook/resume", admin, n.webhooks.Resume, stores, reading},
		{post, "/api/admin/webhooks/:webhook/test", admin, n.webhooks.Test, stores, reading},
		{post, "/api/admin/webhooks/:webhook/replay", admin, n.webhooks.ReplayFailed, stores, reading},
		{get, "/api/admin/webhooks/:webhook/deliveries", admin, n.webhooks.Deliveries, stores, lists},
		{get, "/api/admin/webhooks/:webhook/deliveries/:delivery", admin, n.webhooks.Delivery, stores, reading},
		{post, "/api/admin/webhooks/:webhook/deliveries/:delivery/replay", admin, n.webhooks.Replay, stores, reading},
		{get, "/api/admin/users", support, n.people.List, stores, lists},
		{get, "/api/admin/users/:user", support, n.people.Show, stores, reading},
		{del, "/api/admin/users/:user", support.Proved(), rest.Keyed(n.people.Delete), stores, reading},
		{post, "/api/admin/users/:user/notes", support, rest.Keyed(n.people.AddNote), stores, reading},
		{post, "/api/admin/users/:user/grants", support.Proved(), rest.Keyed(n.people.Give), stores, paying},
		{post, "/api/admin/users/:user/block", support, rest.Keyed(n.people.Block), stores, reading},
		{post, "/api/admin/users/:user/unblock", support, rest.Keyed(n.people.Unblock), stores, reading},
		{put, "/api/admin/users/:user/roles", admin.Proved(), n.adminUsers.SetRoles, stores, reading},

		{get, "/api/admin/papers", admin, n.adminPapers.Show, stores, reading},
		{put, "/api/admin/papers", admin.Proved(), n.adminPapers.Put, stores, reading},

		{get, "/livez", public, n.health.live, probe, reading},
		{get, "/readyz", public, n.health.ready, probe, reading},
		{get, "/metrics", public, rest.ServeMetrics, probe, reading},
		{get, "/api/openapi.yaml", public, n.docs.showContract, memory, reading},
		{get, "/api/asyncapi.yaml", public, n.docs.showLiveContract, memory, reading},
		{get, "/docs", public, n.docs.showDocs, memory, reading},
		{get, "/docs/errors", public, n.docs.showErrors, memory, reading},
	}
}
