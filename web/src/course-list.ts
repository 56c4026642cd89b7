// The list of courses that a filter finds. A page of the browser's history keeps its list, so that the way back leads to
// the same cards at the same place; they are read again behind what is shown.
import { onBeforeUnmount, ref, shallowReactive, watch, type Ref } from 'vue'
import { api, messageOf, type SearchFilter } from './api'
import type { FoundCourse, SearchResult } from './types'

interface Listing {
  items: FoundCourse[]
  cursor?: string
  found?: Pick<SearchResult, 'total' | 'facets' | 'corrected'>
}

const pageSize = 24
const mostAtOnce = 100 // that the API gives
const mostKept = 20

const kept = new Map<string, Listing>()

// place is this page of the browser's history.
function place(filter: SearchFilter): string {
  const { position } = (history.state ?? {}) as { position?: number }
  return `${position ?? 0} ${JSON.stringify(filter)}`
}

export function useCourseList(filter: Ref<SearchFilter>) {
  const list = ref(shallowReactive<Listing>({ items: [] }))
  const loading = ref(false)
  const failure = ref('')
  let asked = new AbortController()

  async function ask(cursor: string | undefined, limit: number, take: (res: SearchResult) => void): Promise<void> {
    const mine = asked
    loading.value = true
    failure.value = ''
    try {
      const res = await api.search(filter.value, { cursor, limit }, mine.signal)
      if (!mine.signal.aborted) take(res)
    } catch (err) {
      if (!mine.signal.aborted) failure.value = messageOf(err)
    } finally {
      if (mine === asked) loading.value = false
    }
  }

  function more(): Promise<void> {
    const mine = list.value
    return ask(mine.cursor, pageSize, (res) => {
      mine.items = [...mine.items, ...res.items]
      mine.cursor = res.next_cursor
      mine.found = res
    })
  }

  // refresh reads what is shown again, in its place.
  async function refresh(): Promise<void> {
    const mine = list.value
    if (mine.items.length > mostAtOnce) return
    await ask(undefined, Math.max(pageSize, mine.items.length), (res) => {
      mine.items = res.items
      mine.cursor = res.next_cursor
      mine.found = res
    })
    failure.value = '' // what is shown is good enough
  }

  function open(): void {
    asked.abort()
    asked = new AbortController()
    const here = place(filter.value)
    const known = kept.get(here)
    kept.delete(here)
    list.value = known ?? shallowReactive<Listing>({ items: [] })
    kept.set(here, list.value)
    if (kept.size > mostKept) kept.delete([...kept.keys()][0]!)
    void (known?.found ? refresh() : more())
  }

  open()
  watch(() => JSON.stringify(filter.value), open)
  onBeforeUnmount(() => asked.abort())
  return { list, loading, failure, more, refresh }
}
