import { defineStore } from 'pinia'
import { ref, watch } from 'vue'
import { api, placed } from '@/api'
import { placeOrder } from '@/place-order'
import type { List, Order, Payment, PlacedOrder, WantedLine } from '@/types'
import { useLive } from './live'
import { useSession } from './session'

// States move one way only, so whichever of an answer and an event is further wins.
const progress: Record<Order['state'], number> = {
  pending: 0, closing: 1, closed: 2, paid: 3, exception: 3, fulfilled: 4,
  refunding: 5, partially_refunded: 6, refunded: 6,
}

// The orders that this tab has seen, by id, with the payment that is open for them.
export const useOrders = defineStore('orders', () => {
  const session = useSession()
  const live = useLive()
  const byId = ref(new Map<string, Order>())
  const payments = ref(new Map<string, Payment>())

  function apply(said: PlacedOrder): PlacedOrder {
    const { order, payment } = said
    const known = byId.value.get(order.id)
    if (!known || supersedes(order, known)) byId.value.set(order.id, order)
    if (order.state !== 'pending') payments.value.delete(order.id)
    else if (payment) payments.value.set(order.id, payment)
    return said
  }

  const read = async (id: string) => apply(await session.forSameUser(api.order(id)))
  const place = async (lines: WantedLine[], totalFen: number) => apply(await session.forSameUser(placeOrder(lines, totalFen)))
  const cancel = async (id: string) => apply(await session.forSameUser(api.cancel(id)))

  async function list(cursor?: string): Promise<List<Order>> {
    const page = await session.forSameUser(api.orders(cursor))
    for (const order of page.items) apply({ order })
    return page
  }

  const unpaid = (id: string) => byId.value.get(id)?.state === 'pending' && !payments.value.has(id)

  // open asks for a payment to show, where the order still waits for one. A list of orders does
  // not carry their payments, and asking for a payment takes it away from where it was begun.
  async function open(id: string): Promise<void> {
    if (unpaid(id)) await read(id)
    if (unpaid(id)) apply(await session.forSameUser(api.pay(id)))
  }

  // payHere takes the payment to this browser, or makes sure that the one begun here can still be
  // paid. A code shown elsewhere dies by it. authorise says that this is another WeChat than before.
  const payHere = async (id: string, authorise?: boolean) => apply(await session.forSameUser(api.pay(id, authorise)))

  const refund = async (id: string, reason: string, fen: number, key: string) => apply(await session.forSameUser(api.refund(id, reason, fen, key)))

  live.on('order.changed', (order) => apply(placed(order)))
  // A payment that is taken to another device leaves none here, until the next one is there.
  live.on('payment.changed', ({ order_id: id, payment }) => {
    if (!payment || byId.value.get(id)?.state !== 'pending') payments.value.delete(id)
    else payments.value.set(id, payment)
  })
  watch(() => session.user?.id, () => {
    byId.value.clear()
    payments.value.clear()
  }, { flush: 'sync' })

  return { byId, payments, read, list, place, open, payHere, cancel, refund }
})

// A partly refunded order may be refunded again, so the refunded sum decides first.
function supersedes(next: Order, known: Order): boolean {
  if (next.refunded_fen !== known.refunded_fen) return next.refunded_fen > known.refunded_fen
  if (known.state === 'partially_refunded' && next.state === 'refunding') return true
  if (known.state === 'exception') return next.state !== 'pending' && next.state !== 'closing' // a person has decided
  return progress[next.state] >= progress[known.state]
}
