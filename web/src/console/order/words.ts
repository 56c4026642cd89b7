// How orders read in the console.
import { orderStates } from '@/words'
import type { OrderState, OrderStory, Reconciliation, Stray } from '../types'

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
  tell: '通知学员', freeze: '暂停学习', revoke: '收回课程', tell_refunded: '通知退款', tell_paid_back: '通知退回', announce_closed: '通知页面已关闭', tell_closing: '提醒付款', announce_exception: '通知页面待处理',
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

export const strayStates: Record<Stray['state'], { word: string; tone: Tone }> = {
  open: { word: '待处理', tone: 'danger' }, order: { word: '在订单里处理', tone: 'warning' }, returns: { word: '自动退回', tone: 'info' },
  decided: { word: '处理中', tone: 'warning' }, resolved: { word: '已处理', tone: 'success' },
}

export const strayWays: Record<NonNullable<Stray['decision']>['how'], { title: string; effect: string }> = {
  match: { title: '匹配到订单', effect: '用这笔钱支付一个还没有付款的订单，金额按实收' }, refund: { title: '退回', effect: '原路退回给付款的人' },
  dismiss: { title: '标记为已处理', effect: '已经核对过，不动钱' },
}

export const orderWays = [
  { how: 'grant', title: '按实收开通', effect: '收下微信里实际收到的金额，立即开通课程；订单按实收金额记账' },
  { how: 'refund', title: '退回给学员', effect: '收到的钱全部原路退回，订单关闭' },
]

export const dayStates: Record<Reconciliation['state'], { word: string; tone: Tone }> = {
  running: { word: '核对中', tone: 'warning' }, waiting: { word: '等待账单', tone: 'warning' }, ok: { word: '一致', tone: 'success' }, differences: { word: '有差异', tone: 'danger' }, no_bill: { word: '没有账单', tone: 'info' },
}

export const differences: Record<Reconciliation['differences'][number]['kind'], string> = {
  PAID_THERE_NOT_HERE: '微信有收款，本店没有', PAID_HERE_NOT_THERE: '本店有收款，账单没有', AMOUNT_DIFFERS: '金额不同', TRANSACTION_DIFFERS: '交易号不同', UNKNOWN_NUMBER: '不认识的单号',
  REFUND_THERE_NOT_HERE: '微信有退款，本店没有', REFUND_HERE_NOT_THERE: '本店有退款，账单没有', REFUND_AMOUNT_DIFFERS: '退款金额不同', REFUND_STATE_DIFFERS: '退款状态不同', OTHER_DAY: '日期不同', UNEXPECTED_ROW: '账单里意外的一行',
}
