// The files that a page names by their ids: read when they are first wanted, and kept up to date by events.
import { defineStore } from 'pinia'
import { reactive } from 'vue'
import { useLive } from '@/stores/live'
import { desk } from '../api'
import type { Media } from '../types'

const atOnce = 4

export const useKnownMedia = defineStore('known-media', () => {
  const known = reactive(new Map<string, Media | null>()) // null: there is no such file, or it is being read
  const queue: string[] = []
  let reading = 0

  // of is a file, as far as it is known; the first question has it read.
  function of(id: string): Media | null {
    if (id && !known.has(id)) {
      known.set(id, null)
      queue.push(id)
      void read()
    }
    return known.get(id) ?? null
  }

  async function read(): Promise<void> {
    if (reading >= atOnce) return
    reading++
    for (let id = queue.shift(); id; id = queue.shift()) await refresh(id)
    reading--
  }

  const refresh = async (id: string): Promise<void> => desk.oneMedia(id).then(put, () => {})
  const put = (m: Media): void => void known.set(m.id, m)

  useLive().on('media.progress', (c) => {
    const m = known.get(c.id)
    if (!m) return
    const step = m.state !== c.state || m.job?.state !== c.job_state
    known.set(c.id, { ...m, state: c.state, offset: c.offset, job: c.job && c.job_state ? { kind: c.job, state: c.job_state, progress: c.progress, error: c.error } : undefined })
    if (step) void refresh(c.id)
  })

  return { of, put }
})
