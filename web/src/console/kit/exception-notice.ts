// A notice on whatever page is open that finance has something to decide about.
import 'element-plus/es/components/notification/style/css'
import { ElNotification } from 'element-plus'
import { onBeforeUnmount } from 'vue'
import { useRouter } from 'vue-router'
import { useEvent } from '@/stores/live'
import { yuan } from '@/words'

const gather = 500 // ms; what comes within it is one notice

export function useExceptionNotice(): void {
  const router = useRouter()
  const came: { order?: string; amount: number }[] = []
  let timer: number | undefined

  function show(): void {
    timer = undefined
    const all = came.splice(0)
    const one = all.length === 1 ? all[0] : undefined
    const notice = ElNotification({
      type: 'warning', title: one ? (one.order ? '一笔订单的付款对不上' : '一笔收款找不到订单') : `${all.length} 笔付款等您处理`,
      message: one ? `${yuan(one.amount)}，点击查看` : '点击查看', duration: 15_000,
      onClick() {
        notice.close()
        void router.push(one?.order ? { name: 'order', params: { order: one.order } } : { name: 'exceptions' })
      },
    })
  }

  useEvent('exception.opened', (x) => {
    came.push({ order: x.order_id, amount: x.amount_fen })
    timer ??= window.setTimeout(show, gather)
  })
  onBeforeUnmount(() => clearTimeout(timer))
}
