import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Listener } from '../src/hub'
import { HubSocket } from '../src/socket'

// A WebSocket whose server is this test.
class FakeSocket {
  static readonly CONNECTING = 0
  static readonly OPEN = 1
  static all: FakeSocket[] = []
  readyState = FakeSocket.CONNECTING
  sent: { op: string }[] = []
  closed = false
  onopen: (() => void) | null = null
  onmessage: ((m: { data: string }) => void) | null = null
  onclose: ((c: { code: number; reason: string }) => void) | null = null

  constructor() {
    FakeSocket.all.push(this)
  }

  send(text: string): void {
    this.sent.push(JSON.parse(text))
  }

  close(): void {
    this.closed = true
  }

  open(): void {
    this.readyState = FakeSocket.OPEN
    this.onopen?.()
  }

  says(frame: object): void {
    this.onmessage?.({ data: JSON.stringify(frame) })
  }
}

const ready = { op: 'ready', user: null, heartbeat_s: 25, topics: { activity: { pos: 'LOG-1', resumed: false } } }
const listener = (): Listener & { live: boolean[] } => {
  const live: boolean[] = []
  return { live, event: () => {}, stale: () => {}, ended: () => {}, changed: (now) => void live.push(now) }
}

beforeEach(() => {
  FakeSocket.all = []
  vi.useFakeTimers()
  vi.stubGlobal('WebSocket', FakeSocket)
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

function begin(heard: Listener): FakeSocket {
  new HubSocket('http://shop.test', heard).start('')
  const socket = FakeSocket.all[0]!
  socket.open()
  return socket
}

test('a link on which nothing happens stays as long as its pings are answered', () => {
  const heard = listener()
  const socket = begin(heard)
  socket.says(ready)
  for (let s = 0; s < 300; s++) {
    const pings = socket.sent.filter((f) => f.op === 'ping').length
    vi.advanceTimersByTime(1000)
    if (socket.sent.filter((f) => f.op === 'ping').length > pings) socket.says({ op: 'pong' })
  }
  expect(heard.live).toEqual([true])
  expect(FakeSocket.all).toHaveLength(1)
  expect(socket.sent.filter((f) => f.op === 'ping').length).toBeGreaterThan(5)
})

test('a link whose ping is not answered is left and made again', () => {
  const heard = listener()
  const socket = begin(heard)
  socket.says(ready)
  vi.advanceTimersByTime(25_000)
  expect(heard.live).toEqual([true])
  vi.advanceTimersByTime(11_000)
  expect(heard.live).toEqual([true, false])
  expect(socket.closed).toBe(true)
  expect(FakeSocket.all.length).toBeGreaterThan(1)
})

test('a link that is not ready ten seconds after it opened is left', () => {
  const heard = listener()
  const socket = begin(heard)
  vi.advanceTimersByTime(11_000)
  expect(socket.closed).toBe(true)
  expect(heard.live).toEqual([])
  expect(FakeSocket.all.length).toBeGreaterThan(1)
})
