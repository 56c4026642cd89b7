// One link for all tabs of a browser: a SharedWorker holds it, and the tabs are its listeners. Where a browser has no
// SharedWorker, or it does not start, the tab has a link of its own.
import type { Places } from './place'
import type { HubSocket } from './socket'
import { watchPage, type Hub, type HubEvent, type Listener, type Waking } from './hub'

// Said is what a tab says to the worker.
export type Said =
  | { do: 'start'; token: string; topics: string[]; since?: Places }
  | { do: 'follow' | 'unfollow'; topic: string; since?: string }
  | { do: 'online' | 'wake' | 'leave' }
  | { do: 'watch'; lock: string } // a Web Lock that the tab holds: it is free once the tab is gone

// Brought is what the worker says to a tab.
export type Brought =
  | { is: 'here' } // the worker runs
  | { is: 'event'; event: HubEvent }
  | { is: 'stale'; topic: string }
  | { is: 'live'; live: boolean }
  | { is: 'ended'; code: number; token: string }

const againAfter = 3000 // ms, where the file of an own link does not come
const startWithin = 8000 // ms that the worker has to say that it is here; one that cannot start is an error at once

export class SharedHub implements Hub, Waking {
  private readonly topics = new Set<string>()
  private token: string | null = null // null: not started
  private left = false // the page is hidden for good, or kept for the back button
  private live = false
  private since: Places | undefined // where the page read what it shows, for a link of its own
  private isAlone = false
  private own: HubSocket | null = null // instead of the worker, which did not start, or is not to be had

  // port is null where there are no workers.
  constructor(private readonly port: MessagePort | null, private readonly origin: string, private readonly listener: Listener) {
    if (!port) {
      void this.alone()
      return
    }
    const patience = setTimeout(() => void this.alone(), startWithin)
    port.onmessage = (m: MessageEvent<Brought>) => {
      clearTimeout(patience)
      if (!this.isAlone) this.receive(m.data)
    }
    const lock = 'mstm.tab.' + Array.from(crypto.getRandomValues(new Uint8Array(8)), (b) => b.toString(16).padStart(2, '0')).join('')
    // eslint-disable-next-line mstm/no-newer-api -- share has asked for it
    void navigator.locks.request(lock, () => {
      this.say({ do: 'watch', lock })
      return new Promise(() => {}) // held until the tab is gone
    })
  }

  start(token: string, since?: Places): void {
    this.token = token
    this.since = since
    if (this.own) this.own.start(token, since)
    else this.say({ do: 'start', token, topics: [...this.topics], since })
  }

  follow(topic: string, since?: string): void {
    this.topics.add(topic)
    if (this.own) this.own.follow(topic, since)
    else if (this.token !== null) this.say({ do: 'follow', topic, since })
  }

  unfollow(topic: string): void {
    this.topics.delete(topic)
    if (this.own) this.own.unfollow(topic)
    else if (this.token !== null) this.say({ do: 'unfollow', topic })
  }

  online(): void {
    if (this.own) this.own.online()
    else this.say({ do: 'online' })
  }

  wake(): void {
    if (this.own && !this.left) return this.own.wake()
    if (this.left && this.token !== null) {
      this.left = false
      this.start(this.token) // what was missed is read
    } else this.say({ do: 'wake' })
  }

  hide(): void {
    this.left = true
    if (this.own) return this.own.hide()
    this.say({ do: 'leave' })
    this.setLive(false)
  }

  // alone takes a link of this tab's own. It is also for a worker that failed.
  async alone(): Promise<void> {
    if (this.isAlone) return
    this.isAlone = true
    const part = await import('./socket').catch(() => null) // most browsers never need it
    if (!part) {
      this.isAlone = false
      return void setTimeout(() => void this.alone(), againAfter)
    }
    this.own = new part.HubSocket(this.origin, this.listener)
    for (const topic of this.topics) this.own.follow(topic)
    if (this.token !== null && !this.left) this.own.start(this.token, this.since)
  }

  private say(what: Said): void {
    this.port?.postMessage(what)
  }

  private receive(b: Brought): void {
    if (this.left) return // it comes from before
    switch (b.is) {
      case 'event':
        return this.listener.event(b.event)
      case 'stale':
        return this.listener.stale(b.topic)
      case 'live':
        return this.setLive(b.live)
      case 'ended':
        this.setLive(false)
        if (b.token === this.token) this.listener.ended(b.code, b.token)
    }
  }

  private setLive(live: boolean): void {
    if (live === this.live) return
    this.live = live
    this.listener.changed(live)
  }
}

// openHub is the live link of this page: shared where that is possible.
export function openHub(origin: string, listener: Listener): Hub {
  const hub = share(origin, listener) ?? new SharedHub(null, origin, listener)
  watchPage(hub)
  return hub
}

function share(origin: string, listener: Listener): SharedHub | null {
  if (!('SharedWorker' in globalThis) || !('locks' in navigator)) return null
  try {
    // eslint-disable-next-line mstm/no-newer-api -- asked for above
    const worker = new SharedWorker(new URL('./share-worker.ts', import.meta.url), { name: `mstm.hub ${origin}`, type: 'module' })
    // eslint-disable-next-line mstm/no-newer-api -- asked for above
    const hub = new SharedHub(worker.port, origin, listener)
    worker.onerror = () => void hub.alone()
    return hub
  } catch {
    return null
  }
}
