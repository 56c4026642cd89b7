import { defineStore } from 'pinia'
import { computed, ref, watch } from 'vue'
import { api } from '@/api'
import type { Cart } from '@/types'
import { useLive } from './live'
import { useSession } from './session'

const unknown = -1

// The cart of this tab. It changes by the answers to its own requests and by
// events from other tabs and devices, in any order; the version decides.
export const useCart = defineStore('cart', () => {
  const cart = ref<Cart>({ version: unknown, lines: [], total_fen: 0 })
  const session = useSession()
  const live = useLive()

  const count = computed(() => cart.value.lines.length)
  const loaded = ref(false)

  function apply(next: Cart): void {
    if (next.version <= cart.value.version) return
    cart.value = next
    loaded.value = true
  }

  // reload forgets the version first: a server that lost its carts counts from the start.
  async function reload(): Promise<void> {
    cart.value = { ...cart.value, version: unknown }
    if (session.user) apply(await session.forSameUser(api.cart()))
  }

  function reset(): void {
    cart.value = { version: unknown, lines: [], total_fen: 0 }
    loaded.value = false
  }

  const put = async (course: string, policy?: string) => apply(await session.forSameUser(api.putCartLine(course, policy)))
  const remove = async (course: string) => apply(await session.forSameUser(api.removeCartLine(course)))
  const empty = async () => apply(await session.forSameUser(api.emptyCart()))
  const has = (course: string) => cart.value.lines.some((l) => l.course_id === course)

  live.on('cart.changed', apply)
  live.on('stale:user', () => void reload().catch(() => {})) // the cart page shows its own failure
  watch(() => session.user?.id, reset, { flush: 'sync' })

  return { cart, count, loaded, reload, put, remove, empty, has }
})
