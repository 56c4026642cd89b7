import { describe, expect, test } from 'vitest'
import { Live } from '../src/live'
import { covers, older, placesOf } from '../src/place'
import type { Hub, Listener } from '../src/hub'

describe('places', () => {
  test.each([
    ['e-9', 'e-7', true], ['e-7', 'e-7', true], ['e-6', 'e-7', false], ['f-9', 'e-7', false], ['e-9.ab', 'e-7', true],
    ['e-9', 'e-7.ab', false], ['e-7.ab', 'e-7.ab', true], [undefined, 'e-7', false], ['e-9', undefined, false], ['', '', false], ['x', 'e-1', false],
  ])('%s covers %s: %s', (read, up, want) => expect(covers(read, up)).toBe(want))

  test.each([['e-9', 'e-7', 'e-7'], ['e-10', 'e-9', 'e-9'], ['e-7.ab', 'e-9', 'e-7'], ['e-7.ab', 'e-7.ab', 'e-7.ab'], ['e-1', 'f-1', '']])(
    'of %s and %s %s is older', (a, b, want) => expect(older(a, b)).toBe(want))

  test('a header that is none names no place', () => {
    expect([placesOf(null), placesOf('{'), placesOf('{"user":"e-1"}')]).toEqual([{}, {}, { user: 'e-1' }])
  })
})

describe('the link of a page that has read', () => {
  function page() {
    const said: unknown[][] = []
    const hub: Hub = { start: (...a) => void said.push(['start', ...a]), follow: (...a) => void said.push(['follow', ...a]), unfollow: (...a) => void said.push(['unfollow', ...a]) }
    let listener: Listener | undefined
    const live = new Live({ origin: '', changed: () => {}, ended: () => {} }, (_, l) => {
      listener = l
      return hub
    })
    return { live, said, listener: listener! }
  }

  test('goes on from the oldest answer in each topic', () => {
    const { live, said } = page()
    live.noted({ user: 'e-9', activity: 'e-3' }, 't1', 1)
    live.noted({ user: 'e-8', 'course:1': 'e-2' }, 't1', 2)
    live.follow('course:1')
    live.start('t1')
    expect(said).toEqual([['follow', 'course:1', 'e-2'], ['start', 't1', { user: 'e-8', activity: 'e-3', 'course:1': 'e-2' }]])
  })

  test('takes nothing from the answers to another login', () => {
    const { live, said } = page()
    live.noted({ user: 'e-9', activity: 'e-3' }, 't1', 1)
    live.start('t2')
    expect(said).toEqual([['start', 't2', { activity: 'e-3' }]])
  })

  test('reads again what was asked before it began and stands before where it went on', () => {
    const { live } = page()
    let stale = 0
    live.on('stale:user', () => void stale++)
    live.noted({ user: 'e-9' }, 't1', 0)
    live.start('t1')
    live.noted({ user: 'e-9' }, 't1', 0)
    expect(stale).toBe(0)
    live.noted({ user: 'e-8' }, 't1', performance.now() + 1000) // asked since: the link has brought what it lacks
    expect(stale).toBe(0)
    live.noted({ user: 'e-8' }, 't1', 0)
    expect(stale).toBe(1)
  })

  test('follows a course later from where its page read it', () => {
    const { live, said } = page()
    live.start('')
    said.length = 0
    live.noted({ 'course:1': 'e-4' }, '', performance.now())
    live.follow('course:1')
    live.unfollow('course:1')
    live.follow('course:1')
    expect(said).toEqual([['follow', 'course:1', 'e-4'], ['unfollow', 'course:1'], ['follow', 'course:1', undefined]])
  })
})
