import { onMounted, ref } from 'vue'
import { api, messageOf } from '@/api'
import { useSession } from '@/stores/session'
import type { Me } from '@/types'

// useMe reads the account for a page about it, as it opens and whenever read is called; unread says why it could not.
// first is what the page reads before it.
export function useMe(first: () => Promise<void> = async () => {}) {
  const session = useSession()
  const me = ref<Me | null>(null)
  const unread = ref('')

  async function read(): Promise<void> {
    unread.value = ''
    try {
      await first()
      me.value = await session.forSameUser(api.me())
    } catch (err) {
      unread.value = messageOf(err)
    }
  }

  onMounted(read)
  return { me, unread, read }
}
