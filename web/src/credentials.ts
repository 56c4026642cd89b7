// The token, shared by all tabs of this browser through localStorage.
import { browserStorage } from './browser-storage'
import type { User } from './types'

const storageKey = 'mstm.session'

export interface Session {
  token: string
  user: User
}

function read(): Session | null {
  try {
    return JSON.parse(browserStorage.read('localStorage', storageKey) ?? 'null') as Session | null
  } catch {
    return null
  }
}

let onRefused: (token: string) => void = () => {}

export const credentials = {
  read,
  token: (): string => read()?.token ?? '',
  save: (session: Session) => browserStorage.write('localStorage', storageKey, JSON.stringify(session)),
  clear: () => browserStorage.remove('localStorage', storageKey),

  // refused reports a token that the server no longer takes.
  refused: (token: string) => onRefused(token),
  whenRefused: (act: (token: string) => void) => (onRefused = act),

  // whenChanged calls back when another tab logs in or out.
  whenChanged: (act: () => void) =>
    addEventListener('storage', (e) => {
      if (e.key === storageKey || e.key === null) act()
    }),
}
