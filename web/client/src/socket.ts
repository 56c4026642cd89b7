// One link per tab to the hub: it says hello, remembers its position in every topic, reconnects by
// itself after a cut, and obeys close codes that forbid coming back. Where WebSockets do not get
// through it uses server-sent events, and tries a WebSocket again now and then. It knows topics
// and positions; the meaning of events is the listener's business.
import type { Hub, Listener, Waking } from './hub'
import type { Places } from './place'
import { openEvents, openSocket, type LinkHandler, type Frame, type Hello, type Link } from './link'

const silent = 4102 // before ready it means that the hello did not get through

const firstPause = 500 // ms
const longestPause = 30_000
const longestRetryDelay = 120_000
const steadyAfter = 30_000 // a link that lived for as long ends a row of failures, ms
const answerWithin = 10_000 // for ready and pong
const brokenAfter = 2 // WebSockets in a row that never came to ready
// For how long a page is content with events before it tries a WebSocket again, ms. Each failure doubles it.
const trialPauses = { first: 60_000, longest: 16 * 60_000 }

export class HubSocket implements Hub, Waking {
  private readonly url: string
  private readonly listener: Listener
  private readonly trialPauses: typeof trialPauses
  private link: Link | null = null
  private greeted = false // ready came over this link
  private token = ''
  private live = false
  private wanted = false
  private failures = 0
  private readyAt = 0
  private barredUntil = 0 // the hub asked for no reconnection before
  private broken = 0
  private heartbeat = 25_000
  private aliveAt = 0
  private retry: ReturnType<typeof setTimeout> | undefined
  private beat: ReturnType<typeof setTimeout> | undefined
  private deadline: ReturnType<typeof setTimeout> | undefined
  private reopening: ReturnType<typeof setTimeout> | undefined
  private trial: Link | null = null
  private nextTrial: ReturnType<typeof setTimeout> | undefined
  private trialPause: number
  private trialAt = 0 // when the next is due; 0: none is
  // The position in each topic, for this tab's life: a reload reads everything again.
  private since = new Map<string, string>()
  private followed = new Set<string>()
  private helloTopics = new Set<string>() // the topics of this link's hello

  // origin is the hub's, such as https://shop.example. Its maker calls online, wake and hide, or has watchPage do it.
  constructor(origin: string, listener: Listener, trials = trialPauses) {
    this.url = origin
    this.listener = listener
    this.trialPauses = trials
    this.trialPause = trials.first
  }

  start(token: string, since: Places = {}): void {
    if (token !== this.token) this.since.delete('user')
    for (const [topic, place] of Object.entries(since)) this.goOnFrom(topic, place)
    this.token = token
    this.wanted = true
    this.failures = 0
    this.leave()
    this.connect()
  }

  follow(topic: string, since?: string): void {
    this.followed.add(topic)
    this.goOnFrom(topic, since)
    if (this.link?.transport === 'events') this.reopen()
    else if (this.greeted) this.sendFollow(topic)
  }

  unfollow(topic: string): void {
    this.followed.delete(topic)
    this.since.delete(topic)
    if (this.link?.transport === 'events') this.reopen()
    else if (this.greeted) this.link?.send({ op: 'unfollow', topic })
  }

  // place is how far this link has come in a topic; undefined: it does not know yet.
  place(topic: string): string | undefined {
    return this.since.get(topic)
  }

  private goOnFrom(topic: string, place: string | undefined): void {
    if (place && !this.since.get(topic)) this.since.set(topic, place)
  }

  private connect(): void {
    this.drop()
    this.expectAnswer(answerWithin)
    if (this.broken < brokenAfter) this.link = openSocket(this.socketURL(), this.handler(() => this.sayHello()))
    else this.link = openEvents(this.url + '/api/events', this.hello(), this.handler(() => {}))
  }

  private socketURL(): string {
    return this.url.replace(/^http/, 'ws') + '/ws'
  }

  // handler passes on what the current link brings.
  private handler(opened: () => void): LinkHandler {
    return {
      opened,
      frame: (f) => this.receive(f),
      alive: () => this.alive(),
      closed: (code, reason) => this.closed(code, reason),
    }
  }

