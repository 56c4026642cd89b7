// The token, shared by all tabs of this browser through localStorage.
import { keep } from './keep'
import type { User } from './types'

const slot = 'mstm.session'

export interface Session {
  token: string
  user: User
}

function read(): Session | null {
  try {
    return JSON.parse(keep.read('localStorage', slot) ?? 'null') as Session | null
  } catch {
    return null
  }
}

let onRefused: (token: string) => void = () => {}

export const credentials = {
  read,
  token: (): string => read()?.token ?? '',
  save: (session: Session) => keep.write('localStorage', slot, JSON.stringify(session)),
  clear: () => keep.remove('localStorage', slot),

  // refused is called by whoever learns that the server no longer takes the token.
  refused: (token: string) => onRefused(token),
  whenRefused: (act: (token: string) => void) => (onRefused = act),

  // whenChanged calls back when another tab logs in or out.
  whenChanged: (act: () => void) =>
    addEventListener('storage', (e) => {
      if (e.key === slot || e.key === null) act()
    }),
}
