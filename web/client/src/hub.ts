// What a page knows of the live link, whichever it has.
import type { Places } from './place'

export interface HubEvent {
  topic: string
  pos: string
  type: string
  data: unknown
}

export interface Listener {
  event(e: HubEvent): void
  // stale: events of this topic may have been missed; read the state over REST.
  stale(topic: string): void
  // changed: the link is live now, or is not any more.
  changed(live: boolean): void
  // ended: the server says not to come back, with one of its 40xx codes.
  ended(code: number, token: string): void
}

export const closeCode = { refused: 4001, replaced: 4002, misuse: 4003, loggedOut: 4004 }

// Waking is what a socket hears of the page, or of the pages, that it serves.
export interface Waking {
  online(): void // the network is back, and may be another
  wake(): void // a page is looked at
  hide(): void // the page is left, perhaps for good
}

// Hub is the live link as a page sees it: a HubSocket of its own, or one that the tabs share.
export interface Hub {
  // start connects as the owner of token ('' is a visitor), leaving an earlier identity behind.
  // What the page shows was read at these places: events are wanted from there on.
  start(token: string, since?: Places): void
  // follow and unfollow take part in a topic besides one's own, such as course:ID.
  follow(topic: string, since?: string): void
  unfollow(topic: string): void
}

// watchPage passes on what becomes of the page in which this runs.
export function watchPage(told: Waking): void {
  const wake = () => told.wake()
  addEventListener('online', () => told.online())
  addEventListener('pageshow', wake)
  document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && wake())
  addEventListener('pagehide', () => told.hide())
}
