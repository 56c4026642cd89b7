// How webhooks, their deliveries and attempts read.
import type { Webhook, WebhookAttempt, WebhookDelivery, WebhookForm } from '../types'

type Tone = 'success' | 'warning' | 'danger' | 'info'

export const types: Record<WebhookForm['types'][number], { word: string; hint: string }> = {
  'order.paid': { word: '订单已付款', hint: '付款到账，或免费订单下单' },
  'order.refunded': { word: '退款到账', hint: '每笔退款一次' },
  'enrolment.changed': { word: '学员权限变化', hint: '开通、续期、到期、退回' },
}
export const typeWord = (t: WebhookDelivery['type']): string => (t === 'webhook.test' ? '测试' : types[t].word)

const reasons: Record<NonNullable<Webhook['reason']>, string> = { by_hand: '已暂停', gone: '对方答 410，已暂停', failing: '连续 3 天收不到，已暂停' }
export function stateOf(hook: Webhook): { word: string; tone: Tone } {
  if (hook.state === 'paused') return { word: reasons[hook.reason ?? 'by_hand'], tone: hook.reason === 'by_hand' ? 'info' : 'danger' }
  return hook.failing_since ? { word: '最近没有送到', tone: 'warning' } : { word: '正常', tone: 'success' }
}

export const states: Record<WebhookDelivery['state'], { word: string; tone: Tone }> = {
  waiting: { word: '等待重试', tone: 'warning' },
  delivered: { word: '已送达', tone: 'success' },
  failed: { word: '没有送到', tone: 'danger' },
}
export const codes: Record<NonNullable<WebhookDelivery['code']>, string> = { TRIES_USED: '一天里试过 9 次', ENDPOINT_PAUSED: '暂停期间', GONE: '对方答 410' }
const troubles: Record<NonNullable<WebhookAttempt['code']>, string> = {
  STATUS: '不是 2xx', TIMEOUT: '10 秒没有回应', ADDRESS_REFUSED: '域名指向不允许的地址', TLS: '证书不对', NO_CONNECTION: '连不上',
}
export function attemptWord(a: WebhookAttempt): string {
  const status = a.status ? `HTTP ${a.status}` : ''
  const trouble = a.code && !(a.code === 'STATUS' && a.status) ? troubles[a.code] : ''
  return [status, trouble, `${a.ms} 毫秒`].filter(Boolean).join(' · ')
}
