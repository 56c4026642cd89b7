// The name that this browser gives itself at logins: a user has one session for each, so that a phone
// and a computer are logged in side by side. It is random, and says nothing about the browser.
import { browserStorage } from './browser-storage'
import { newKey } from './random'

const storageKey = 'mstm.device'

export function deviceID(): string {
  const kept = browserStorage.read('localStorage', storageKey)
  if (kept && /^[0-9a-f]{32}$/.test(kept)) return kept
  const made = newKey()
  browserStorage.write('localStorage', storageKey, made)
  return made
}
