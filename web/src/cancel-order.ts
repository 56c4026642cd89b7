import { showConfirmDialog } from 'vant'

// confirmCancel asks whether an order is to be cancelled. Neither button says 取消 alone.
export function confirmCancel(): Promise<boolean> {
  return showConfirmDialog({ title: '取消这笔订单？', message: '课程不会开通，价格以再次下单时为准。', confirmButtonText: '取消订单', cancelButtonText: '再想想' })
    .then(() => true, () => false)
}
