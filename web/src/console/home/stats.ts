// The figures of the home page, read again when the shop says that they have changed.
import { computed, onBeforeUnmount, ref, shallowRef } from 'vue'
import { messageOf } from '@/api'
import { useEvent } from '@/stores/live'
import { desk } from '../api'
import type { Stats, StatsDay, StatsFigures } from '../types'

export type Figure = keyof StatsFigures

const pace = 1000 // ms between two readings
const days = 90

export function useStats() {
  const stats = shallowRef<Stats>()
  const failure = ref('')
  let timer: number | undefined
  let asked = 0

  async function load(): Promise<void> {
    const mine = ++asked
    try {
      const read = await desk.stats(days)
      if (mine !== asked) return
      stats.value = read
      failure.value = ''
    } catch (err) {
      if (mine === asked) failure.value = messageOf(err)
    }
  }

  // What comes within the pace is read together.
  useEvent('stats.changed', () => (timer ??= window.setTimeout(() => {
    timer = undefined
    void load()
  }, pace)))
  useEvent('stale:desk', () => void load())
  onBeforeUnmount(() => clearTimeout(timer))

  const today = computed(() => stats.value?.days[stats.value.days.length - 1])
  return { stats, today, failure, load }
}

// points are a figure by the day, in yuan where it is money.
export function points(days: StatsDay[], figure: Figure): { x: number[]; now: number[]; before: number[] } {
  const scale = figure.endsWith('_fen') ? 100 : 1
  return {
    x: days.map((d) => Date.parse(d.day + 'T00:00:00+08:00') / 1000),
    now: days.map((d) => (d[figure] ?? 0) / scale),
    before: days.map((d) => (d.week_before[figure] ?? 0) / scale),
  }
}
