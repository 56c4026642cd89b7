// What the page is reading, and where each answer stands in the topics that it is about: the live link goes on from there.
import { placesOf, type Places } from '@client'
import { ref } from 'vue'

// keptSince is from when an answer is that the browser had kept, because the shop did not answer; '': all are its own.
export const keptSince = ref('')

let underWay = 0
let waiting: (() => void)[] = []
let note: (places: Places, asker: string, since: number) => void = () => {}

function settle(): void {
  if (underWay) return
  for (const done of waiting.splice(0)) done()
}

export const reads = {
  async during<T>(asked: Promise<T>): Promise<T> {
    underWay++
    try {
      return await asked
    } finally {
      underWay--
      setTimeout(settle) // what an answer leads to is asked first
    }
  },

  whenNoted: (act: typeof note) => (note = act),

  // noted reports whether the answer is the shop's own, not one that was kept.
  noted(res: Response, asker: string, since: number): boolean {
    keptSince.value = res.headers.get('Kept-Since') ?? ''
    if (res.headers.has('Kept-Since')) return false
    note(placesOf(res.headers.get('Hub-Position')), asker, since)
    return true
  },

  // settled waits until nothing is read any more, but not longer than so many ms.
  settled(most: number): Promise<void> {
    return new Promise((resolve) => {
      waiting.push(resolve)
      setTimeout(resolve, most)
      setTimeout(settle)
    })
  },
}
