// The two ways to the hub: a WebSocket, and for networks that break those the same
// frames as server-sent events. A link carries frames and does not know what they mean.

export interface Frame {
  op: string
  topic?: string
  pos?: string
  type?: string
  data?: unknown
  heartbeat_s?: number
  resumed?: boolean
  topics?: Record<string, { pos: string; resumed: boolean }>
}

// Hello is what a page says first: who it is, and its place in each topic that it follows.
export interface Hello {
  token: string
  since: Record<string, string>
}

// Ear hears one link, until that is closed from this side.
export interface Ear {
  opened(): void
  frame(f: Frame): void
  // stirred: the server is there, though it had nothing to say.
  stirred(): void
  // closed: with a close code of the hub and its reason, or with 1006.
  closed(code: number, reason: string): void
}

export interface Link {
  // way is how the frames come. Over events the hello is the request, and nothing can be sent after it.
  readonly way: 'socket' | 'events'
  send(frame: object): void
  close(): void
}

const lost = 1006 // what browsers call a connection that broke without a word

export function openSocket(url: string, ear: Ear): Link {
  const ws = new WebSocket(url, 'mstm.v1')
  ws.onopen = () => ear.opened()
  ws.onmessage = (m) => ear.frame(JSON.parse(m.data as string) as Frame)
  ws.onclose = (c) => ear.closed(c.code, c.reason)
  return {
    way: 'socket',
    send: (frame) => {
      if (ws.readyState === WebSocket.OPEN) ws.send(JSON.stringify(frame))
    },
    close: () => {
      ws.onmessage = ws.onclose = null
      // Closing a socket that is still connecting would be reported as a failure.
      if (ws.readyState === WebSocket.CONNECTING) ws.onopen = () => ws.close(1000)
      else ws.close(1000)
    },
  }
}

// openEvents reads the stream by fetch, because an EventSource could not send the token in a header.
export function openEvents(url: string, { token, since }: Hello, ear: Ear): Link {
  const cut = new AbortController()
  const headers: Record<string, string> = { Accept: 'text/event-stream' }
  if (token) headers.Authorization = `Bearer ${token}`
  const query = new URLSearchParams({ since: JSON.stringify(since) })

  async function listen(): Promise<void> {
    const res = await fetch(`${url}?${query}`, { headers, signal: cut.signal, cache: 'no-store' })
    if (!res.ok || !res.body) return ear.closed(...refused(res))
    ear.opened()
    const reader = res.body.getReader()
    const parse = eventParser(ear, cut.signal)
    const decoder = new TextDecoder()
    while (!cut.signal.aborted) {
      const { done, value } = await reader.read()
      if (done || parse(decoder.decode(value, { stream: true }))) break
    }
    if (!cut.signal.aborted) ear.closed(lost, '')
  }

  listen().catch(() => {
    if (!cut.signal.aborted) ear.closed(lost, '')
  })
  return { way: 'events', send: () => {}, close: () => cut.abort() }
}

// refused puts an answer that is no stream into the words of a close frame.
function refused(res: Response): [number, string] {
  const after = Number(res.headers.get('Retry-After'))
  if (res.status === 401) return [4001, '']
  return after > 0 ? [4103, JSON.stringify({ retry_ms: after * 1000 })] : [lost, '']
}

// eventParser takes the text as it comes (WHATWG HTML §9.2.6). It returns true once the server
// has said its last, or nobody listens any more: what an event does may close the link.
function eventParser(ear: Ear, cut: AbortSignal): (text: string) => boolean {
  let rest = ''
  let kind = ''
  let data = ''

  function line(text: string): boolean {
    const colon = text.indexOf(':')
    const value = text.slice(colon + 1).replace(/^ /, '')
    if (text.startsWith('event:')) kind = value
    else if (text.startsWith('data:')) data += value
    else if (text === '' && data) return dispatch()
    return false
  }

  function dispatch(): boolean {
    const [what, said] = [kind, data]
    kind = data = ''
    const f = JSON.parse(said) as Frame & { status?: number }
    if (what !== 'close') ear.frame(f)
    else ear.closed(f.status ?? lost, said)
    return what === 'close' || cut.aborted
  }

  return (text) => {
    ear.stirred()
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    return lines.some((l) => line(l.replace(/\r$/, '')))
  }
}
