import { computed, onScopeDispose, ref, watch, type Ref } from 'vue'

// usePolling asks again and again while `needed` holds, never twice at once; a
// failed question is simply followed by the next. Pauses vary by a fifth so that
// the pages which lost one server do not ask in step.
export function usePolling(ask: () => unknown, needed: Ref<boolean>, pauseMs: number): void {
  let timer: number | undefined

  function plan(): void {
    clearTimeout(timer)
    if (needed.value) timer = window.setTimeout(askOnce, pauseMs * (0.8 + Math.random() * 0.4))
  }

  async function askOnce(): Promise<void> {
    await Promise.resolve(ask()).catch(() => {})
    plan()
  }

  watch(needed, plan, { immediate: true })
  onScopeDispose(() => {
    needed = { value: false } as Ref<boolean> // a question still under way plans no other
    clearTimeout(timer)
  })
}

const cutAfter = 4000 // ms; a link that is away for less is no concern

// useCut is true once the link has been away for a while.
export function useCut(live: Ref<boolean>): Ref<boolean> {
  const cut = ref(false)
  let timer: number | undefined
  watch(live, (now) => {
    clearTimeout(timer)
    if (now) cut.value = false
    else timer = window.setTimeout(() => (cut.value = true), cutAfter)
  }, { immediate: true })
  onScopeDispose(() => clearTimeout(timer))
  return cut
}

const slowPause = 20_000 // ms between readings of a page in view that has no link
const lookPause = 3000 // ms; looking twice within this reads once

// useReading calls read while the link is cut: when the page comes into view, and slowly
// while it is in view. A hidden page reads nothing.
export function useReading(read: () => void, cut: Ref<boolean>): void {
  const visible = ref(document.visibilityState === 'visible')
  let readAt = 0

  function look(): void {
    visible.value = document.visibilityState === 'visible'
    if (cut.value && visible.value) now()
  }

  function now(): void {
    if (Date.now() - readAt < lookPause) return
    readAt = Date.now()
    read()
  }

  document.addEventListener('visibilitychange', look)
  addEventListener('pageshow', look)
  addEventListener('focus', look)
  onScopeDispose(() => {
    document.removeEventListener('visibilitychange', look)
    removeEventListener('pageshow', look)
    removeEventListener('focus', look)
  })
  usePolling(now, computed(() => cut.value && visible.value), slowPause)
}
