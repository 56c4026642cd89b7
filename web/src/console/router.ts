import { ElMessage } from 'element-plus'
import { createRouter, createWebHistory, type RouteRecordRaw } from 'vue-router'
import { credentials } from '@/credentials'
import type { Role } from './roles'

declare module 'vue-router' {
  interface RouteMeta {
    role?: Role | Role[] // whose page it is; without one it is for all staff
    open?: boolean // without a login
  }
}

const routes: RouteRecordRaw[] = [
  { path: '/', name: 'home', component: () => import('./home/HomePage.vue'), meta: { title: '今日' } },
  { path: '/login', name: 'login', component: () => import('./login/LoginPage.vue'), meta: { title: '登录', open: true } },
  { path: '/courses', name: 'courses', component: () => import('./course/CoursesPage.vue'), meta: { title: '课程', role: 'editor' } },
  { path: '/categories', name: 'categories', component: () => import('./category/CategoriesPage.vue'), meta: { title: '分类', role: 'editor' } },
  { path: '/front', name: 'front', component: () => import('./front/FrontEditor.vue'), meta: { title: '首页', role: 'editor' } },
  { path: '/courses/:course/:tab(basics|outline|prices|learning)?', name: 'course', component: () => import('./course/CoursePage.vue'), meta: { title: '课程', role: 'editor' }, props: true },
  { path: '/orders', meta: { title: '订单', role: ['finance', 'support'] }, children: [
    { path: '', name: 'orders', component: () => import('./order/OrdersPage.vue'), meta: { title: '订单' } },
    { path: 'exceptions', name: 'exceptions', component: () => import('./order/ExceptionsPage.vue'), meta: { title: '待处理', role: 'finance' } },
    { path: 'reconciliations', name: 'reconciliations', component: () => import('./order/ReconciliationsPage.vue'), meta: { title: '对账', role: 'finance' } },
    { path: ':order', name: 'order', component: () => import('./order/OrderPage.vue'), meta: { title: '订单' }, props: true },
  ] },
  { path: '/broadcasts', meta: { title: '活动消息', role: 'marketer' }, children: [
    { path: '', name: 'broadcasts', component: () => import('./broadcast/BroadcastsPage.vue'), meta: { title: '活动消息' } },
    { path: 'new', name: 'broadcast-new', component: () => import('./broadcast/WritePage.vue'), meta: { title: '写活动消息' } },
    { path: ':broadcast', name: 'broadcast', component: () => import('./broadcast/BroadcastPage.vue'), meta: { title: '活动消息' }, props: true },
  ] },
  { path: '/people', name: 'people', component: () => import('./people/PeoplePage.vue'), meta: { title: '学员', role: 'support' } },
  { path: '/people/:user', name: 'person', component: () => import('./people/PersonPage.vue'), meta: { title: '学员', role: 'support' }, props: true },
  { path: '/system', name: 'system', component: () => import('./system/SystemHome.vue'), meta: { title: '系统', role: ['marketer', 'finance'] } },
  { path: '/system/audit', name: 'audit', component: () => import('./system/AuditPage.vue'), meta: { title: '审计', role: 'admin' } },
  { path: '/system/staff', name: 'staff', component: () => import('./system/StaffPage.vue'), meta: { title: '人员和角色', role: 'admin' } },
  { path: '/system/api-keys', name: 'api-keys', component: () => import('./system/KeysPage.vue'), meta: { title: 'API 密钥', role: 'admin' } },
  { path: '/system/webhooks', name: 'webhooks', component: () => import('./webhook/WebhooksPage.vue'), meta: { title: 'Webhook', role: 'admin' } },
  { path: '/system/webhooks/:webhook', name: 'webhook', component: () => import('./webhook/WebhookPage.vue'), meta: { title: 'Webhook', role: 'admin' }, props: true },
  { path: '/system/connections', name: 'connections', component: () => import('./system/ConnectionsPage.vue'), meta: { title: '在线连接', role: 'marketer' } },
  { path: '/system/check', name: 'data-check', component: () => import('./system/CheckPage.vue'), meta: { title: '数据核对', role: 'finance' } },
  { path: '/media', name: 'media', component: () => import('./media/MediaPage.vue'), meta: { title: '文件', role: 'editor' } },
  { path: '/notice-templates', name: 'notice-templates', component: () => import('./notice/NoticeTemplatesPage.vue'), meta: { title: '消息模板', role: 'editor' } },
  { path: '/papers', name: 'papers', component: () => import('./papers/PapersPage.vue'), meta: { title: '店铺资料', role: 'admin' } },
  { path: '/notices', redirect: { name: 'notice-templates' } }, // its address in the storefront once
  { path: '/:rest(.*)*', name: 'missing', component: () => import('./home/MissingPage.vue'), meta: { title: '没有这个页面' } },
]

export const router = createRouter({
  history: createWebHistory('/console/'),
  routes,
  scrollBehavior: (to, from, saved) => saved ?? (to.path === from.path ? {} : { top: 0 }), // a filter in the address moves nothing
})

router.beforeEach((to) => {
  if (!to.meta.open && !credentials.token()) return { name: 'login', query: to.path === '/' ? {} : { next: to.fullPath } }
})

// A page from before the last release asks for files that are gone: there it goes on by loading.
router.onError(async (_err, to, from) => {
  if (!from.matched.length) return
  const there = await fetch('/favicon.svg', { method: 'HEAD', cache: 'no-store' }).then(() => true, () => false)
  if (there) location.assign(router.resolve(to.fullPath).href)
  else ElMessage.error('网络不通，请检查后重试')
})

router.afterEach((to) => {
  document.title = `${to.meta.title} · 拾课控制台`
})
