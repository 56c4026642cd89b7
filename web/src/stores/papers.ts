import { defineStore } from 'pinia'
import { ref } from 'vue'
import { api } from '@/api'
import type { Papers } from '@/types'

// What the shop says of itself: its name, its registration, how to reach its people. The server has put it into the page;
// a page from elsewhere asks for it.
export const usePapers = defineStore('papers', () => {
  const papers = ref<Papers | null>(fromPage())

  if (!papers.value) void api.papers().then((p) => (papers.value = p), () => {})

  return { papers }
})

function fromPage(): Papers | null {
  try {
    return JSON.parse(document.getElementById('papers')?.textContent ?? 'null')
  } catch {
    return null
  }
}
