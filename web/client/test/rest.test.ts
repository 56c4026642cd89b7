import { afterEach, describe, expect, test, vi } from 'vitest'
import { offline, Problem, query, Rest } from '../src'

// answers has fetch give these answers in turn, and returns what was asked.
function answers(...list: (Response | Error)[]): Request[] {
  const asked: Request[] = []
  vi.stubGlobal('fetch', (url: string, init: RequestInit) => {
    asked.push(new Request(url, init))
    const next = list.shift()
    return next instanceof Error || !next ? Promise.reject(next) : Promise.resolve(next)
  })
  return asked
}

const json = (status: number, body: unknown) => new Response(JSON.stringify(body), { status })
const shop = (config: ConstructorParameters<typeof Rest>[0] = {}) => new Rest({ origin: 'https://shop.example', ...config })

afterEach(() => void vi.unstubAllGlobals())

describe('request', () => {
  test('carries the token, the key, the language and the body', async () => {
    const asked = answers(json(201, { id: 'o1' }))
    const got = await shop({ login: () => ({ token: 't1' }), language: 'en' }).request('POST', '/api/orders', { body: { total_fen: 5 }, key: 'k1' })
    expect(got).toEqual({ id: 'o1' })
    const [r] = asked
    expect(r?.url).toBe('https://shop.example/api/orders')
    expect(Object.fromEntries(r?.headers ?? [])).toMatchObject({ authorization: 'Bearer t1', 'idempotency-key': 'k1', 'accept-language': 'en', 'content-type': 'application/json' })
    expect(await r?.json()).toEqual({ total_fen: 5 })
  })

  test('a refusal is a Problem with its code, sentence and members', async () => {
    answers(json(409, { type: 'about:blank', title: 'Conflict', status: 409, code: 'PRICE_CHANGED', detail: '价格变了', offers: [1] }))
    const refusal = await shop().request('POST', '/api/orders').catch((err: Problem) => err)
    expect(refusal).toBeInstanceOf(Problem)
    expect(refusal).toMatchObject({ status: 409, code: 'PRICE_CHANGED', message: '价格变了', settled: true, extra: { offers: [1] } })
  })

  test('an answer that is no problem document keeps its status, and is not settled where it is of a proxy', async () => {
    answers(new Response('<html>', { status: 502 }))
    const refusal = await shop().request('GET', '/api/cart').catch((err: Problem) => err)
    expect(refusal).toMatchObject({ status: 502, code: '', settled: false })
  })

  test('without an answer the outcome is unknown', async () => {
    answers(new TypeError('no network'))
    const refusal = await shop({ language: 'en' }).request('POST', '/api/orders').catch((err: Problem) => err)
    expect(refusal).toMatchObject({ status: 0, code: offline, settled: false })
  })

  test('what its caller gives up is not taken for an outage', async () => {
    const cut = new AbortController()
    answers(new DOMException('cut', 'AbortError'))
    cut.abort()
    await expect(shop().request('GET', '/api/cart', { signal: cut.signal })).rejects.toThrow('cut')
  })

  test('a refused login asks again once there is another, and gives up where there is none', async () => {
    const no = () => json(401, { status: 401, code: 'UNAUTHENTICATED', detail: '' })
    const asked = answers(no(), json(200, { ok: true }), no())
    let token = 'old'
    const refused = vi.fn(() => {
      if (token === 'new') return false
      token = 'new'
      return true
    })
    const rest = shop({ login: () => ({ token }), refused })
    await expect(rest.request('GET', '/api/me')).resolves.toEqual({ ok: true })
    expect(asked.map((r) => r.headers.get('authorization'))).toEqual(['Bearer old', 'Bearer new'])
    await expect(rest.request('GET', '/api/me')).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
    expect(refused).toHaveBeenCalledTimes(2)
  })
})

describe('call', () => {
  test('fills the path and the query, and knows the types', async () => {
    const asked = answers(json(200, { items: [] }), json(200, { version: 7, lines: [], total_fen: 0 }))
    const rest = shop()
    const courses = await rest.call('get', '/api/courses', { query: { q: 'Go 语言', limit: 5 } })
    expect(courses.items).toEqual([])
    const cart = await rest.call('put', '/api/cart/{course}', { path: { course: 'a/b' }, body: { policy_id: 'p1' } })
    expect(cart.total_fen).toBe(0)
    expect(asked.map((r) => r.url)).toEqual(['https://shop.example/api/courses?q=Go+%E8%AF%AD%E8%A8%80&limit=5', 'https://shop.example/api/cart/a%2Fb'])
    // @ts-expect-error the cart has no such field
    void cart.total
    // @ts-expect-error the contract has no such path
    const wrong = () => rest.call('get', '/api/nothing', {})
    void wrong
  })
})

test('query leaves out what is empty', () => {
  expect(query({ a: '', b: undefined, c: 0, d: 'x y' })).toBe('?c=0&d=x+y')
  expect(query({})).toBe('')
})
