// Plays WeChat's side of the pages against a running shop and its sandbox:
//
//   node e2e/wechat.e2e.mjs BASE_URL SANDBOX_URL OUTDIR
//
// A WeChat is bound by a code on the page and unbound; somebody else logs in inside WeChat,
// buys and pays there; a third pays on WeChat's page from a phone's browser. WeChat's own
// browser is played by its user agent and a bridge that pays in the sandbox.
import { base, begin, check, eventually, id, lineOf, login, openCourse, perform, person, sandbox, shoot } from './harness.mjs'

const phone = { viewport: { width: 390, height: 844 } }
const openid = `oPlay${Date.now()}` // of who scans; the sandbox's own buyer logs in

async function control(path, body) {
  const res = await fetch(`${sandbox}/sandbox/${path}`, { method: 'POST', body: JSON.stringify(body) })
  check(res.ok, `/sandbox/${path} answered ${res.status}: ${await res.clone().text()}`)
  return res.json()
}

// buy goes as far as the quote. Whoever leaves the course's page before it says that the
// cart has the course takes back what was just asked for.
async function buy(page) {
  const { course, paid } = await openCourse(page)
  await page.locator(`${id('offer')}[data-policy="${paid}"] input`).check()
  await page.locator(id('add-to-cart')).click()
  await page.locator(id('add-to-cart')).filter({ hasText: '更新购物车' }).waitFor()
  await page.goto(`${base}/cart`)
  await lineOf(page, course).waitFor()
  await page.locator(id('checkout')).click()
  await page.locator(id('quote-line')).first().waitFor()
}

async function opened(page, name) {
  const state = page.locator(id('order-state'))
  await eventually('the order is fulfilled', async () => (await state.getAttribute('data-state')) === 'fulfilled')
  await shoot(page, name)
}

async function play(context) {
  const browser = context.browser()

  begin('bind a WeChat by the code on the page')
  const desk = await context.newPage()
  await login(desk)
  await desk.goto(`${base}/me/wechat`)
  const code = desk.locator(id('bind-qr'))
  await code.waitFor()
  await shoot(desk, 'bind')
  await control('scan', { url: await code.getAttribute('data-url'), openid })
  await desk.locator(id('wechat-bound')).waitFor()
  await shoot(desk, 'bound')
  await desk.locator(id('unbind-password')).fill(process.env.E2E_PASSWORD ?? 'learner-demo-password')
  await desk.locator(id('unbind')).click()
  await code.waitFor()

  begin('log in inside WeChat')
  const weChat = await person(browser, { ...phone, userAgent: 'Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Mobile MicroMessenger/8.0.50' })
  await weChat.exposeFunction('payInSandbox', (jsapi) => control('pay', { jsapi }).then(() => true))
  await weChat.addInitScript(() => {
    window.WeixinJSBridge = { invoke: (name, params, done) => void window.payInSandbox(params).then(() => done({ err_msg: 'get_brand_wcpay_request:ok' })) }
  })
  const page = await weChat.newPage()
  await page.goto(`${base}/login`)
  await shoot(page, 'wechat-login')
  await page.locator(id('login-wechat')).click()
  await page.locator(id('course-card')).first().waitFor()
  check(await page.evaluate(() => localStorage.getItem('mstm.session') !== null), 'nobody is logged in')

  begin('pay inside WeChat')
  await buy(page)
  await page.locator(id('place-order')).click()
  await page.locator(id('pay-now')).waitFor()
  await shoot(page, 'wechat-pay')
  await page.locator(id('pay-now')).click()
  await opened(page, 'wechat-opened')

  begin('pay in a phone\'s browser')
  const safari = await person(browser, { ...phone, userAgent: 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Mobile/15E148 Safari/604.1' })
  const mobile = await safari.newPage()
  await login(mobile)
  await buy(mobile)
  await mobile.locator(id('place-order')).click()
  await mobile.locator(id('pay-now')).click()
  await mobile.locator('#pay').waitFor()
  await shoot(mobile, 'h5-wechat')
  await mobile.locator('#pay').click()
  await mobile.getByText('支付成功').waitFor()
  await mobile.getByText('返回商家').click()
  await mobile.waitForURL(`${base}/orders/*`)
  await opened(mobile, 'h5-opened')
}

await perform(play)
