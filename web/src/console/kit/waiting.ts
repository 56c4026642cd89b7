// What waits for a person, and whether the accounts balance: read once for all of the console that shows it.
import { defineStore } from 'pinia'
import { computed, onBeforeUnmount, shallowRef } from 'vue'
import { useEvent } from '@/stores/live'
import { desk } from '../api'
import type { Waiting } from '../types'

const soon = 400 // ms after an event; what comes within it is read together
const pace = 5000 // ms between two readings at least, however much comes

export const useWaiting = defineStore('waiting', () => {
  const read = shallowRef<Waiting>()
  let asked = 0

  // load keeps what was read before where it fails: the next event, or the next page, reads again.
  async function load(): Promise<void> {
    const mine = ++asked
    const now = await desk.waiting().catch(() => undefined)
    if (now && mine === asked) read.value = now
  }
  const clear = () => {
    asked++
    read.value = undefined
  }

  const items = computed(() => read.value?.items ?? [])
  const accounts = computed(() => read.value?.accounts)
  const known = computed(() => read.value !== undefined)
  return { items, accounts, known, load, clear }
})

// useWaitingLive has it read for as long as the calling component is shown.
export function useWaitingLive(): void {
  const waiting = useWaiting()
  let timer: number | undefined
  let last = 0

  function load(): void {
    clearTimeout(timer)
    timer = undefined
    last = Date.now()
    void waiting.load()
  }
  const again = () => void (timer ??= window.setTimeout(load, Math.max(soon, last + pace - Date.now())))

  load()
  useEvent('stats.changed', again)
  useEvent('exception.opened', again)
  useEvent('broadcast.progress', again)
  useEvent('media.progress', (m) => m.job_state === 'failed' || m.job_state === 'queued' ? again() : undefined)
  useEvent('stale:desk', load)
  onBeforeUnmount(() => {
    clearTimeout(timer)
    waiting.clear()
  })
}
