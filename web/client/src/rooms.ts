// The links that a browser's tabs share, one for each login: its tabs are in a room. It runs in share-worker.ts.
import type { Brought, Said } from './share'
import { covers, type Places } from './place'
import type { HubEvent, Listener } from './hub'

// always are the topics that a link follows by itself.
const always = ['user', 'activity']

// Link is what a room needs of a HubSocket.
export interface Link {
  start(token: string, since?: Places): void
  stop(): void
  follow(topic: string, since?: string): void
  // place is how far the link has come in a topic; undefined: it does not know yet.
  place(topic: string): string | undefined
  unfollow(topic: string): void
  online(): void
  wake(): void
}

// Tab is one page, and the room that it is in.
export interface Tab {
  room: Room | null
  topics: Set<string>
  bring(what: Brought): void
}

class Room implements Listener {
  readonly tabs = new Set<Tab>()
  readonly link: Link
  private live = false

  constructor(readonly token: string, open: (listener: Listener) => Link, private readonly closed: () => void, since?: Places) {
    this.link = open(this)
    this.link.start(token, since)
  }

  // enter lets a tab in, with the places at which it read what it shows. To any but the first, everything is stale that was
  // followed before it came and has gone on since it read, also while the link is cut: what the link resumes with is later.
  enter(tab: Tab, since: Places): void {
    const first = !this.tabs.size
    const before = this.followed()
    this.tabs.add(tab)
    if (this.live) tab.bring({ is: 'live', live: true })
    for (const topic of tab.topics) if (!before.has(topic)) this.link.follow(topic, since[topic])
    if (first) return
    for (const topic of [...always, ...tab.topics]) if (always.includes(topic) || before.has(topic)) this.check(tab, topic, since[topic])
  }

  leave(tab: Tab): void {
    if (!this.tabs.delete(tab)) return
    const after = this.followed()
    for (const topic of tab.topics) if (!after.has(topic)) this.link.unfollow(topic)
    if (!this.tabs.size) this.close()
  }

  follow(tab: Tab, topic: string, since?: string): void {
    const before = this.followed()
    tab.topics.add(topic)
    if (!before.has(topic)) this.link.follow(topic, since)
    else this.check(tab, topic, since)
  }

  // check has a tab read again what it read before the link came to where it is.
  private check(tab: Tab, topic: string, since?: string): void {
    if (!covers(since, this.link.place(topic))) tab.bring({ is: 'stale', topic })
  }

  unfollow(tab: Tab, topic: string): void {
    if (tab.topics.delete(topic) && !this.followed().has(topic)) this.link.unfollow(topic)
  }

  event(event: HubEvent): void {
    for (const tab of this.listeners(event.topic)) tab.bring({ is: 'event', event })
  }

  stale(topic: string): void {
    for (const tab of this.listeners(topic)) tab.bring({ is: 'stale', topic })
  }

  changed(live: boolean): void {
    this.live = live
    for (const tab of this.tabs) tab.bring({ is: 'live', live })
  }

  ended(code: number, token: string): void {
    for (const tab of this.tabs) {
      tab.room = null
      tab.bring({ is: 'ended', code, token })
    }
    this.tabs.clear()
    this.close()
  }

  private close(): void {
    this.link.stop()
    this.closed()
  }

  private followed(): Set<string> {
    return new Set([...this.tabs].flatMap((tab) => [...tab.topics]))
  }

  private listeners(topic: string): Tab[] {
    return [...this.tabs].filter((tab) => always.includes(topic) || tab.topics.has(topic))
  }
}

export class Rooms {
  private readonly rooms = new Map<string, Room>()

  // open makes the link of a room.
  constructor(private readonly open: (listener: Listener) => Link) {}

  // hear does what a tab says.
  hear(tab: Tab, said: Exclude<Said, { do: 'watch' }>): void {
    switch (said.do) {
      case 'start':
        this.leave(tab)
        tab.topics = new Set(said.topics)
        tab.room = this.of(said.token, said.since)
        return tab.room.enter(tab, said.since ?? {})
      case 'follow':
        return tab.room?.follow(tab, said.topic, said.since)
      case 'unfollow':
        return tab.room?.unfollow(tab, said.topic)
      case 'online':
        return tab.room?.link.online()
      case 'wake':
        return tab.room?.link.wake()
      case 'leave':
        this.leave(tab)
    }
  }

  // leave is also for a tab that is gone without a word.
  leave(tab: Tab): void {
    tab.room?.leave(tab)
    tab.room = null
  }

  private of(token: string, since?: Places): Room {
    let room = this.rooms.get(token)
    if (!room) {
      const fresh: Room = new Room(token, this.open, () => {
        if (this.rooms.get(token) === fresh) this.rooms.delete(token)
      }, since)
      room = fresh
      this.rooms.set(token, room)
    }
    return room
  }
}
