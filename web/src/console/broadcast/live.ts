// One broadcast as it is being sent: read once, moved on by events, and how fast it goes.
import { computed, onBeforeUnmount, ref, watch } from 'vue'
import { messageOf } from '@/api'
import { usePolling } from '@/polling'
import { shopNow } from '@/clock'
import { useEvent } from '@/stores/live'
import { desk } from '../api'
import type { Broadcast } from '../types'
import { reached } from './words'

const looksBack = 6000 // ms of which the rate is the mean
const funnelLasts = 14 * 24 * 3600_000 // ms after the end; then its funnel is final

export function useBroadcast(id: () => string) {
  const broadcast = ref<Broadcast>()
  const failure = ref('')
  const rate = ref(0) // people a second
  let asked = 0
  let heard = 0

  // read reads all of it. Counts that an event has brought since it was asked for are newer, and stay.
  async function read(): Promise<void> {
    const mine = ++asked
    const before = heard
    try {
      const now = await desk.broadcast(id())
      if (mine !== asked) return
      show(heard === before || !broadcast.value ? now : { ...now, counts: broadcast.value.counts, state: broadcast.value.state })
      failure.value = ''
    } catch (err) {
      if (mine === asked) failure.value = messageOf(err)
    }
  }

  let samples: { at: number; done: number }[] = []
  function show(now: Broadcast): void {
    broadcast.value = now
    const at = performance.now()
    if (now.state !== 'sending') samples = []
    else samples = [...samples.filter((s) => at - s.at < looksBack), { at, done: reached(now).done + now.counts.wechat_sent }]
    measure()
  }

  // measure also looks at the time since the last event: what stands still has no rate.
  function measure(): void {
    const first = samples[0]
    const last = samples[samples.length - 1]
    const took = first ? performance.now() - first.at : 0
    rate.value = first && last && took > 300 ? Math.round(((last.done - first.done) / took) * 1000) : 0
  }
  const clock = window.setInterval(measure, 1000)
  onBeforeUnmount(() => clearInterval(clock))

  watch(id, () => {
    broadcast.value = undefined
    samples = []
    void read()
  }, { immediate: true })
  useEvent('broadcast.progress', (b) => {
    if (b.id !== id()) return
    heard++
    const before = broadcast.value
    if (!before) return
    show({ ...before, ...b })
    if (before.state !== b.state) void read()
  })
  useEvent('stale:desk', () => void read())

  // Readers and buyers are no event: they are read slowly until they are final.
  const open = computed(() => {
    const b = broadcast.value
    return !!b?.started_at && (!b.ended_at || shopNow() - Date.parse(b.ended_at) < funnelLasts)
  })
  usePolling(read, open, 10_000)
  return { broadcast, failure, rate, read, show }
}
