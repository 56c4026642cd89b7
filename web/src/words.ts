// How figures, times and states read on the pages.
import { shopNow } from './clock'
import type { Channel, CourseCard, LineProblem, Offer, Order, OrderState, Period, RefundLine } from './types'

// yuan shows an amount in fen: 19900 → ¥199, 1999 → ¥19.99.
export function yuan(fen: number): string {
  const whole = Math.trunc(Math.abs(fen) / 100).toLocaleString('en-US')
  const rest = Math.abs(fen) % 100
  return (fen < 0 ? '−¥' : '¥') + whole + (rest ? '.' + String(rest).padStart(2, '0') : '')
}

export function price(fen: number): string {
  return fen === 0 ? '免费' : yuan(fen)
}

// priceOf is what a card says that a course costs. Only a course of which nothing is ever paid for is free: a free
// stage is followed by one with a price.
export function priceOf(c: Pick<CourseCard, 'price_fen' | 'whole_fen' | 'after_fen' | 'from_fen' | 'free_stage' | 'free_period'>): { main: string; more: string } {
  if (c.whole_fen === 0) return { main: '免费', more: '' }
  if (c.free_stage) {
    const p = c.free_period
    const main = !p || (p.unit === 'month' && p.count === 1) ? '首月免费' : `前 ${period(p)}免费`
    const after = c.after_fen === undefined || c.after_fen === c.whole_fen ? '' : `之后 ${yuan(c.after_fen)} · `
    return { main, more: `${after}全款 ${yuan(c.whole_fen)}` }
  }
  const cheaper = c.from_fen !== undefined && c.from_fen < c.price_fen
  return { main: price(c.price_fen), more: cheaper ? `${price(c.from_fen!)}起` : '' }
}

export const priceBands: Record<string, string> = { free: '免费', under_100: '¥100 以下', '100_to_500': '¥100–500', over_500: '¥500 以上' }
export const lengths: Record<string, string> = { short: '3 小时内', medium: '3–10 小时', long: '10 小时以上' }
export const levels: Record<string, string> = { beginner: '入门', intermediate: '进阶', advanced: '高阶' }

export function period(p: Period): string {
  return p.unit === 'month' ? `${p.count} 个月` : `${p.count} 天`
}

// lasts says how long an offer opens the course.
export function lasts(o: Pick<Offer, 'kind' | 'period'>): string {
  if (o.kind === 'lifetime') return '永久有效'
  return o.period ? period(o.period) : ''
}

export function duration(seconds: number): string {
  if (seconds <= 0) return ''
  const minutes = Math.floor(seconds / 60)
  return `${String(minutes).padStart(2, '0')}:${String(seconds % 60).padStart(2, '0')}`
}

// The rules of usernames and passwords, shown before the server refuses one.
export const usernameRule = '3–32 个字母、数字或 _ . -，以字母或数字开头'
export const passwordRule = '至少 8 位'

