// Whoever comes back from WeChat's page may have paid, and the page cannot know before the
// server does. For a while it says that it asks, also after the reload that the way back is.
import { onMounted, onScopeDispose, ref } from 'vue'
import { keep } from './keep'

const slot = 'mstm.paying' // the order and when its buyer left, in ms
const patience = 45_000 // ms

export function useAwaited(order: string) {
  const on = ref(false)
  let timer: number | undefined

  function show(leftAt: number): void {
    const rest = leftAt + patience - Date.now()
    on.value = rest > 0
    clearTimeout(timer)
    if (rest > 0) timer = window.setTimeout(end, rest)
  }

  function begin(): void {
    keep.write('sessionStorage', slot, `${order} ${Date.now()}`)
    show(Date.now())
  }

  function end(): void {
    clearTimeout(timer)
    on.value = false
    keep.remove('sessionStorage', slot)
  }

  onMounted(() => {
    const [of, leftAt] = (keep.read('sessionStorage', slot) ?? '').split(' ')
    if (of === order) show(Number(leftAt))
  })
  onScopeDispose(() => clearTimeout(timer))
  return { on, begin, end }
}
