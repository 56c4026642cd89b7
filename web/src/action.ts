import { ref } from 'vue'
import { messageOf } from './api'
import { say } from './toast'

// showError shows what went wrong in the server's own words.
export function showError(err: unknown): void {
  say(messageOf(err))
}

// useAction runs one user action at a time: a second press while busy does nothing, and a failure
// is shown.
export function useAction() {
  const busy = ref(false)
  async function run(act: () => Promise<unknown>): Promise<void> {
    if (busy.value) return
    busy.value = true
    try {
      await act()
    } catch (err) {
      showError(err)
    } finally {
      busy.value = false
    }
  }
  return { busy, run }
}
