// Each order to place has one Idempotency-Key, which survives a lost answer and a reload of the
// page, so that pressing again cannot buy twice.
import { api, Problem } from './api'
import { browserStorage } from './browser-storage'
import { newKey } from './random'
import type { PlacedOrder, WantedLine } from './types'

const storageKey = 'mstm.attempt'

interface PendingOrder {
  body: string
  key: string
}

export async function placeOrder(lines: WantedLine[], totalFen: number): Promise<PlacedOrder> {
  const { key } = pendingFor(JSON.stringify([lines, totalFen]))
  try {
    const placed = await api.place(lines, totalFen, key)
    browserStorage.remove('sessionStorage', storageKey)
    return placed
  } catch (err) {
    if (err instanceof Problem && err.settled) browserStorage.remove('sessionStorage', storageKey)
    throw err
  }
}

function pendingFor(body: string): PendingOrder {
  const stored = JSON.parse(browserStorage.read('sessionStorage', storageKey) ?? 'null') as PendingOrder | null
  if (stored?.body === body) return stored
  const fresh = { body, key: newKey() }
  browserStorage.write('sessionStorage', storageKey, JSON.stringify(fresh))
  return fresh
}
