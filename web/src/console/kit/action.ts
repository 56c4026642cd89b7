import { ElMessage } from 'element-plus'
import { ref } from 'vue'
import { messageOf, Problem } from '@/api'
import { useStepUp } from './step-up'

// showError shows what went wrong in the server's own words.
export const showError = (err: unknown): unknown => ElMessage.error({ message: messageOf(err), duration: 5000, showClose: true })

// useAction runs one action of a person at a time: a second press while busy does nothing, and a failure is shown. What
// asks for the password again goes on by itself once that was given.
export function useAction() {
  const busy = ref(false)
  const stepUp = useStepUp()
  async function run(act: () => Promise<unknown>): Promise<void> {
    if (busy.value) return
    busy.value = true
    try {
      await proved(act)
    } catch (err) {
      showError(err)
    } finally {
      busy.value = false
    }
  }
  async function proved(act: () => Promise<unknown>): Promise<void> {
    try {
      await act()
    } catch (err) {
      if (!(err instanceof Problem) || err.code !== 'STEP_UP_REQUIRED') throw err
      if (await stepUp.ask()) await act()
    }
  }
  return { busy, run }
}
