// What the shop shows on its front page above the courses. The server has put it into that page, and into every page how
// much room it takes: what is below it never moves.
import { shallowRef } from 'vue'
import { request } from './api'
import type { Front } from './types'

const size = document.querySelector<HTMLMetaElement>('meta[name="front"]')?.content.split(' ').map(Number)

export const front = shallowRef<Front | null>(fromPage())
export const room = { banners: !!size?.[0], rows: size?.[1] ?? 0 }
let isFresh = !!front.value

function fromPage(): Front | null {
  try {
    return JSON.parse(document.getElementById('front')?.textContent ?? 'null')
  } catch {
    return null
  }
}

// readFront reads it, but for the first time where it came with the page.
export async function readFront(): Promise<void> {
  if (!isFresh) front.value = await request<Front>('GET', '/front').catch(() => front.value)
  isFresh = false
}
