// One attempt to place an order has one Idempotency-Key, which survives a lost
// answer and a reload of the page, so that pressing again cannot buy twice.
import { api, Problem } from './api'
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
    sessionStorage.removeItem(slot)
    return placed
  } catch (err) {
    if (err instanceof Problem && err.settled) sessionStorage.removeItem(slot)
    throw err
  }
}

function attemptFor(body: string): Attempt {
  const stored = JSON.parse(sessionStorage.getItem(slot) ?? 'null') as Attempt | null
  if (stored?.body === body) return stored
  const fresh = { body, key: newKey() }
  sessionStorage.setItem(slot, JSON.stringify(fresh))
  return fresh
}

// newKey is 128 random bits. crypto.randomUUID is missing where the page came
// over plain http from another machine.
function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, '0')).join('')
}
