// One attempt to place an order has one Idempotency-Key, which survives a lost
// answer and a reload of the page, so that pressing again cannot buy twice.
import { api, Problem } from './api'
import { keep } from './keep'
import type { PlacedOrder, WantedLine } from './types'

const slot = 'mstm.attempt'

interface Attempt {
  body: string
  key: string
}

export async function placeOrder(lines: WantedLine[], totalFen: number): Promise<PlacedOrder> {
  const { key } = attemptFor(JSON.stringify([lines, totalFen]))
  try {
    const placed = await api.place(lines, totalFen, key)
    keep.remove('sessionStorage', slot)
    return placed
  } catch (err) {
    if (err instanceof Problem && err.settled) keep.remove('sessionStorage', slot)
    throw err
  }
}

function attemptFor(body: string): Attempt {
  const stored = JSON.parse(keep.read('sessionStorage', slot) ?? 'null') as Attempt | null
  if (stored?.body === body) return stored
  const fresh = { body, key: newKey() }
  keep.write('sessionStorage', slot, JSON.stringify(fresh))
  return fresh
}

// newKey is 128 random bits. crypto.randomUUID is missing where the page came
// over plain http from another machine.
function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, '0')).join('')
}
