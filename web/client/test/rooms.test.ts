import { describe, expect, test } from 'vitest'
import { Rooms, type Link, type Tab } from '../src/rooms'
import type { Brought } from '../src/share'
import type { Listener } from '../src/hub'

// A browser with its tabs; links are what the rooms have opened.
function browser() {
  const links: (Link & { listener: Listener; said: string[] })[] = []
  const places: Record<string, string> = {} // of the links
  const rooms = new Rooms((listener) => {
    const said: string[] = []
    const note = (what: string) => (about?: string, _since?: unknown) => void said.push(about === undefined ? what : `${what} ${about}`)
    const link = { listener, said, start: note('start'), stop: note('stop'), follow: note('follow'), unfollow: note('unfollow'), online: note('online'), wake: note('wake'), place: (topic: string) => places[topic] }
    links.push(link)
    return link
  })
  const open = (token: string, ...topics: string[]) => {
    const brought: Brought[] = []
    const tab: Tab = { room: null, topics: new Set(), bring: (what) => void brought.push(what) }
    rooms.hear(tab, { do: 'start', token, topics })
    return { tab, brought, take: () => brought.splice(0), say: (what: Parameters<Rooms['hear']>[1]) => rooms.hear(tab, what) }
  }
  return { rooms, links, open, places }
}

const event = (topic: string) => ({ topic, pos: '1', type: 'cart.changed', data: {} })

describe('tabs of one login', () => {
  test('share one link, and each hears its own and what it follows', () => {
    const { links, open } = browser()
    const [a, b] = [open('t1', 'course:1'), open('t1', 'course:2')]
    expect(links).toHaveLength(1)
    expect(links[0]?.said).toEqual(['start t1', 'follow course:1', 'follow course:2'])
    links[0]?.listener.changed(true)
    a.take()
    b.take()
    for (const topic of ['user', 'course:1', 'course:2']) links[0]?.listener.event(event(topic))
    expect(a.take().map((w) => w.is === 'event' && w.event.topic)).toEqual(['user', 'course:1'])
    expect(b.take().map((w) => w.is === 'event' && w.event.topic)).toEqual(['user', 'course:2'])
  })

  test('a tab that comes later reads everything that was followed before', () => {
    const { links, open } = browser()
    const a = open('t1', 'course:1')
    links[0]?.listener.changed(true)
    a.take()
    const b = open('t1', 'course:1', 'course:2')
    expect(b.take()).toEqual([{ is: 'live', live: true }, { is: 'stale', topic: 'user' }, { is: 'stale', topic: 'activity' }, { is: 'stale', topic: 'course:1' }])
    expect(a.take()).toEqual([])
    links[0]?.listener.stale('course:2') // the link began to follow it
    expect(b.take()).toEqual([{ is: 'stale', topic: 'course:2' }])
    expect(a.take()).toEqual([])
  })

  test('a tab that comes later reads nothing again that it read after all that the link has brought', () => {
    const { rooms, links, open, places } = browser()
    open('t1', 'course:1')
    links[0]?.listener.changed(true)
    Object.assign(places, { user: 'e-7', activity: 'e-3', 'course:1': 'e-5' })
    const came: Brought[] = []
    const tab: Tab = { room: null, topics: new Set(), bring: (what) => void came.push(what) }
    rooms.hear(tab, { do: 'start', token: 't1', topics: ['course:1'], since: { user: 'e-9', activity: 'e-2', 'course:1': 'f-9' } })
    expect(came).toEqual([{ is: 'live', live: true }, { is: 'stale', topic: 'activity' }, { is: 'stale', topic: 'course:1' }])
  })

  test('a tab that comes while the link is cut reads too: a resumed link tells it of nothing older', () => {
    const { links, open } = browser()
    open('t1')
    links[0]?.listener.changed(true)
    links[0]?.listener.changed(false)
    expect(open('t1').take()).toEqual([{ is: 'stale', topic: 'user' }, { is: 'stale', topic: 'activity' }])
  })

  test('a topic is left with its last tab, the link with the last of all', () => {
    const { rooms, links, open } = browser()
    const [a, b] = [open('t1', 'course:1'), open('t1', 'course:1')]
    a.say({ do: 'unfollow', topic: 'course:1' })
    expect(links[0]?.said).not.toContain('unfollow course:1')
    rooms.leave(b.tab) // it crashed
    expect(links[0]?.said).toContain('unfollow course:1')
    expect(links[0]?.said).not.toContain('stop')
    a.say({ do: 'leave' })
    expect(links[0]?.said.slice(-1)).toEqual(['stop'])
    open('t1')
    expect(links).toHaveLength(2)
  })

  test('the end of the login reaches all of them once', () => {
    const { links, open } = browser()
    const [a, b] = [open('t1'), open('t1')]
    a.take()
    b.take()
    links[0]?.listener.ended(4004, 't1')
    for (const tab of [a, b]) expect(tab.take()).toEqual([{ is: 'ended', code: 4004, token: 't1' }])
    a.say({ do: 'start', token: '', topics: [] })
    expect(links).toHaveLength(2)
    expect(links[0]?.said.slice(-1)).toEqual(['stop'])
  })
})

test('another login has another link, and hears nothing of the first', () => {
  const { links, open } = browser()
  const [a, b] = [open('t1'), open('t2')]
  expect(links.map((l) => l.said[0])).toEqual(['start t1', 'start t2'])
  a.take()
  b.take()
  links[0]?.listener.event(event('user'))
  expect(a.take()).toHaveLength(1)
  expect(b.take()).toHaveLength(0)
  a.say({ do: 'start', token: 't2', topics: [] }) // it logs in as the other
  expect(links[0]?.said.slice(-1)).toEqual(['stop'])
  expect(links).toHaveLength(2)
})
