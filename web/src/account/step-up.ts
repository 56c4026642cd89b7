import { ref } from 'vue'
import { api, messageOf, Problem } from '@/api'

// useProof runs what asks for the password again: where the server wants it, `asked` shows its field, and the next try gives it.
export function useProof(hasPassword: () => boolean) {
  const asked = ref(false)
  const password = ref('')
  const busy = ref(false)
  const failure = ref('')

  async function prove(act: () => Promise<void>): Promise<void> {
    if (busy.value) return
    busy.value = true
    failure.value = ''
    try {
      if (asked.value) await api.stepUp(password.value)
      await act()
      password.value = ''
      asked.value = false
    } catch (err) {
      const wanted = err instanceof Problem && err.code === 'STEP_UP_REQUIRED'
      if (wanted && hasPassword() && !asked.value) asked.value = true
      else failure.value = wanted ? '为了安全，请退出后重新登录，再来操作' : messageOf(err)
    } finally {
      busy.value = false
    }
  }
  return { asked, password, busy, failure, prove }
}
