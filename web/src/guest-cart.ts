// The cart of a visitor: kept in this browser, the same in all of its tabs, and handed over to the account at
// the login. Prices in it are for showing, as in every cart.
import { ref } from 'vue'
import { api, Problem } from './api'
import { browserStorage } from './browser-storage'
import { shopNow } from './clock'
import type { CartLine, Course } from './types'

const storageKey = 'mstm.guest-cart'
const most = 50 // lines, as an account's cart has

function read(): CartLine[] {
  try {
    const kept: unknown = JSON.parse(browserStorage.read('localStorage', storageKey) ?? '[]')
    return Array.isArray(kept) ? kept as CartLine[] : []
  } catch {
    return []
  }
}

const lines = ref(read())

addEventListener('storage', (e) => {
  if (e.key === storageKey || e.key === null) lines.value = read()
})

function write(next: CartLine[]): void {
  lines.value = next
  if (next.length) browserStorage.write('localStorage', storageKey, JSON.stringify(next))
  else browserStorage.remove('localStorage', storageKey)
}

// lineOf is a course in the cart, with the policy that was chosen or else the first that can be bought.
function lineOf(course: Course, policy: string | undefined, added_at: string): CartLine {
  const { id: course_id, title, cover } = course
  const chosen = course.offers.find((o) => o.policy_id === policy) ?? course.offers.find((o) => o.available)
  const policies = course.offers.filter((o) => o.available)
    .map(({ policy_id, kind, name, stage, period, price_fen }) => ({ id: policy_id, kind, name, stage, period, price_fen }))
  const line: CartLine = { course_id, title, cover, policies, policy_id: chosen?.policy_id ?? policy ?? '', price_fen: chosen?.price_fen ?? 0, added_at }
  if (!course.on_sale) line.problem = { code: 'COURSE_OFF_SALE' }
  else if (!chosen?.available) line.problem = { code: chosen?.reason ?? 'POLICY_NOT_FOUND' }
  return line
}

export const guestCart = {
  lines,

  async put(course: string, policy?: string): Promise<void> {
    const line = lineOf(await api.course(course), policy, new Date(shopNow()).toISOString())
    const others = read().filter((l) => l.course_id !== course) // as it is now: another tab may have written
    if (others.length >= most) throw new Problem(409, 'CART_FULL', '购物车已满，请先移出一些课程')
    write([line, ...others])
  },

  remove: (course: string) => write(read().filter((l) => l.course_id !== course)),
  empty: () => write([]),

  // refresh reads the courses again: prices change, and courses go off sale.
  async refresh(): Promise<void> {
    const fresh = await Promise.all(lines.value.map(async (l) => {
      try {
        return lineOf(await api.course(l.course_id), l.policy_id, l.added_at)
      } catch (err) {
        if (!(err instanceof Problem) || err.status !== 404) throw err
        return { ...l, problem: { code: 'COURSE_NOT_FOUND' as const } }
      }
    }))
    const newer = new Map(fresh.map((l) => [l.course_id + l.added_at, l]))
    write(read().map((l) => newer.get(l.course_id + l.added_at) ?? l))
  },

  // given takes out what an account has now. A choice made after it was given stays.
  given(taken: CartLine[]): void {
    const gone = new Set(taken.map((l) => l.course_id + l.added_at))
    write(read().filter((l) => !gone.has(l.course_id + l.added_at)))
  },
}
