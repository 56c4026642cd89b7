// Plays WeChat's side of the pages against a running shop and its sandbox:
//
//   node e2e/wechat.e2e.mjs BASE_URL SANDBOX_URL OUTDIR
//
// A WeChat is bound by a code on the page, scanned by the sandbox's phone, and unbound; a second
// user logs in inside WeChat (its own browser is the sandbox's), and buys and pays there; a third
// pays on WeChat's page from a phone's browser.
import { base, begin, check, eventually, expect, id, kept, lineOf, login, mark, openCourse, perform, person, sandbox, shoot } from './harness.mjs'

const phone = { viewport: { width: 390, height: 844 } }
const inWeChat = `http://wechat2.phone.localhost:${new URL(sandbox).port}` // the second of the phone's people

// buy goes as far as the quote. It waits until the course's page says that the cart has the
// course: leaving earlier would abort the request.
async function buy(page, shop) {
  const { course, paid } = await openCourse(page)
  await page.locator(`${id('offer')}[data-policy="${paid}"] input`).check()
  await page.locator(id('add-to-cart')).click()
  await page.locator(id('add-to-cart')).filter({ hasText: '更新购物车' }).waitFor()
  await page.goto(`${shop}/cart`)
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
  const scanner = await context.newPage()
  await scanner.goto(`${sandbox}/phone?code_url=${encodeURIComponent(await code.getAttribute('data-url'))}`)
  await scanner.locator('#scan').click()
  await scanner.locator('#account').getByText('已关注').waitFor()
  await desk.locator(id('wechat-bound')).waitFor()
  await shoot(desk, 'bound')
  await desk.locator(id('unbind-password')).fill(process.env.E2E_PASSWORD ?? 'learner-demo-password')
  await desk.locator(id('unbind')).click()
  await code.waitFor()

  begin('choose what WeChat tells')
  await desk.goto(`${base}/me/notifications`)
  await desk.locator(id('notify-activities')).click()
  await desk.locator(`${id('notify-activities')}[aria-checked="false"]`).waitFor()
  await shoot(desk, 'notifications')
  await desk.reload()
  await desk.locator(`${id('notify-activities')}[aria-checked="false"]`).click()
  await desk.locator(`${id('notify-activities')}[aria-checked="true"]`).waitFor()

  begin('log in inside WeChat')
  const weChat = await person(browser, phone)
  const page = await weChat.newPage()
  await page.goto(`${inWeChat}/login?next=/orders`)
  await shoot(page, 'wechat-login')
  const codes = []
  page.on('request', (r) => r.isNavigationRequest() && r.url().includes('/login/wechat?code=') && codes.push(r.url()))
  await page.locator(id('login-wechat')).click()
  await page.waitForURL(`${inWeChat}/orders`)
  check(codes.length === 1, `WeChat led back ${codes.length} times`)

  begin('a spent code, opened again while logged in, goes where it was going')
  expect(/409/) // is what the shop says of a spent code
  await page.goto(codes[0])
  await page.waitForURL(`${inWeChat}/orders`)
  expect()
  check(await page.evaluate(() => localStorage.getItem('mstm.session') !== null), 'nobody is logged in')

  begin('pay inside WeChat')
  await page.goto(inWeChat)
  await buy(page, inWeChat)
  await page.locator(id('place-order')).click() // and goes straight on to paying
  await page.locator('#weixin-pay:enabled').waitFor()
  await shoot(page, 'wechat-pay')
  await page.locator('#weixin-cancel').click()
  await page.getByText('还没有支付').waitFor()
  await page.locator(id('pay-now')).click()
  await page.locator('#weixin-fail').click()
  expect(/428/) // is how the page learns that it needs an openid
  await mark(page)
  await page.locator(id('pay-other-wechat')).click()
  await eventually('the page comes back from WeChat', async () => !(await kept(page).catch(() => true)))
  await page.locator(id('pay-now')).click()
  await page.locator('#weixin-pay').click()
  await page.locator('#weixin-done').click()
  await opened(page, 'wechat-opened')

  begin('order in a phone\'s browser')
  const safari = await person(browser, { ...phone, userAgent: 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Mobile/15E148 Safari/604.1' })
  const mobile = await safari.newPage()
  await login(mobile)
  await buy(mobile, base)
  await mobile.locator(id('place-order')).click()
  await mobile.locator('#pay').waitFor()
  await mobile.goBack()
  await mobile.locator(id('pay-awaited')).waitFor()
  await mobile.locator(id('pay-again')).click()
  await mobile.locator(id('pay-now')).waitFor()

  begin('looking at the order on a desk leaves the payment on the phone')
  const other = await safari.newPage()
  await other.addInitScript(() => Object.defineProperty(navigator, 'userAgent', { get: () => 'a desk' }))
  await other.goto(`${base}/orders`)
  await other.locator(id('pay-again')).click()
  await other.locator(id('pay-elsewhere')).waitFor()

  begin('a payment that is taken to the desk is said to be gone on the phone, and taken back')
  await other.locator(id('pay-here')).click()
  await other.locator(id('pay-qr')).waitFor()
  await mobile.locator(id('pay-taken')).waitFor()
  await shoot(mobile, 'h5-taken')
  await mobile.locator(id('pay-here')).click()
  await mobile.locator('#pay').waitFor()
  await other.locator(id('pay-taken')).waitFor()
  await shoot(other, 'native-taken')
  await mobile.goBack()
  await mobile.locator(id('pay-again')).click()

  begin('pay in a phone\'s browser')
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
