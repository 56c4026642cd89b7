// The list of the shop's files as a page has it: read in pages, kept up to date by the events of the console's topic.
import { ref, shallowRef } from 'vue'
import { Problem } from '@/api'
import { useEvent } from '@/stores/live'
import { desk } from '../api'
import type { Media, MediaChange, MediaKind } from '../types'

// failed has the list show the videos whose transcoding has failed, whatever the kind.
export function useMediaList(kind: () => MediaKind | '', failed: () => boolean = () => false) {
  const items = ref<Media[]>([])
  const next = ref<string>()
  const transcodes = ref(true)
  const room = shallowRef<{ used: number; quota: number }>()
  const loaded = ref(false)
  const versions = new Map<string, number>()
  let asked = 0

  const filter = () => (failed() ? { job: 'failed' } : { kind: kind() })
  const belongs = (m: Media) => (failed() ? m.job?.kind === 'transcode' && m.job.state === 'failed' : !kind() || m.kind === kind())

  // load reads the first page; an answer that a newer question has overtaken is dropped.
  async function load(): Promise<void> {
    const mine = ++asked
    const page = await desk.media({ ...filter(), limit: 20 })
    if (mine !== asked) return
    items.value = page.items
    next.value = page.next_cursor
    transcodes.value = page.transcodes
    if (page.used_bytes !== undefined) room.value = { used: page.used_bytes, quota: page.quota_bytes ?? 0 }
    loaded.value = true
  }

  async function more(): Promise<void> {
    const mine = asked
    const page = await desk.media({ ...filter(), limit: 20, cursor: next.value })
    if (mine !== asked) return
    const known = new Set(items.value.map((m) => m.id))
    items.value.push(...page.items.filter((m) => !known.has(m.id)))
    next.value = page.next_cursor
  }

  // refresh reads one file; one that is new goes to the top.
  async function refresh(id: string): Promise<void> {
    try {
      put(await desk.oneMedia(id))
    } catch (err) {
      if (!(err instanceof Problem) || err.code !== 'MEDIA_NOT_FOUND') throw err
      remove(id)
    }
  }

  function put(m: Media): void {
    const at = items.value.findIndex((other) => other.id === m.id)
    if (m.state === 'deleting') return remove(m.id)
    if (at >= 0) items.value[at] = m
    else if (belongs(m)) items.value.unshift(m)
  }

  function remove(id: string): void {
    items.value = items.value.filter((m) => m.id !== id)
  }

  // A change is shown at once; what an event does not say is read where a step has ended.
  function changed(c: MediaChange): void {
    if (c.v < (versions.get(c.id) ?? 0)) return
    versions.set(c.id, c.v)
    if (c.state === 'deleting') return remove(c.id)
    const m = items.value.find((m) => m.id === c.id)
    const step = !m || m.state !== c.state || m.job?.state !== c.job_state
    if (m) {
      m.offset = c.offset
      m.state = c.state
      m.job = c.job && c.job_state ? { kind: c.job, state: c.job_state, progress: c.progress, error: c.error } : undefined
    }
    if (step) void refresh(c.id).catch(() => {}) // the next step, or the next reading, shows it
  }

  useEvent('media.progress', changed)
  useEvent('stale:desk', () => void load().catch(() => {}))
  return { items, next, transcodes, room, loaded, load, more, refresh, put, remove }
}
