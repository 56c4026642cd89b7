// What differs inside WeChat and in a phone's browser, and how a page pays there.
import type { Channel, JSAPIParams } from './types'

interface Bridge {
  invoke(name: string, params: object, done: (result: { err_msg: string }) => void): void
}

declare global {
  interface Window {
    WeixinJSBridge?: Bridge
  }
}

export const landedAt = location.href // where this page was opened
export const inWeChat = /MicroMessenger/i.test(navigator.userAgent)
const onPhone = /Android|iPhone|iPad|iPod|Mobile/i.test(navigator.userAgent)

// channel is the way to pay that works in this browser: WeChat cannot scan its own screen,
// and a phone cannot scan itself.
export const channel: Channel = inWeChat ? 'jsapi' : onPhone ? 'h5' : 'native'

// bridge comes when WeChat's browser is ready, which may be after the page.
function bridge(): Promise<Bridge> {
  if (window.WeixinJSBridge) return Promise.resolve(window.WeixinJSBridge)
  return new Promise((resolve) => {
    document.addEventListener('WeixinJSBridgeReady', () => resolve(window.WeixinJSBridge!), { once: true })
  })
}

// payInWeChat hands a payment to WeChat and returns how its sheet was left. Even "ok" proves
// nothing: only the server knows what became of the order.
export async function payInWeChat(params: JSAPIParams): Promise<'ok' | 'cancel' | 'fail'> {
  const b = await bridge()
  return new Promise((resolve) =>
    b.invoke('getBrandWCPayRequest', params, ({ err_msg }) => {
      resolve(err_msg === 'get_brand_wcpay_request:ok' ? 'ok' : err_msg === 'get_brand_wcpay_request:cancel' ? 'cancel' : 'fail')
    }))
}

// h5Page is WeChat's page for a phone's browser, which comes back to this one. Nothing else
// may be added to its address.
export const h5Page = (h5Url: string): string => `${h5Url}&redirect_url=${encodeURIComponent(location.href)}`

// loginPage leads through WeChat's authorisation and back to a page of ours.
export const loginPage = (next: string): string => `/api/wechat/login?next=${encodeURIComponent(next)}`
