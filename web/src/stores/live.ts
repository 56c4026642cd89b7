import { defineStore } from 'pinia'
import { onBeforeUnmount, ref, watch } from 'vue'
import { useCut, useReading } from '@/polling'
import { closeCode, HubSocket, type HubEvent } from '@/socket'
import type { Events } from '@/types'

// What can be listened for: an event by its type, and that a topic's state must be read again.
type Heard = keyof Events | `stale:${string}`
type DataOf<Name extends Heard> = Name extends keyof Events ? Events[Name] : undefined
type Handler = (data: never) => void

// live is the tab's one socket as the other stores and the pages see it: they listen for events by
// type, and for topics with a state that must be read again.
export const useLive = defineStore('live', () => {
  const live = ref(false)
  const over = ref(false) // the hub will not have this page back
  const handlers = new Map<string, Set<Handler>>()
  let ended: (code: number, token: string) => void = () => {}

  function emit(name: string, data: unknown): void {
    for (const handle of handlers.get(name) ?? []) handle(data as never)
  }

  // readAll calls each listener for stale topics once, even one that listens to several topics.
  function readAll(): void {
    const stale = [...handlers.keys()].filter((name) => name.startsWith('stale:'))
    for (const handle of new Set(stale.flatMap((name) => [...(handlers.get(name) ?? [])]))) handle(undefined as never)
  }

  const socket = new HubSocket(location.origin, {
    event(e: HubEvent) {
      // The close code says the same a moment later, unless the link breaks in between.
      const replaced: keyof Events = 'session.replaced'
      if (e.type === replaced) ended(closeCode.replaced, token)
      emit(e.type, e.data)
    },
    stale: (topic) => emit('stale:' + topic, undefined),
    changed: (now) => (live.value = now),
    ended(code, token) {
      over.value = true
      ended(code, token)
    },
  })
  let token = ''

  // on calls handle for every event of a type until the returned function is called.
  function on<Name extends Heard>(name: Name, handle: (data: DataOf<Name>) => void): () => void {
    const set = handlers.get(name) ?? new Set()
    handlers.set(name, set.add(handle as Handler))
    return () => set.delete(handle as Handler)
  }

  function start(as: string): void {
    token = as
    over.value = false
    socket.start(as)
  }

  // Without a link the pages read when they are looked at, and slowly while they are in view.
  const cut = useCut(live)
  useReading(readAll, cut)

  const whenEnded = (act: typeof ended) => (ended = act)
  const follow = (topic: string) => socket.follow(topic)
  const unfollow = (topic: string) => socket.unfollow(topic)
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
