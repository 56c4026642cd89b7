// The tag of the link by which a visitor came, `?from=TAG` on any page: the last one wins, and is kept for 30 days.
import { browserStorage } from './browser-storage'

const storageKey = 'mstm.from'
const keptFor = 30 * 86_400_000 // ms
const tagForm = /^[A-Za-z0-9_-]{1,32}$/

// noteReferral takes the tag of an address; what cannot be one is left alone.
export function noteReferral(from: unknown): void {
  if (typeof from === 'string' && tagForm.test(from)) browserStorage.write('localStorage', storageKey, JSON.stringify([from, Date.now()]))
}

// referral is the tag that counts now; undefined: none.
export function referral(): string | undefined {
  try {
    const [tag, at] = JSON.parse(browserStorage.read('localStorage', storageKey) ?? '[]') as [string?, number?]
    return tag && tagForm.test(tag) && Math.abs(Date.now() - (at ?? 0)) < keptFor ? tag : undefined
  } catch {
    return undefined
  }
}
