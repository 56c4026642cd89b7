// One socket per tab to the hub: says hello, keeps its place in every topic,
// comes back by itself after a cut, and obeys the server's word to stay away.
// It knows topics and positions; what events mean is the listener's business.

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
  // changed: the socket is live now, or is not any more.
  changed(live: boolean): void
  // ended: the server says not to come back, with one of its 40xx codes.
  ended(code: number, token: string): void
}

interface Frame {
  op: string
  topic?: string
  pos?: string
  type?: string
  data?: unknown
  heartbeat_s?: number
  resumed?: boolean
  topics?: Record<string, { pos: string; resumed: boolean }>
}

export const closeCode = { refused: 4001, replaced: 4002, misuse: 4003, loggedOut: 4004 }

const firstPause = 500 // ms
const longestPause = 30_000
const answerWithin = 10_000 // for ready and pong

export class HubSocket {
  private ws: WebSocket | null = null
  private token = ''
  private live = false
  private wanted = false
  private failures = 0
  private heartbeat = 25_000
  private retry: number | undefined
  private beat: number | undefined
  private deadline: number | undefined
  // The place in each topic, kept for this tab's life: a reload reads everything anew.
  private since = new Map<string, string>()
  private followed = new Set<string>()

  constructor(
    private readonly url: string,
    private readonly listener: Listener,
  ) {
    const wake = () => this.wake()
    addEventListener('online', wake)
    addEventListener('pageshow', wake)
    document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && wake())
    // A page kept for the back button must not hold a socket.
    addEventListener('pagehide', () => this.drop())
  }

  // start connects as whoever owns token ('' is a visitor), leaving an earlier identity behind.
  start(token: string): void {
    if (token !== this.token) this.since.delete('user')
    this.token = token
    this.wanted = true
    this.failures = 0
    this.drop()
    this.connect()
  }

  // follow and unfollow take part in a topic besides one's own, such as course:ID.
  follow(topic: string): void {
    this.followed.add(topic)
    if (this.live) this.sendFollow(topic)
  }

  unfollow(topic: string): void {
    this.followed.delete(topic)
    this.since.delete(topic)
    if (this.live) this.send({ op: 'unfollow', topic })
  }

  private connect(): void {
    clearTimeout(this.retry)
    this.retry = undefined
    const ws = new WebSocket(this.url, 'mstm.v1')
    this.ws = ws
    this.expectAnswer()
    ws.onopen = () => this.hello()
    ws.onmessage = (m) => ws === this.ws && this.receive(JSON.parse(m.data as string) as Frame)
    ws.onclose = (c) => ws === this.ws && this.closed(c.code, c.reason)
  }

  private hello(): void {
    const since: Record<string, string> = {}
    for (const [topic, pos] of this.since) if (!this.followed.has(topic)) since[topic] = pos
    this.send({ op: 'hello', ...(this.token && { token: this.token }), since })
  }

  private sendFollow(topic: string): void {
    const since = this.since.get(topic)
    this.send({ op: 'follow', topic, ...(since && { since }) })
  }

  private send(frame: object): void {
    if (this.ws?.readyState === WebSocket.OPEN) this.ws.send(JSON.stringify(frame))
  }

  private receive(f: Frame): void {
    clearTimeout(this.deadline) // any frame shows that the server is there
    if (f.op === 'event') return this.pass(f)
    if (f.topics) for (const [topic, at] of Object.entries(f.topics)) this.joined(topic, at.pos, at.resumed)
    else if (f.topic && f.pos !== undefined) this.joined(f.topic, f.pos, f.resumed === true)
    if (f.op === 'ready' && !this.live) this.ready(f.heartbeat_s ?? 25)
  }

  private ready(heartbeatSeconds: number): void {
    this.failures = 0
    this.heartbeat = heartbeatSeconds * 1000
    this.beat = window.setInterval(() => this.ping(), this.heartbeat)
    this.setLive(true)
    for (const topic of this.followed) this.sendFollow(topic)
  }

  // joined: without a place to come back to, or with one that the hub has forgotten,
  // something may have happened between the page's last reading and now.
  private joined(topic: string, pos: string, resumed: boolean): void {
    const stale = !resumed || !this.since.has(topic)
    // A resumed topic's missed events are still to come and move the place themselves.
    if (stale) {
      this.since.set(topic, pos)
      this.listener.stale(topic)
    }
  }

  private pass(f: Frame): void {
    if (!f.topic || !f.type || f.pos === undefined || this.since.get(f.topic) === f.pos) return
    this.since.set(f.topic, f.pos)
    this.listener.event({ topic: f.topic, pos: f.pos, type: f.type, data: f.data })
  }

  private ping(): void {
    this.send({ op: 'ping' })
    this.expectAnswer()
  }

  private expectAnswer(): void {
    clearTimeout(this.deadline)
    this.deadline = window.setTimeout(() => {
      this.drop()
      this.comeBack(this.pause())
    }, answerWithin)
  }

  private closed(code: number, reason: string): void {
    this.drop()
    if (code >= 4000 && code <= 4099) {
      this.wanted = false
      this.listener.ended(code, this.token)
      return
    }
    this.comeBack(code >= 4100 && code <= 4199 ? toldPause(reason) ?? this.pause() : this.pause())
  }

  // pause doubles from one failure to the next, and is spread so that the tabs of a
  // whole town do not return at the same moment.
  private pause(): number {
    const pause = Math.min(longestPause, firstPause * 2 ** this.failures++)
    return pause / 2 + (Math.random() * pause) / 2
  }

  private comeBack(after: number): void {
    if (!this.wanted) return
    clearTimeout(this.retry)
    this.retry = window.setTimeout(() => this.connect(), after)
  }

  // wake: the network or the page is back, so waiting on makes no sense, and a
  // socket that looks open may be long dead.
  private wake(): void {
    if (!this.wanted) return
    if (!this.ws) this.connect()
    else if (this.live) this.ping()
  }

  // drop forgets the present connection; its late events find another one in ws.
  private drop(): void {
    const ws = this.ws
    this.ws = null
    clearTimeout(this.deadline)
    clearInterval(this.beat)
    // Closing a socket that is still connecting would be reported as a failure.
    if (ws?.readyState === WebSocket.CONNECTING) ws.onopen = () => ws.close(1000)
    else if (ws?.readyState === WebSocket.OPEN) ws.close(1000)
    this.setLive(false)
  }

  private setLive(live: boolean): void {
    if (live === this.live) return
    this.live = live
    this.listener.changed(live)
  }
}

// toldPause is the server's wish, with jitter on top so that equal wishes spread.
function toldPause(reason: string): number | undefined {
  try {
    const ms = (JSON.parse(reason) as { retry_ms?: unknown }).retry_ms
    return typeof ms === 'number' && ms >= 0 ? Math.min(ms, 120_000) * (1 + Math.random() * 0.2) : undefined
  } catch {
    return undefined
  }
}
