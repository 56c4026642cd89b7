// An order's time line: everything that the shop keeps about it, in the order in which it happened.
import { closedBecause, yuan } from '@/words'
import type { OrderStory } from '../types'
import { attemptStates, channels, person, refundReason, refundRules, sending } from './words'

export interface Happening {
  at: string
  title: string
  detail?: string
  number?: string // to copy
  tone?: 'good' | 'bad' | 'wait'
  testid?: string
}

type Move = OrderStory['history'][number]

const moves: Record<string, { title: string; tone?: Happening['tone'] }> = {
  M1: { title: '下单' }, M2: { title: '下单，无需付款', tone: 'good' }, M4: { title: '支付成功', tone: 'good' }, M5: { title: '课程已开通', tone: 'good' },
  M7: { title: '开始关闭订单' }, M8: { title: '订单已关闭' }, M9: { title: '关闭途中收到付款', tone: 'good' }, M10: { title: '关闭后收到付款，订单恢复', tone: 'good' },
  M11: { title: '开始退款', tone: 'wait' }, M12: { title: '退款到账', tone: 'good' }, M13: { title: '付款不符，转人工处理', tone: 'bad' },
  M14: { title: '人工按实收收下', tone: 'good' }, M15: { title: '人工退回，订单关闭' }, M16: { title: '人工退回没有订单的付款' },
  M17: { title: '人工开通', tone: 'good' },
}

function moved(m: Move, order: OrderStory, me?: string): Happening {
  const data = m.data ?? {}
  const by = person(m.by, order, me)
  const parts: (string | undefined)[] = {
    M4: [by], M7: [by, closedBecause({ ...order, close_reason: data.reason as OrderStory['close_reason'] })], M9: [by], M10: [by],
    M5: order.lines.map((l) => (l.result === 'refused' ? `《${l.title}》未能开通（${l.refusal}）` : `《${l.title}》`)),
    M8: [closedBecause({ ...order, close_reason: data.reason as OrderStory['close_reason'] })],
    M11: [by, data.amount && `¥${data.amount}`, refundReason(data.reason ?? ''), refundRules[data.rule ?? '']],
    M12: [data.amount && `¥${data.amount}`], M13: [data.odd], M14: [by, data.amount && `实收 ¥${data.amount}，应付 ¥${data.agreed}`, data.reason],
    M15: [by, data.amount && `¥${data.amount}`, data.reason], M16: [by, data.amount && `¥${data.amount}`, data.reason], M17: [by, data.reason],
  }[m.move] ?? [by]
  const known = moves[m.move] ?? { title: m.move }
  return { at: m.at, ...known, detail: parts.filter(Boolean).join(' · '), number: data.out_refund_no, testid: `move-${m.move}` }
}

function attempted(a: OrderStory['attempts'][number]): Happening[] {
  const all: Happening[] = [{ at: a.created_at, title: `发起${channels[a.channel] ?? ''}支付`, detail: `${yuan(a.amount_fen)} · ${attemptStates[a.state]}`, number: a.out_trade_no }]
  if (a.ready_at) all.push({ at: a.ready_at, title: '微信给出付款方式' })
  if (a.asks && a.asked_at) all.push({ at: a.asked_at, title: `向微信查询 ${a.asks} 次`, detail: '这是最近一次' })
  if (a.paid_at) all.push({ at: a.paid_at, title: `微信收款 ${yuan(a.amount_fen)}`, detail: '微信交易号', number: a.transaction_id, tone: 'good' })
  return all
}

// storyOf is the time line, oldest first.
export function storyOf(order: OrderStory, me?: string): Happening[] {
  const all = [
    ...order.history.map((m) => moved(m, order, me)),
    ...order.attempts.flatMap(attempted),
    ...(order.strays ?? []).map((s): Happening => ({ at: s.first_seen, title: `收到不符的付款 ${yuan(s.total_fen)}`, detail: s.reason, number: s.transaction_id, tone: 'bad' })),
    ...order.messages.map((m): Happening => ({
      at: m.posted_at, title: `通知学员：${m.title}`, testid: 'story-message',
      detail: [m.read_at ? '已读' : '未读', m.wechat && sending(m.wechat.state, m.wechat.code)].filter(Boolean).join(' · '),
    })),
  ]
  return all.map((h, n) => ({ h, n })).sort((a, b) => a.h.at.localeCompare(b.h.at) || a.n - b.n).map(({ h }) => h)
}