const dayFormat = new Intl.DateTimeFormat('zh-CN', {
  timeZone: 'Asia/Shanghai', year: 'numeric', month: 'long', day: 'numeric',
})
const clockOf = { timeZone: 'Asia/Shanghai', month: 'numeric', day: 'numeric', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const
const momentFormat = new Intl.DateTimeFormat('zh-CN', clockOf)
const momentWithYear = new Intl.DateTimeFormat('zh-CN', { ...clockOf, year: 'numeric' })
const yearFormat = new Intl.DateTimeFormat('en', { timeZone: 'Asia/Shanghai', year: 'numeric' })

// moment shows a time in the shop's zone, with its year unless that is the current one.
export function moment(at: string): string {
  const then = new Date(at)
  const thisYear = yearFormat.format(then) === yearFormat.format(shopNow())
  return (thisYear ? momentFormat : momentWithYear).format(then)
}

// day shows the day of a time in the shop's zone.
export const day = (at: string): string => dayFormat.format(new Date(at))

// lastDay is the last day on which something with this end is open: the end is
// the first instant too late.
export function lastDay(until: string): string {
  return dayFormat.format(new Date(new Date(until).getTime() - 1))
}

export const orderStates: Record<OrderState, { label: string; tone: 'wait' | 'good' | 'quiet' | 'bad' }> = {
  pending: { label: '待支付', tone: 'wait' },
  closing: { label: '取消中', tone: 'quiet' },
  closed: { label: '已关闭', tone: 'quiet' },
  paid: { label: '已支付，开通中', tone: 'wait' },
  fulfilled: { label: '已开通', tone: 'good' },
  refunding: { label: '退款中', tone: 'wait' },
  partially_refunded: { label: '部分退款', tone: 'quiet' },
  refunded: { label: '已退款', tone: 'quiet' },
  exception: { label: '处理中，请联系客服', tone: 'bad' },
}

// Sentences for the codes that arrive without one: an offer's reason, the problem of a cart's line,
// which comes by an event as well as by an answer.
const reasons: Record<string, string> = {
  TRIAL_USED: '免费阶段每人一次，已使用',
  TRIAL_NEEDS_WECHAT: '免费阶段需要先绑定微信',
  TRIAL_NEEDS_PHONE: '免费阶段需要先绑定手机号',
  STAGE_ALREADY_USED: '已购买过这一阶段',
  STAGE_NOT_ELIGIBLE: '需先开通前面的阶段',
  STAGE_LAPSED: '中断时间较长，请选择全款',
  PERIOD_NOT_BEGUN: '已有一个尚未开始的期限',
  ALREADY_OWNED: '已永久拥有',
  COURSE_OFF_SALE: '课程已下架',
  COURSE_NOT_FOUND: '课程已不存在',
  POLICY_RETIRED: '该价格方案已停售，请另选',
  POLICY_NOT_FOUND: '该价格方案已不存在，请另选',
  PRICE_CHANGED: '价格已变动',
  ORDER_IN_PROGRESS: '有一笔订单正在处理',
}

export function reason(code: string): string {
  return reasons[code] ?? '暂时不能购买'
}

export function problemText(p: LineProblem): string {
  if (p.code === 'PRICE_CHANGED' && p.params) return `价格已变动，选择时为 ${price(p.params.seen_fen)}`
  return reasons[p.code] ?? p.detail ?? reason(p.code)
}

// blocks is true for a problem that keeps a line from being bought, false for news about its
// price.
export function blocks(p: LineProblem | undefined): boolean {
  return p !== undefined && p.code !== 'PRICE_CHANGED'
}

// The refund rule, as the server applies it: for a person that chooses what to buy, and for one that has bought.
export const refundRule = '付款后 7 天内、打开的课时不超过五分之一，可全额退款'
export const refundRuleLater = '之后按没有用到的整天退款'

const refundProblems: Record<string, string> = {
  NOT_REFUNDABLE: '已过全额退款的期限，不能自助退款',
  REFUND_UNDER_WAY: '有一笔退款正在处理',
  REFUND_LATER_STAGE_FIRST: '请先退这门课程后面的阶段',
  CREDIT_CONSUMED: '这笔钱已抵扣全款，请先退全款',
  REFUND_WINDOW_CLOSED: '付款已超过 365 天，请联系客服',
  REFUND_TOO_SOON: '刚刚退过一笔，请 1 分钟后再试',
  REFUND_TOO_MANY: '退款次数已达上限，请联系客服',
}

// refundReason says by which rule an amount was found, or why there is none.
export function refundReason(line: RefundLine): string {
  if (line.problem) return refundProblems[line.problem] ?? '这一门暂时不能退款'
  if (line.rule === 'free') return '免费开通，没有款项可退'
  if (line.rule === 'full_within_7_days') return '7 天内，全额退款'
  if (line.rule === 'pro_rata') return `剩余 ${line.unused_days} 天 / 共 ${line.total_days} 天，按整天退款`
  return ''
}

const closeReasons: Record<string, string> = {
  timeout: '超时未支付', user: '已取消', superseded: '已由新的订单代替', off_sale: '课程已下架', abandoned: '下单没有完成', returned: '付款已退回',
}

// orderEnded is the one word for an order that comes to nothing, be it closed at WeChat yet or not.
export function orderEnded(order: Order): string {
  return order.close_reason === 'user' ? '订单已取消' : '订单已关闭'
}

// elsewhere is where a payment is that was begun by a channel.
export const elsewhere: Record<Channel, string> = { native: '电脑上', h5: '手机浏览器里', jsapi: '微信里' }

export function closedBecause(order: Order): string {
  return closeReasons[order.close_reason ?? ''] ?? ''
}
