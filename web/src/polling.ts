import { onScopeDispose, watch, type Ref } from 'vue'

// usePolling asks again and again while `needed` holds, never twice at once; a
// failed question is simply followed by the next. Pauses vary by a fifth so that
// the pages which lost one server do not ask in step.
export function usePolling(ask: () => Promise<unknown>, needed: Ref<boolean>, pauseMs: number): void {
  let timer: number | undefined

  function plan(): void {
    clearTimeout(timer)
    if (needed.value) timer = window.setTimeout(turn, pauseMs * (0.8 + Math.random() * 0.4))
  }

  async function turn(): Promise<void> {
    await ask().catch(() => {})
    plan()
  }

  watch(needed, plan, { immediate: true })
  onScopeDispose(() => {
    needed = { value: false } as Ref<boolean> // a question still under way plans no other
    clearTimeout(timer)
  })
}
