import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import { api } from '@/api'
import type { PaperEdition, Papers } from '@/types'

// What the shop says of itself: its name, its registration, how to reach its people. The server has put it into the page;
// a page from elsewhere asks for it.
export const usePapers = defineStore('papers', () => {
  const papers = ref<Papers | null>(fromPage())

  if (!papers.value) void api.papers().then((p) => (papers.value = p), () => {})

  // consent are the editions to agree to: as the page has them, or as a refusal has said since.
  const newer = ref<PaperEdition[] | null>(null)
  const consent = computed(() => newer.value ?? papers.value?.consent ?? [])
  const renew = (editions: PaperEdition[]) => {
    const all = [...consent.value.filter((e) => !editions.some((n) => n.paper === e.paper)), ...editions]
    newer.value = all
  }

  // ask has the person asked for a consent that a refusal wants, and says whether it was given.
  const asking = ref<PaperEdition[] | null>(null)
  let answered: (agreed: boolean) => void = () => {}
  function ask(editions: PaperEdition[]): Promise<boolean> {
    answer(false)
    renew(editions)
    asking.value = editions
    return new Promise((resolve) => (answered = resolve))
  }
  function answer(agreed: boolean): void {
    asking.value = null
    answered(agreed)
  }

  return { papers, consent, renew, asking, ask, answer }
})

function fromPage(): Papers | null {
  try {
    return JSON.parse(document.getElementById('papers')?.textContent ?? 'null')
  } catch {
    return null
  }
}
