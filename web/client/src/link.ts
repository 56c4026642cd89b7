// The two transports to the hub: a WebSocket, and for networks that break WebSockets the same
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

// Hello is a page's first frame: its token, and its position in each topic that it follows.
export interface Hello {
  token: string
  since: Record<string, string>
}

// LinkHandler receives what one link brings, until the link is closed from this side.
export interface LinkHandler {
  opened(): void
  frame(f: Frame): void
  // alive: the server is there, though it had nothing to say.
  alive(): void
  // closed: with a close code of the hub and its reason, or with 1006.
  closed(code: number, reason: string): void
}

export interface Link {
  // transport is how the frames come. Over events the hello is the request, and nothing can be sent
  // after it.
  readonly transport: 'socket' | 'events'
  send(frame: object): void
  close(): void
}

const lost = 1006 // browsers report a connection that broke without a close frame as this

export function openSocket(url: string, handler: LinkHandler): Link {
  const ws = new WebSocket(url, 'mstm.v1')
  ws.onopen = () => handler.opened()
  ws.onmessage = (m) => handler.frame(JSON.parse(m.data as string) as Frame)
  ws.onclose = (c) => handler.closed(c.code, c.reason)
  return {
    transport: 'socket',
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
export function openEvents(url: string, { token, since }: Hello, handler: LinkHandler): Link {
  const cut = new AbortController()
  const headers: Record<string, string> = { Accept: 'text/event-stream' }
  if (token) headers.Authorization = `Bearer ${token}`
  const query = new URLSearchParams({ since: JSON.stringify(since) })

  async function listen(): Promise<void> {
    const res = await fetch(`${url}?${query}`, { headers, signal: cut.signal, cache: 'no-store' })
    if (!res.ok || !res.body) return handler.closed(...refused(res))
    handler.opened()
    const reader = res.body.getReader()
    const parse = eventParser(handler, cut.signal)
    const decoder = new TextDecoder()
    while (!cut.signal.aborted) {
      const { done, value } = await reader.read()
      if (done || parse(decoder.decode(value, { stream: true }))) break
    }
    if (!cut.signal.aborted) handler.closed(lost, '')
  }

  listen().catch(() => {
    if (!cut.signal.aborted) handler.closed(lost, '')
  })
  return { transport: 'events', send: () => {}, close: () => cut.abort() }
}

// refused maps an answer that is no stream to a close code and reason.
function refused(res: Response): [number, string] {
  const after = Number(res.headers.get('Retry-After'))
  if (res.status === 401) return [4001, '']
  return after > 0 ? [4103, JSON.stringify({ retry_ms: after * 1000 })] : [lost, '']
}

// eventParser takes the text as it comes (WHATWG HTML §9.2.6). It returns true after the server's
// close event, and after the link was closed from this side: the handler of an event may close it.
function eventParser(handler: LinkHandler, cut: AbortSignal): (text: string) => boolean {
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
    if (what !== 'close') handler.frame(f)
    else handler.closed(f.status ?? lost, said)
    return what === 'close' || cut.aborted
  }

  return (text) => {
    handler.alive()
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    return lines.some((l) => line(l.replace(/\r$/, '')))
  }
}
