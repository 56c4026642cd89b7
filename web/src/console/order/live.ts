// The rows of a list of orders as events change them.
import { onBeforeUnmount, reactive } from 'vue'
import { useEvent } from '@/stores/live'
import { desk } from '../api'
import type { Paged } from '../kit/paged'
import type { OrderRow } from '../types'

type Filter = Record<'q' | 'state' | 'course' | 'from' | 'to', string> & { referral?: string }

const gather = 300 // ms; orders that come within it are read together
const oneByOne = 4 // more new ones than this are read as a page
const glow = 2500 // ms

// useLiveOrders shows a change of a listed order at once, and reads an order that is new where it may belong to the
// list: what a filter lets through is the server's to say.
export function useLiveOrders(list: Paged<OrderRow>, filter: () => Filter) {
  const fresh = reactive(new Set<string>())
  const unknown = new Set<string>()
  let timer: number | undefined

  function light(id: string): void {
    fresh.add(id)
    setTimeout(() => fresh.delete(id), glow)
  }

  async function look(): Promise<void> {
    const ids = [...unknown]
    unknown.clear()
    timer = undefined
    const asked = JSON.stringify(filter())
    const { q: _, ...rest } = filter()
    if (ids.length > oneByOne) await list.load()
    else {
      for (const id of ids) {
        const found = await desk.orders({ ...rest, q: id }).catch(() => ({ items: [] as OrderRow[] }))
        if (asked === JSON.stringify(filter())) for (const row of found.items) list.put(row)
      }
    }
    ids.forEach(light)
  }

  useEvent('order.changed', (o) => {
    if (!o.user_id) return // one of the person's own, on the person's own topic
    const row = list.items.value.find((row) => row.id === o.id)
    if (row) {
      list.put({ ...row, ...o, user_id: o.user_id })
      light(o.id)
      return
    }
    if (filter().q) return // a number or a name: what is new is found by asking again
    unknown.add(o.id)
    timer ??= window.setTimeout(() => void look(), gather)
  })
  onBeforeUnmount(() => clearTimeout(timer))
  return { fresh }
}
