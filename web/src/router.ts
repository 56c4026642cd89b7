import { showToast } from 'vant'
import { createRouter, createWebHistory, type RouteRecordRaw } from 'vue-router'
import { credentials } from './credentials'
import { noteReferral } from './referral'
import { showTitle } from './title'

declare module 'vue-router' {
  interface RouteMeta {
    title: string
    auth?: boolean // for a logged-in learner only
    focused?: boolean // one thing to do here: no navigation at a phone's bottom
    room?: boolean // stays for all lessons of a course, so that full screen and the player do
  }
}

const routes: RouteRecordRaw[] = [
  { path: '/', name: 'courses', component: () => import('./pages/Courses.vue'), meta: { title: '课程' } },
  { path: '/courses/:course', name: 'course', component: () => import('./pages/Course.vue'), meta: { title: '课程详情', focused: true }, props: true },
  { path: '/courses/:course/lessons/:lesson', name: 'lesson', component: () => import('./pages/Lesson.vue'), meta: { title: '课时', focused: true, room: true }, props: true },
  { path: '/login', name: 'login', component: () => import('./pages/Login.vue'), meta: { title: '登录', focused: true } },
  { path: '/login/forgotten', name: 'forgotten', component: () => import('./pages/Forgotten.vue'), meta: { title: '重设密码', focused: true } },
  { path: '/login/wechat', name: 'wechat-login', component: () => import('./pages/WeChatLogin.vue'), meta: { title: '微信登录', focused: true } },
  { path: '/login/scan', name: 'login-scan', component: () => import('./pages/LoginScan.vue'), meta: { title: '扫码登录', auth: true, focused: true } },
  { path: '/cart', name: 'cart', component: () => import('./pages/Cart.vue'), meta: { title: '购物车' } },
  { path: '/checkout', name: 'checkout', component: () => import('./pages/Checkout.vue'), meta: { title: '确认订单', auth: true, focused: true } },
  { path: '/orders', name: 'orders', component: () => import('./pages/Orders.vue'), meta: { title: '我的订单', auth: true } },
  { path: '/orders/:order', name: 'order', component: () => import('./pages/Order.vue'), meta: { title: '订单', auth: true, focused: true }, props: true },
  { path: '/orders/:order/refund', name: 'refund', component: () => import('./pages/Refund.vue'), meta: { title: '申请退款', auth: true, focused: true }, props: true },
  { path: '/learning', name: 'learning', component: () => import('./pages/Learning.vue'), meta: { title: '我的课程', auth: true } },
  { path: '/inbox', name: 'inbox', component: () => import('./pages/Inbox.vue'), meta: { title: '消息', auth: true } },
  { path: '/me', name: 'me', component: () => import('./pages/Me.vue'), meta: { title: '我的', auth: true } },
  { path: '/me/wechat', name: 'wechat', component: () => import('./pages/WeChat.vue'), meta: { title: '绑定微信', auth: true, focused: true } },
  { path: '/me/notifications', name: 'notifications', component: () => import('./pages/Notifications.vue'), meta: { title: '消息设置', auth: true, focused: true } },
  { path: '/me/devices', name: 'devices', component: () => import('./pages/Devices.vue'), meta: { title: '登录的设备', auth: true, focused: true } },
  { path: '/me/password', name: 'password', component: () => import('./pages/Password.vue'), meta: { title: '修改密码', auth: true, focused: true } },
  { path: '/me/phone', name: 'phone', component: () => import('./pages/Phone.vue'), meta: { title: '手机号', auth: true, focused: true } },
  { path: '/me/data', name: 'my-data', component: () => import('./pages/MyData.vue'), meta: { title: '我的数据', auth: true, focused: true } },
  { path: '/me/delete', name: 'delete-account', component: () => import('./pages/DeleteAccount.vue'), meta: { title: '注销账号', auth: true, focused: true } },
  { path: '/terms', name: 'terms', component: () => import('./pages/Paper.vue'), meta: { title: '用户协议' }, props: { paper: 'terms' } },
  { path: '/privacy', name: 'privacy', component: () => import('./pages/Paper.vue'), meta: { title: '隐私政策' }, props: { paper: 'privacy' } },
  { path: '/refunds', name: 'refunds', component: () => import('./pages/Paper.vue'), meta: { title: '退款规则' }, props: { paper: 'refunds' } },
  { path: '/service', name: 'service', component: () => import('./pages/Service.vue'), meta: { title: '联系客服' } },
  { path: '/:rest(.*)*', name: 'missing', component: () => import('./pages/Missing.vue'), meta: { title: '没有这个页面' } },
]

export const router = createRouter({
  history: createWebHistory(),
  routes,
  // What is chosen in the list changes it where it is.
  scrollBehavior: (to, from, saved) => saved ?? (to.name === 'courses' && from.name === 'courses' && to.fullPath !== '/' ? false : { top: 0 }),
})

router.beforeEach((to) => {
  if (to.meta.auth && !credentials.token()) return { name: 'login', query: { next: to.fullPath } }
})

// A page from before the shop's last release asks for files that are gone: there it goes on by loading.
router.onError(async (_err, to, from) => {
  if (!from.matched.length) return
  const there = await fetch('/favicon.svg', { method: 'HEAD', cache: 'no-store' }).then(() => true, () => false)
  if (there) location.assign(to.fullPath)
  else showToast('网络不通，请检查后重试')
})

router.afterEach((to) => {
  showTitle(to.meta.title)
  noteReferral(to.query.from)
})
