// A broadcast as it is being written. It is kept in this browser until it is sent, so that a reload loses nothing.
import { computed, reactive, watch } from 'vue'
import { browserStorage } from '@/browser-storage'
import type { Audience, Broadcast, BroadcastChannel, NewBroadcast } from '../types'

export interface BroadcastDraft {
  title: string
  body: string
  link: string
  channels: BroadcastChannel[]
  kind: Audience['kind']
  course_id: string
  category_id: string
  days: number
  users: string // ids, one a line
  at: string // a day and time in the shop's zone, 2026-12-01T09:30; '' for now
}

export const limits = { title: 40, body: 500 }

const empty = (): BroadcastDraft => ({
  title: '', body: '', link: '', channels: ['live', 'inbox'], kind: 'all', course_id: '', category_id: '', days: 7, users: '', at: '',
})

export function useBroadcastDraft(me: string) {
  const place = `mstm.broadcast.${me}`
  const draft = reactive(empty())
  try {
    Object.assign(draft, JSON.parse(browserStorage.read('localStorage', place) ?? '{}') as object)
  } catch {
    browserStorage.remove('localStorage', place)
  }
  const written = computed(() => !!(draft.title || draft.body))
  watch(draft, () => {
    if (written.value) browserStorage.write('localStorage', place, JSON.stringify(draft))
    else browserStorage.remove('localStorage', place)
  })

  // copy begins with what another broadcast said. Its time is over, and the people that it listed are not known.
  function copy(b: Broadcast): void {
    const { course_id = '', category_id = '', days = 7, kind } = b.audience
    Object.assign(draft, empty(), { title: b.title, body: b.body, link: b.link ?? '', channels: [...b.channels], kind, course_id, category_id, days })
  }

  const clear = () => void Object.assign(draft, empty())
  return { draft, written, copy, clear }
}

export function audienceOf(d: BroadcastDraft): Audience {
  switch (d.kind) {
    case 'course': return { kind: d.kind, course_id: d.course_id }
    case 'category': return { kind: d.kind, category_id: d.category_id }
    case 'expiring': return { kind: d.kind, days: d.days, ...(d.course_id && { course_id: d.course_id }) }
    case 'trial_not_continued': return { kind: d.kind, ...(d.course_id && { course_id: d.course_id }) }
    case 'users': return { kind: d.kind, user_ids: d.users.split(/[\s,，、;；]+/).filter(Boolean) }
    default: return { kind: d.kind }
  }
}

// chosen reports whether the audience says enough to be counted.
export function chosen(a: Audience): boolean {
  if (a.kind === 'course') return !!a.course_id
  if (a.kind === 'category') return !!a.category_id
  if (a.kind === 'users') return !!a.user_ids?.length
  return a.kind !== 'expiring' || !!a.days
}

const instant = (at: string): string => new Date(`${at}:00+08:00`).toISOString()

export function requestOf(d: BroadcastDraft): NewBroadcast {
  return { title: d.title, body: d.body, ...(d.link && { link: d.link }), channels: [...d.channels], audience: audienceOf(d), ...(d.at && { send_at: instant(d.at) }) }
}

const trialMark = '【试发】'

// trialOf is the same broadcast, now, to its author alone.
export function trialOf(d: BroadcastDraft, me: string): NewBroadcast {
  const { send_at: _, ...rest } = requestOf(d)
  return { ...rest, title: [...trialMark + d.title].slice(0, limits.title).join(''), audience: { kind: 'users', user_ids: [me] } }
}
