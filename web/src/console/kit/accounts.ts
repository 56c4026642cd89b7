// How the last check of all data reads.
import { moment } from '@/words'
import type { Waiting } from '../types'

export type Accounts = NonNullable<Waiting['accounts']>

const stale = 36 * 3600 * 1000 // ms: a night's check is missing

// accountsWord is what the light says of the last check, by now: an old one vouches for nothing.
export function accountsWord(a: Accounts | undefined, now: Date): { tone: 'good' | 'cut' | 'bad'; word: string; why: string } {
  if (!a) return { tone: 'cut', word: '账目未检查', why: '还没有核对过数据；每天 5 点自动核对，也可以现在核对' }
  const why = `${moment(a.checked_at)} 核对了 ${a.orders.toLocaleString('en-US')} 笔订单`
  if (a.violations) return { tone: 'bad', word: `账目有 ${a.violations.toLocaleString('en-US')} 处不符`, why }
  if (now.getTime() - Date.parse(a.checked_at) > stale) return { tone: 'cut', word: '账目未检查', why: `${why}，之后没有再核对` }
  return { tone: 'good', word: '账目平', why: `${why}，全部对得上` }
}
