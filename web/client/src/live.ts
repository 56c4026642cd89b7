// Live events with the contract's types: what shows something listens by type, and for topics whose state must be
// read again.
import type { components } from './contract'
import { openHub } from './share'
import { covers, older, type Places } from './place'
import { closeCode, type Hub, type HubEvent, type Listener } from './hub'

// Events has the data of each type of event.
export type Events = components['schemas']['Events']

// Heard is what can be listened for: an event by its type, and that a topic's state must be read again.
export type Heard = keyof Events | `stale:${string}`
export type DataOf<Name extends Heard> = Name extends keyof Events ? Events[Name] : undefined

type Handler = (data: never) => void

export interface LiveConfig {
  origin: string // of the shop, such as https://shop.example
  // changed: events arrive at once now, or do not any more.
  changed(live: boolean): void
  // ended: the hub will not have this login back, with one of its codes 40xx; token is the one that was given to start.
  ended(code: number, token: string): void
}

export class Live implements Listener {
  private readonly handlers = new Map<string, Set<Handler>>()
  private readonly follows = new Map<string, number>() // how many parts of the page follow a topic
  private readonly hub: Hub
  private readonly read = new Map<string, string>() // the oldest place at which the page read a topic that it does not follow yet
  private reader = '' // the token that read the user's topic
  private from: Places = {} // where the link went on from
  private startedAt = 0 // performance.now
  private token = ''

  // open makes the link; the default is one that all tabs of the browser share, where that is possible.
  constructor(private readonly config: LiveConfig, open: (origin: string, listener: Listener) => Hub = openHub) {
    this.hub = open(config.origin, this)
  }

  // start connects as the owner of token; '' is a visitor.
  start(token: string): void {
    if (token !== this.reader) this.read.delete('user')
    this.token = token
    this.from = Object.fromEntries([...this.read].filter(([, place]) => place))
    this.startedAt = performance.now()
    this.read.clear()
    this.hub.start(token, this.from)
  }

  // noted takes the places of an answer to what was asked as the owner of token: what the page shows was read there, and the
  // link goes on from there instead of having it read again.
  noted(places: Places, token: string, since: number): void {
    for (const [topic, place] of Object.entries(places)) {
      if (this.isFollowed(topic)) {
        // Asked before the link began, it may be from before the place that the link went on from.
        if (since < this.startedAt && token === this.token && this.from[topic] && !covers(place, this.from[topic])) this.stale(topic)
        continue
      }
      const known = topic === 'user' && token !== this.reader ? undefined : this.read.get(topic)
      if (topic === 'user') this.reader = token
      this.read.set(topic, known === undefined ? place : older(known, place))
    }
  }

  private isFollowed(topic: string): boolean {
    return this.startedAt > 0 && (this.follows.has(topic) || topic === 'user' || topic === 'activity')
  }

  // on calls handle for every event of a type until the returned function is called.
  on<Name extends Heard>(name: Name, handle: (data: DataOf<Name>) => void): () => void {
    const set = this.handlers.get(name) ?? new Set()
    this.handlers.set(name, set.add(handle as Handler))
    return () => set.delete(handle as Handler)
  }

  // follow takes part in a topic, such as course:ID, until as many unfollow.
  follow(topic: string): void {
    const n = this.follows.get(topic) ?? 0
    this.follows.set(topic, n + 1)
    if (n) return
    this.hub.follow(topic, this.read.get(topic))
    if (this.startedAt) this.read.delete(topic)
  }

  unfollow(topic: string): void {
    const n = this.follows.get(topic) ?? 0
    if (n > 1) this.follows.set(topic, n - 1)
    else if (this.follows.delete(topic)) {
      this.read.delete(topic)
      this.hub.unfollow(topic)
    }
  }

  // readAll has everything read again: each listener for stale topics once, even one that listens to several topics.
  readAll(): void {
    const stale = [...this.handlers.keys()].filter((name) => name.startsWith('stale:'))
    for (const handle of new Set(stale.flatMap((name) => [...(this.handlers.get(name) ?? [])]))) handle(undefined as never)
  }

  event(e: HubEvent): void {
    // The close code says the same a moment later, unless the link breaks in between.
    const replaced: keyof Events = 'session.replaced'
    if (e.type === replaced) this.config.ended(closeCode.replaced, this.token)
    this.emit(e.type, e.data)
  }

  stale(topic: string): void {
    this.emit('stale:' + topic, undefined)
  }

  changed(live: boolean): void {
    this.config.changed(live)
  }

  ended(code: number, token: string): void {
    this.config.ended(code, token)
  }

  private emit(name: string, data: unknown): void {
    for (const handle of this.handlers.get(name) ?? []) handle(data as never)
  }
}