  private hello(): Hello {
    const since = Object.fromEntries(this.since)
    for (const topic of this.followed) since[topic] ??= ''
    this.helloTopics = new Set(Object.keys(since))
    return { token: this.token, since }
  }

  private sayHello(): void {
    const { token, since } = this.hello()
    this.link?.send({ op: 'hello', ...(token && { token }), since })
  }

  private sendFollow(topic: string): void {
    const since = this.since.get(topic)
    this.link?.send({ op: 'follow', topic, ...(since && { since }) })
  }

  // reopen opens the stream again with the topics followed now. A page that changes from one
  // course to another causes one reopening.
  private reopen(): void {
    clearTimeout(this.reopening)
    this.reopening = setTimeout(() => this.connect(), 0)
  }

  private receive(f: Frame): void {
    this.alive() // any frame shows that the server is there
    if (f.op === 'event') return this.passOn(f)
    if (f.topics) for (const [topic, at] of Object.entries(f.topics)) this.followStarted(topic, at.pos, at.resumed)
    else if (f.topic && f.pos !== undefined) this.followStarted(f.topic, f.pos, f.resumed === true)
    if (f.op === 'ready' && !this.greeted) this.ready(f.heartbeat_s ?? 25)
  }

  private ready(heartbeatSeconds: number): void {
    this.greeted = true
    this.readyAt = Date.now()
    this.heartbeat = heartbeatSeconds * 1000
    this.setLive(true)
    if (this.link?.transport === 'events') {
      this.alive()
      return this.planTrial()
    }
    clearTimeout(this.deadline) // that of ready: the next is of a ping
    this.broken = this.trialAt = 0
    this.trialPause = this.trialPauses.first
    this.beat = setInterval(() => this.ping(), this.heartbeat)
    for (const topic of this.followed) if (!this.helloTopics.has(topic)) this.sendFollow(topic)
  }

  // followStarted: without a position to resume from, or with one that the hub has forgotten,
  // events may have been missed between the page's last reading and now.
  private followStarted(topic: string, pos: string, resumed: boolean): void {
    const stale = !resumed || !this.since.get(topic)
    // A resumed topic's missed events are still to come and move the position themselves.
    if (stale) {
      this.since.set(topic, pos)
      this.listener.stale(topic)
    }
  }

  private passOn(f: Frame): void {
    if (!f.topic || !f.type || f.pos === undefined) return
    // An event without a position cannot be resumed from: the next link reads the state.
    if (f.pos && this.since.get(f.topic) === f.pos) return
    this.since.set(f.topic, f.pos)
    this.listener.event({ topic: f.topic, pos: f.pos, type: f.type, data: f.data })
  }

  private ping(): void {
    this.link?.send({ op: 'ping' })
    this.expectAnswer(answerWithin)
  }

  private expectAnswer(within: number): void {
    clearTimeout(this.deadline)
    this.deadline = setTimeout(() => this.fail(), within)
  }

  // alive restarts the deadline: a socket answers pings, a stream's server sends a comment at each
  // heartbeat.
  private alive(): void {
    this.aliveAt = Date.now()
    clearTimeout(this.deadline)
    if (this.greeted && this.link?.transport === 'events') this.expectAnswer(this.heartbeat + answerWithin)
    else if (!this.greeted) this.expectAnswer(answerWithin)
  }

  private closed(code: number, reason: string): void {
    if (code >= 4000 && code <= 4099) {
      this.leave()
      this.wanted = false
      this.listener.ended(code, this.token)
      return
    }
    const byHub = code >= 4100 && code <= 4199
    if (!byHub || (code === silent && !this.greeted)) return this.fail()
    this.leave()
    const wait = retryDelay(reason)
    if (wait) this.barredUntil = Date.now() + wait
    this.comeBack(wait ?? this.pause())
  }

