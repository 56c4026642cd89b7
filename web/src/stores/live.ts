import { defineStore } from 'pinia'
import { onBeforeUnmount, ref } from 'vue'
import { closeCode, HubSocket, type HubEvent } from '@/socket'

type Handler = (data: never) => void

// live is the tab's one socket as the other stores and the pages see it: they
// listen for events by type, and for topics whose state must be read again.
export const useLive = defineStore('live', () => {
  const live = ref(false)
  const over = ref(false) // the hub will not have this page back
  const handlers = new Map<string, Set<Handler>>()
  let ended: (code: number, token: string) => void = () => {}

  function emit(name: string, data: unknown): void {
    for (const handle of handlers.get(name) ?? []) handle(data as never)
  }

  const socket = new HubSocket(location.origin, {
    event(e: HubEvent) {
      // The close code says the same a moment later, unless the link breaks in between.
      if (e.type === 'session.replaced') ended(closeCode.replaced, token)
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

  // on hears every event of a type until the function it returns is called.
  function on<T>(name: string, handle: (data: T) => void): () => void {
    const set = handlers.get(name) ?? new Set()
    handlers.set(name, set.add(handle as Handler))
    return () => set.delete(handle as Handler)
  }

  function start(as: string): void {
    token = as
    over.value = false
    socket.start(as)
  }

  const whenEnded = (act: typeof ended) => (ended = act)
  const follow = (topic: string) => socket.follow(topic)
  const unfollow = (topic: string) => socket.unfollow(topic)
  return { live, over, on, start, whenEnded, follow, unfollow }
})

// useEvent hears events for as long as the calling page is shown.
export function useEvent<T>(name: string, handle: (data: T) => void): void {
  onBeforeUnmount(useLive().on(name, handle))
}
