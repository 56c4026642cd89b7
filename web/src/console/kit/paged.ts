// A list of the API as a page has it: read in pages, and changed in place by what events say.
import { ref, shallowRef, type Ref } from 'vue'
import { messageOf } from '@/api'
import type { List } from '@/types'

export interface Paged<T> {
  items: Ref<T[]>
  next: Ref<string | undefined>
  loaded: Ref<boolean>
  failure: Ref<string>
  load(): Promise<void>
  more(): Promise<void>
  put(row: T): void
}

// place is where a row stands in the list, the greatest first; without one a new row is not put into it.
export function usePaged<T>(read: (cursor?: string) => Promise<List<T>>, id: (row: T) => string, place?: (row: T) => string): Paged<T> {
  const items = shallowRef<T[]>([])
  const next = ref<string>()
  const loaded = ref(false)
  const failure = ref('')
  let asked = 0

  // load reads the first page; an answer that a newer question has overtaken is dropped.
  async function load(): Promise<void> {
    const mine = ++asked
    try {
      const page = await read()
      if (mine !== asked) return
      items.value = page.items
      next.value = page.next_cursor
      loaded.value = true
      failure.value = ''
    } catch (err) {
      if (mine === asked) failure.value = messageOf(err)
    }
  }

  async function more(): Promise<void> {
    const mine = asked
    const page = await read(next.value)
    if (mine !== asked) return
    const known = new Set(items.value.map(id))
    items.value = [...items.value, ...page.items.filter((row) => !known.has(id(row)))]
    next.value = page.next_cursor
  }

  // put shows a row in place of the one before it, and a new one where it belongs, unless that is on a page to come.
  function put(row: T): void {
    const known = items.value.some((other) => id(other) === id(row))
    if (known) items.value = items.value.map((other) => (id(other) === id(row) ? row : other))
    else if (place) {
      const after = items.value.findIndex((other) => place(other) < place(row))
      const at = after < 0 ? items.value.length : after
      if (after >= 0 || !next.value) items.value = [...items.value.slice(0, at), row, ...items.value.slice(at)]
    }
  }

  return { items, next, loaded, failure, load, more, put }
}
