// How orders read in the console.
import { orderStates } from '@/words'
import type { OrderState, OrderStory } from '../types'

type Tone = 'success' | 'info' | 'warning' | 'danger'
const tones: Record<'wait' | 'good' | 'quiet' | 'bad', Tone> = { wait: 'warning', good: 'success', quiet: 'info', bad: 'danger' }

export const states = Object.fromEntries(Object.entries(orderStates).map(([state, { label, tone }]) =>
  [state, { word: state === 'exception' ? '异常' : label, tone: tones[tone] }])) as Record<OrderState, { word: string; tone: Tone }>

export const channels: Record<string, string> = { native: '扫码', jsapi: '微信内', h5: '手机浏览器', other: '其他商户单号' }

export const attemptStates: Record<OrderStory['attempts'][number]['state'], string> = {
  new: '准备中', ready: '等待付款', unknown: '微信没有回答', succeeded: '已付款', closed: '已关闭', failed: '失败', dup_refunding: '退回中', dup_refunded: '已退回',
}

export const refundStates: Record<string, string> = {
  requested: '已申请', approved: '待提交', rejected: '已拒绝', submitted: '已提交微信', processing: '微信处理中', succeeded: '已到账', abnormal: '微信退款异常，需在微信商户平台处理', closed: '微信已关闭这笔退款',
}

export const refundRules: Record<string, string> = {
  free: '免费课程', full_within_7_days: '7 天内全额', pro_rata: '按剩余天数', needless: '全款后不再需要的阶段', refused: '未能开通', gone: '账号已注销', finance: '财务决定',
}

const refundReasons: Record<string, string> = {
  LINE_REFUSED: '课程未能开通', NEEDLESS_STAGE: '全款后不再需要的阶段', ACCOUNT_DELETED: '账号已注销', DUPLICATE_PAYMENT: '重复付款', LATE_PAYMENT: '订单关闭后付款', COURSE_TAKEN_DOWN: '课程已下架',
}
export const refundReason = (text: string): string => refundReasons[text] ?? text

const duties: Record<string, string> = {
  announce_paid: '通知页面已支付', enrol: '开通课程', buyer: '核对账号', cart: '清理购物车', count: '统计人数', refund_refused: '退回未能开通的', refund_needless: '退回不再需要的阶段',
  tell: '通知学员', freeze: '暂停学习', revoke: '收回课程', tell_refunded: '通知退款', tell_paid_back: '通知退回', announce_closed: '通知页面已关闭', tell_closing: '提醒付款',
}
export const duty = (name: string): string => duties[name] ?? name

export const access: Record<string, string> = { scheduled: '未开始', active: '可学习', expired: '已到期', frozen: '退款中，暂停', revoked: '不能学习', live: '可学习' }

const deliveries: Record<string, string> = { waiting: '微信待发', sent: '微信已发', delivered: '微信已送达', failed: '微信发送失败', skipped: '没有发微信' }
const deliveryCodes: Record<string, string> = {
  NO_WECHAT: '未绑定微信', NOT_FOLLOWING: '未关注公众号', NOT_SUBSCRIBED: '未订阅', OPTED_OUT: '学员关闭了这类消息', NO_TEMPLATE: '没有配置模板', CANCELLED: '已取消', OVER: '已不需要', TOO_LATE: '已过时', OUTCOME_UNKNOWN: '结果不明',
}
export const sending = (state: string, code?: string): string => (deliveries[state] ?? state) + (code ? `（${deliveryCodes[code] ?? code}）` : '')

// person names who did something, for those who look at it.
export function person(by: string, order: { user_id: string; username?: string }, me: string | undefined): string {
  const shop: Record<string, string> = { shop: '商店', sweeper: '商店', wechat: '微信', callback: '微信回调', query: '向微信查询', bill: '对账单', reconciliation: '对账' }
  if (by === order.user_id) return order.username ?? '学员'
  return by === me ? '我' : (shop[by] ?? `工作人员 ${by.slice(0, 6)}`)
}
