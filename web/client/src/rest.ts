// REST: every request to the shop goes through `request`; `call` is the same with the contract's types.
import { offline, Problem, problemOf, words, type Words } from './problem'
import type { Answer, Input, Method, Path } from './operations'

export interface RestConfig<Login extends { token: string }> {
  origin?: string // such as https://shop.example; '' is the page's own
  login?: () => Login | null // as which to ask; null is a visitor
  language?: 'zh-CN' | 'en' // of refusals
  // answered sees each answer, for its header Date for example; asker is the token that asked, since when it did
  // (performance.now).
  answered?(res: Response, asker: string, since: number): void
  // refused: the server takes this login's token no longer. The result is whether to ask again, as login() says then.
  refused?(login: Login): boolean
}

export interface RequestOptions {
  body?: unknown
  key?: string // Idempotency-Key: one for each press of a button, kept until the answer is there
  signal?: AbortSignal
}

const keptAlive = 16_000 // characters of a body; browsers send at most 64 KiB for a page that is left
const patience = 30_000 // ms; the server gives up sooner, so nothing more is to come

export class Rest<Login extends { token: string } = { token: string }> {
  readonly words: Words
  private readonly origin: string
  private readonly language: string

  constructor(private readonly config: RestConfig<Login> = {}) {
    this.origin = config.origin ?? ''
    this.language = config.language ?? 'zh-CN'
    this.words = words[config.language ?? 'zh-CN']
  }

  // request asks, and throws a Problem where the shop refuses or does not answer. path begins with /api.
  async request<T>(method: string, path: string, opts: RequestOptions = {}): Promise<T> {
    const login = this.config.login?.()
    const answer = await this.send(method, path, login?.token ?? '', opts)
    if (!(answer instanceof Problem)) return answer as T
    if (answer.code === 'UNAUTHENTICATED' && login && this.config.refused?.(login)) return this.request(method, path, opts)
    throw answer
  }

  // call is request with the types of the contract: call('get', '/api/courses/{course}', { path: { course: 'go1' } }).
  call<M extends Method, P extends Path<M>>(method: M, path: P, input: Input<M, P> & Omit<RequestOptions, 'body'>): Promise<Answer<M, P>> {
    const { path: names, query: asked, ...opts } = input as { path?: Record<string, string>; query?: Record<string, string | number> } & RequestOptions
    return this.request(method.toUpperCase(), fill(path, names ?? {}) + query(asked ?? {}), opts)
  }

  private async send(method: string, path: string, token: string, opts: RequestOptions): Promise<unknown> {
    const headers: Record<string, string> = { 'Accept-Language': this.language }
    if (token) headers.Authorization = `Bearer ${token}`
    if (opts.key) headers['Idempotency-Key'] = opts.key
    if (opts.body !== undefined) headers['Content-Type'] = 'application/json'
    const since = performance.now()
    const body = opts.body === undefined ? undefined : JSON.stringify(opts.body)
    try {
      const res = await fetch(this.origin + path, {
        method,
        headers,
        body,
        signal: opts.signal ?? after(patience),
        keepalive: method !== 'GET' && (body?.length ?? 0) < keptAlive, // what was pressed is done, also when the page is left at once
      })
      this.config.answered?.(res, token, since)
      if (!res.ok) return await problemOf(res, this.words)
      return res.status === 204 ? undefined : await res.json()
    } catch (err) {
      if (opts.signal?.aborted) throw err
      throw new Problem(0, offline, this.words.offline)
    }
  }
}

// after is AbortSignal.timeout, which browsers before 2022 lack.
function after(ms: number): AbortSignal {
  const cut = new AbortController()
  setTimeout(() => cut.abort(), ms)
  return cut.signal
}

function fill(path: string, names: Record<string, string>): string {
  return path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(names[name] ?? ''))
}

// query is the part of an address from the question mark on, without the parameters that are empty.
export function query(params: Record<string, string | number | undefined>): string {
  const q = new URLSearchParams()
  for (const [name, value] of Object.entries(params)) {
    if (value !== undefined && value !== '') q.set(name, String(value))
  }
  const text = q.toString() // URLSearchParams.size is younger than the browsers served
  return text && '?' + text
}
