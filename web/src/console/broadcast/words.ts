// How broadcasts read in the console.
import type { Audience, Broadcast, BroadcastChannel, BroadcastState } from '../types'

export const states: Record<BroadcastState, { word: string; tone: 'success' | 'info' | 'warning' | 'primary' }> = {
  unconfirmed: { word: '待确认', tone: 'warning' }, scheduled: { word: '已定时', tone: 'info' }, sending: { word: '发送中', tone: 'primary' },
  paused: { word: '已暂停', tone: 'warning' }, sent: { word: '已发送', tone: 'success' }, cancelled: { word: '已取消', tone: 'info' },
}

export const channels: Record<BroadcastChannel, { word: string; hint: string }> = {
  live: { word: '打开着的页面', hint: '立即弹出；离开的人看不到' }, inbox: { word: '收件箱', hint: '一直留着' }, wechat: { word: '微信', hint: '只到订阅了活动消息的人' },
}

export const audiences: Record<Audience['kind'], { word: string; hint: string }> = {
  all: { word: '所有人', hint: '每个账号，以及打开着页面的访客' },
  course: { word: '一门课程的学员', hint: '学过或正在学的人；退了课的除外' },
  category: { word: '一个分类的学员', hint: '学过或正在学这一分类任何课程的人' },
  expiring: { word: '快到期的学员', hint: '若干天内到期的人，可以只看一门课程' },
  trial_not_continued: { word: '试学后没有买的学员', hint: '免费阶段结束、之后没有购买的人' },
  users: { word: '指定的学员', hint: '按学员编号，最多 2000 位' },
  online: { word: '现在在线的学员', hint: '开始发送时打开着页面、登录了的人' },
}

export function audienceText(a: Audience): string {
  const days = a.kind === 'expiring' ? `（${a.days} 天内）` : ''
  return audiences[a.kind].word + days
}

const moves: Record<string, string> = {
  accept: '提交', ask: '人数超过了上限，等第二个人确认', confirm: '确认', start: '发送', pause: '暂停', cancel: '取消', finish: '发完',
}

type Move = NonNullable<Broadcast['history']>[number]

// moveText names a move; one that starts a paused broadcast is another word than the first.
export const moveText = (m: Move, before: Move | undefined): string => (m.move === 'start' && before?.move === 'pause' ? '继续发送' : moves[m.move] ?? m.move)

// authorText is a person, a program or the shop. Marketing sees no other account than its own.
export function authorText(by: string, me: string | undefined): string {
  if (by === me) return '您'
  if (by === 'shop') return '系统'
  return by.startsWith('key:') ? '接口密钥' : '另一位同事'
}

// Why a WeChat message did not go: our codes, and WeChat's numbers.
const reasons: Record<string, string> = {
  NO_WECHAT: '没有绑定微信', NOT_FOLLOWING: '没有关注公众号', NOT_SUBSCRIBED: '没有订阅活动消息', OPTED_OUT: '不接收这类消息',
  NO_TEMPLATE: '没有设置消息模板', CANCELLED: '活动已取消', OVER: '已经过时', TOO_LATE: '没能及时发出', OUTCOME_UNKNOWN: '不知道微信是否收到',
  '43101': '用户没有授权这次消息', '43004': '用户没有关注', '40003': '微信号无效', '45009': '超过了微信的每日次数', '47003': '消息内容不合模板', '40037': '模板无效',
}
export const reasonText = (code: string): string => reasons[code] ?? `微信错误 ${code}`

// reached is how many of the audience the sending is done with, of all.
export function reached(b: Broadcast): { done: number; all: number; percent: number } {
  const done = b.counts.told + b.counts.opted_out
  const all = Math.max(b.counts.audience, done)
  return { done, all, percent: all ? Math.floor((done / all) * 100) : 0 }
}

export const figure = (n: number): string => n.toLocaleString('en-US')
