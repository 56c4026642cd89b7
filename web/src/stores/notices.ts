import { defineStore } from 'pinia'
import { computed, ref, watch } from 'vue'
import { api } from '@/api'
import type { Notice } from '@/types'
import { useLive } from './live'
import { useSession } from './session'

// The inbox: what was read page by page, newest first, and how much is unread.
export const useNotices = defineStore('notices', () => {
  const session = useSession()
  const live = useLive()
  const items = ref<Notice[]>([])
  const unreadIds = ref(new Set<string>())
  const cursor = ref<string | undefined>()
  const done = ref(false)

  const unread = computed(() => unreadIds.value.size)

  function reset(): void {
    items.value = []
    unreadIds.value = new Set()
    cursor.value = undefined
    done.value = false
  }

  async function count(): Promise<void> {
    if (!session.user) return
    unreadIds.value = new Set((await api.unread()).items.map((n) => n.id))
  }

  async function more(): Promise<void> {
    const page = await api.notices(cursor.value)
    const known = new Set(items.value.map((n) => n.id))
    items.value.push(...page.items.filter((n) => !known.has(n.id)))
    cursor.value = page.next_cursor
    done.value = !page.next_cursor
  }

  async function restart(): Promise<void> {
    reset()
    await Promise.all([more(), count()])
  }

  async function read(id: string | 'all'): Promise<void> {
    await api.readNotice(id)
    for (const n of items.value) if (id === 'all' || n.id === id) n.read = true
    if (id === 'all') unreadIds.value.clear()
    else unreadIds.value.delete(id)
  }

  function arrived(n: Notice): void {
    if (items.value.some((known) => known.id === n.id)) return
    items.value.unshift(n)
    if (!n.read) unreadIds.value.add(n.id)
  }

  live.on<Notice>('notice.posted', arrived)
  live.on('stale:user', () => void count().catch(() => {})) // a badge is not worth an error
  watch(() => session.user?.id, reset, { flush: 'sync' })

  return { items, unread, done, more, restart, read }
})
