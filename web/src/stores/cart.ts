import { defineStore } from 'pinia'
import { computed, ref, watch } from 'vue'
import { showError } from '@/action'
import { api, Problem } from '@/api'
import { guestCart } from '@/guest-cart'
import type { Cart } from '@/types'
import { blocks } from '@/words'
import { useLive } from './live'
import { useSession } from './session'

const unknown = -1
const momentAgo = 2000 // ms

// The cart of this tab: a learner's, or a visitor's, which is this browser's own. A learner's changes by the
// answers to its own requests and by events from other tabs and devices, in any order; the version decides.
export const useCart = defineStore('cart', () => {
  const own = ref<Cart>({ version: unknown, lines: [], total_fen: 0 })
  const session = useSession()
  const live = useLive()

  const cart = computed<Cart>(() => (session.user ? own.value : {
    version: unknown, lines: guestCart.lines.value,
    total_fen: guestCart.lines.value.reduce((sum, l) => sum + (blocks(l.problem) ? 0 : l.price_fen), 0),
  }))
  const count = computed(() => cart.value.lines.length)
  const answered = ref(false)
  const loaded = computed(() => !session.user || answered.value)

  function apply(next: Cart): void {
    if (next.version <= own.value.version) return
    own.value = next
    answered.value = true
  }

  // handOver gives the account what was chosen before the login. Where both have a course the newer choice wins, so
  // that two tabs may do it at once. What fails stays, and is tried with the next reading.
  async function handOver(): Promise<void> {
    const given = guestCart.lines.value
    if (!session.user || !given.length) return
    const lines = given.map(({ course_id, policy_id, added_at }) => ({ course_id, policy_id, added_at }))
    try {
      apply(await session.forSameUser(api.mergeCart(lines)))
    } catch (err) {
      if (!(err instanceof Problem) || err.code !== 'CART_FULL') throw err
      apply(err.extra.cart as Cart)
      showError(err)
    }
    guestCart.given(given)
  }

  // reload forgets the version first: a server that lost its carts counts from the start.
  async function reload(): Promise<void> {
    if (!session.user) return guestCart.refresh()
    await handOver()
    own.value = { ...own.value, version: unknown }
    apply(await session.forSameUser(api.cart()))
  }

  let opening: Promise<void> | null = null
  let openedAt = 0
  let spare = false // what the browser tab read as it began, and no page has taken yet
  function read(): Promise<void> {
    opening ??= reload().then(() => { openedAt = Date.now() }).finally(() => (opening = null))
    return opening
  }

  // open reads as the tab begins; the first page that shows the cart takes that.
  async function open(): Promise<void> {
    spare = !opening
    await read()
  }

  // visit is for a page that opens: it reads, for what became of the courses is no change of the cart.
  async function visit(): Promise<void> {
    const fits = spare && (opening || Date.now() - openedAt < momentAgo)
    spare = false
    if (!fits || opening) await read()
  }

  function reset(): void {
    own.value = { version: unknown, lines: [], total_fen: 0 }
    answered.value = false
    opening = null
    spare = false
  }

  async function put(course: string, policy?: string): Promise<void> {
    if (!session.user) return guestCart.put(course, policy)
    apply(await session.forSameUser(api.putCartLine(course, policy)))
  }

  async function remove(course: string): Promise<void> {
    if (!session.user) return guestCart.remove(course)
    apply(await session.forSameUser(api.removeCartLine(course)))
  }

  async function empty(): Promise<void> {
    if (!session.user) return guestCart.empty()
    apply(await session.forSameUser(api.emptyCart()))
  }

  const has = (course: string) => cart.value.lines.some((l) => l.course_id === course)

  live.on('cart.changed', apply)
  live.on('stale:user', () => void reload().catch(() => {})) // the cart page shows its own failure
  watch(() => session.user?.id, reset, { flush: 'sync' })

  return { cart, count, loaded, open, visit, reload, put, remove, empty, has }
})
