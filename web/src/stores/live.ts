import { Live, type DataOf, type Heard } from '@client'
import { defineStore } from 'pinia'
import { onBeforeUnmount, ref, watch } from 'vue'
import { reads } from '@/reads'
import { useCut, useReading } from '@/polling'

// live is the client's live link as the other stores and the pages see it: they listen for events by
// type, and for topics with a state that must be read again.
export const useLive = defineStore('live', () => {
  const live = ref(false)
  const over = ref(false) // the hub will not have this page back
  let ended: (code: number, token: string) => void = () => {}

  const link = new Live({
    origin: location.origin,
    changed: (now) => (live.value = now),
    ended(code, token) {
      over.value = true
      ended(code, token)
    },
  })

  reads.whenNoted((places, asker, since) => link.noted(places, asker, since))

  function start(as: string): void {
    over.value = false
    link.start(as)
  }

  // Without a link the pages read when they are looked at, and slowly while they are in view.
  const cut = useCut(live)
  useReading(() => link.readAll(), cut)

  // on calls handle for every event of a type until the returned function is called.
  const on = <Name extends Heard>(name: Name, handle: (data: DataOf<Name>) => void) => link.on(name, handle)
  const whenEnded = (act: typeof ended) => (ended = act)
  const follow = (topic: string) => link.follow(topic)
  const unfollow = (topic: string) => link.unfollow(topic)
  return { live, cut, over, on, start, whenEnded, follow, unfollow }
})

const coursesAtOnce = 24 // the hub lets a page follow 32 topics

// useCourses follows the first courses of a list for as long as the calling page is shown.
export function useCourses(courses: () => string[]): void {
  const live = useLive()
  const followed = new Set<string>()

  function followOnly(wanted: string[]): void {
    for (const id of followed) if (!wanted.includes(id) && followed.delete(id)) live.unfollow('course:' + id)
    for (const id of wanted) if (!followed.has(id) && followed.add(id)) live.follow('course:' + id)
  }

  watch(() => courses().slice(0, coursesAtOnce).join(), () => followOnly(courses().slice(0, coursesAtOnce)), { immediate: true })
  onBeforeUnmount(() => followOnly([]))
}

// useEvent calls handle for as long as the calling page is shown.
export function useEvent<Name extends Heard>(name: Name, handle: (data: DataOf<Name>) => void): void {
  onBeforeUnmount(useLive().on(name, handle))
}
