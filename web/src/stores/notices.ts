import { defineStore } from 'pinia'
import { computed, ref, watch } from 'vue'
import { api } from '@/api'
import type { Notice } from '@/types'
import { useLive } from './live'
import { useSession } from './session'

const momentAgo = 2000 // ms

// The inbox: what was read page by page, newest first, and how much is unread.
export const useNotices = defineStore('notices', () => {
  const session = useSession()
  const live = useLive()
  const items = ref<Notice[]>([])
  const unreadIds = ref(new Set<string>())
  const cursor = ref<string | undefined>()
  const done = ref(false)
  const wanted = ref(true) // whether the reader wants activities
  let news = 0 // that came or went
  let countedAt = 0 // ms
  let lists = 0 // that were begun
  const gone = new Set<string>() // read on another device, of which the word may be still to come

  const unread = computed(() => unreadIds.value.size)

  function resetList(): void {
    lists++
    gone.clear()
    items.value = []
    cursor.value = undefined
    done.value = false
  }

  function reset(): void {
    resetList()
    unreadIds.value = new Set()
    countedAt = 0
    wanted.value = true
  }

  // count asks again where news came while it asked: the answer may be older than they are. Asked again while it asks, it
  // asks once more, if there is news.
  let counting: Promise<void> | null = null
  let countedFor = ''
  function count(): Promise<void> {
    const reader = session.user?.id ?? ''
    if (counting && countedFor === reader) return counting
    countedFor = reader
    const mine: Promise<void> = ask().finally(() => {
      if (counting === mine) counting = null
    })
    return (counting = mine)
  }

  async function ask(): Promise<void> {
    const reader = session.user?.id
    if (!reader) return
    const before = news
    const box = await api.unread()
    if (session.user?.id !== reader) return
    if (news !== before) return ask()
    countedAt = Date.now()
    const ids = new Set(box.items.map((n) => n.id))
    unreadIds.value = ids
    for (const n of items.value) if (ids.has(n.id) || !box.next_cursor) n.read = !ids.has(n.id)
    wanted.value = box.activities
  }

  // more drops what belongs to a list that another has replaced, perhaps another reader's, and like
  // count takes no answer that is older than the news.
  async function more(): Promise<void> {
    const [mine, before] = [lists, news]
    const page = await api.notices(cursor.value)
    if (mine !== lists) return
    if (news !== before) return more()
    const known = new Set(items.value.map((n) => n.id))
    items.value.push(...page.items.filter((n) => !known.has(n.id)))
    cursor.value = page.next_cursor
    done.value = !page.next_cursor
  }

  // open is for a page that opens: what was counted for it a moment ago will do.
  async function open(): Promise<void> {
    if (!counting && Date.now() - countedAt > momentAgo) return restart()
    resetList()
    await more()
  }

  async function restart(): Promise<void> {
    reset()
    await Promise.all([more(), count()])
  }

  async function read(id: string | 'all', clicked = false): Promise<void> {
    await api.readNotice(id, clicked)
    wasRead(id)
  }

  // wasRead: 'all' means the notices on the server at that time. A notice that arrived here in
  // between need not be among them.
  function wasRead(id: string | 'all'): void {
    news++
    for (const n of items.value) if (id === 'all' || n.id === id) n.read = true
    if (id === 'all') {
      unreadIds.value.clear()
      return recount()
    }
    unreadIds.value.delete(id)
    gone.add(id)
  }

  // concerns: an activity for all reaches every page, also those of visitors without an inbox and
  // of readers that want no activities.
  const concerns = (n: Notice) => n.kind !== 'activity' || wanted.value

  function arrived(n: Notice): void {
    if (!session.user || n.fleeting || !concerns(n)) return
    if (unreadIds.value.has(n.id) || items.value.some((known) => known.id === n.id)) return
    if (gone.has(n.id)) n.read = true // after a cut, topics catch up independently
    news++
    items.value.unshift(n)
    if (!n.read) unreadIds.value.add(n.id)
  }

  const recount = () => void count().catch(() => {}) // a badge is not worth an error
  function stale(): void {
    news++
    recount()
  }
  live.on('notice.posted', arrived)
  live.on('notice.read', (r) => wasRead(r.id))
  live.on('notifications.changed', (now) => {
    wanted.value = now.activities
    recount()
  })
  live.on('stale:user', stale)
  live.on('stale:activity', stale)
  watch(() => session.user?.id, reset, { flush: 'sync' })

  return { items, unread, done, concerns, more, recount, open, restart, read }
})