  // fail ends a link that broke without a close code of the hub. A link that never came to ready
  // may mean that this transport is blocked: after two WebSockets the other transport is tried,
  // then in turn.
  private fail(): void {
    if (!this.greeted) this.broken = this.link?.transport === 'events' ? brokenAfter - 1 : this.broken + 1
    if (!this.greeted && this.trialAt) this.failedTrial()
    this.leave()
    this.comeBack(this.pause())
  }

  // pause doubles from one failure to the next, with jitter so that thousands of tabs do not
  // reconnect at the same moment.
  private pause(): number {
    if (this.readyAt && Date.now() - this.readyAt > steadyAfter) this.failures = 0
    this.readyAt = 0
    const pause = Math.min(longestPause, firstPause * 2 ** this.failures++)
    return pause / 2 + (Math.random() * pause) / 2
  }

  private comeBack(after: number): void {
    if (!this.wanted) return
    clearTimeout(this.retry)
    this.retry = setTimeout(() => this.connect(), after)
  }

  // planTrial: a network may stop breaking WebSockets, or the page may have moved to another.
  private planTrial(): void {
    this.trialAt ||= Date.now() + this.trialPause
    clearTimeout(this.nextTrial)
    this.nextTrial = setTimeout(() => this.tryOut(), this.trialAt - Date.now())
  }

  private failedTrial(): void {
    this.trialPause = Math.min(this.trialPauses.longest, this.trialPause * 2)
    this.trialAt = Date.now() + this.trialPause
  }

  // tryOut opens a WebSocket beside the stream. The WebSocket takes the stream's place only after it
  // is open, and its hello resumes there.
  private tryOut(): void {
    const giveUp = () => {
      clearTimeout(deadline)
      trial.close()
      if (this.trial !== trial) return
      this.trial = null
      this.failedTrial()
      this.planTrial()
    }
    const deadline = setTimeout(giveUp, answerWithin)
    const handler = this.handler(() => {
      clearTimeout(deadline)
      this.trial = null
      this.drop()
      this.link = trial
      this.expectAnswer(answerWithin)
      this.sayHello()
    })
    const trial = openSocket(this.socketURL(), {
      ...handler,
      closed: (code, reason) => (this.link === trial ? handler.closed(code, reason) : giveUp()),
    })
    this.trial = trial
  }

  // stop leaves for good; start begins again.
  stop(): void {
    this.wanted = false
    this.leave()
  }

  online(): void {
    this.broken = Math.min(this.broken, brokenAfter - 1) // it may be another network
    this.wake()
  }

  // A page kept for the back button must not hold a connection.
  hide(): void {
    this.leave()
  }

  // wake: the network or the page is back, so waiting on makes no sense, and a link that looks
  // open may be dead.
  wake(): void {
    if (!this.wanted) return
    const barred = Math.min(this.barredUntil - Date.now(), longestRetryDelay) // a clock may have been set back
    if (!this.link && barred > 0) return this.comeBack(barred)
    if (!this.link) this.connect()
    else if (this.greeted && this.link.transport === 'socket') this.ping()
    else if (this.greeted && Date.now() - this.aliveAt > this.heartbeat * 1.2) this.connect()
  }

  // leave drops the link without a successor, so the page is not live any more.
  private leave(): void {
    this.drop()
    this.setLive(false)
  }

  // drop forgets the present link, and whatever was planned.
  private drop(): void {
    for (const timer of [this.retry, this.deadline, this.reopening, this.nextTrial]) clearTimeout(timer)
    clearInterval(this.beat)
    this.link?.close()
    this.trial?.close()
    this.link = this.trial = null
    this.greeted = false
  }

  private setLive(live: boolean): void {
    if (live === this.live) return
    this.live = live
    this.listener.changed(live)
  }
}

// retryDelay is the pause that the hub asks for, with jitter on top so that equal pauses spread.
function retryDelay(reason: string): number | undefined {
  try {
    const ms = (JSON.parse(reason) as { retry_ms?: unknown }).retry_ms
    return typeof ms === 'number' && ms >= 0 ? Math.min(ms, longestRetryDelay) * (1 + Math.random() * 0.2) : undefined
  } catch {
    return undefined
  }
}
