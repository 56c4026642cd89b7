import { defineStore } from 'pinia'
import { ref } from 'vue'

// useStepUp asks for the password again, where the API wants to know that it is still the same person.
export const useStepUp = defineStore('step-up', () => {
  const open = ref(false)
  let answer: (proved: boolean) => void = () => {}

  function ask(): Promise<boolean> {
    answer(false)
    open.value = true
    return new Promise((resolve) => (answer = resolve))
  }

  function end(proved: boolean): void {
    open.value = false
    answer(proved)
  }

  return { open, ask, end }
})
