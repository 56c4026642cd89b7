// A buyer that comes back from WeChat's page may have paid, and the page cannot know before the
// server does. For a while the page says that it is confirming, also after the reload on the way
// back.
import { onMounted, onScopeDispose, ref } from 'vue'
import { browserStorage } from './browser-storage'

const storageKey = 'mstm.paying' // the order and when its buyer left, in ms
const confirmFor = 45_000 // ms

export function usePaymentConfirmation(order: string) {
  const confirming = ref(false)
  let timer: number | undefined

  function show(leftAt: number): void {
    const rest = leftAt + confirmFor - Date.now()
    confirming.value = rest > 0
    clearTimeout(timer)
    if (rest > 0) timer = window.setTimeout(end, rest)
  }

  function begin(): void {
    browserStorage.write('sessionStorage', storageKey, `${order} ${Date.now()}`)
    show(Date.now())
  }

  function end(): void {
    clearTimeout(timer)
    confirming.value = false
    browserStorage.remove('sessionStorage', storageKey)
  }

  onMounted(() => {
    const [of, leftAt] = (browserStorage.read('sessionStorage', storageKey) ?? '').split(' ')
    if (of === order) show(Number(leftAt))
  })
  onScopeDispose(() => clearTimeout(timer))
  return { confirming, begin, end }
}
