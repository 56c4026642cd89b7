// Plays one person on a phone and on a computer, against a running shop and its sandbox:
//
//   node e2e/devices.e2e.mjs BASE_URL SANDBOX_URL OUTDIR
//
// What was chosen before the login is in the cart after it. Both are logged in at once; what the phone puts into the cart the computer shows, and the other way round.
// The computer ends the phone's login, which is out at once and says why; the phone comes back and lets another computer in. Then the password is changed, and
// the account deleted, by keyboard.
import { randomUUID } from 'node:crypto'
import { base, begin, check, eventually, expect, id, kept, lineOf, mark, perform, person, shoot } from './harness.mjs'

const iPhone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true,
  userAgent: 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1' }
const name = `devices-${randomUUID().slice(0, 8)}`
const password = `a password of ${randomUUID().slice(0, 8)}`
const device = (page, text) => page.locator(id('device')).filter({ hasText: text })

async function enter(page, secret, joins) {
  await page.goto(`${base}/login`)
  if (joins) await page.locator(id('login-switch')).click()
  await page.locator(id('login-username')).fill(name)
  await page.locator(id('login-password')).fill(secret)
  await page.locator(id('login-submit')).click()
  await page.locator(id('course-card')).first().waitFor()
}

async function play(office) {
  let sockets = 0 // of the tabs themselves: a browser's tabs share a link that is none of theirs
  office.on('page', (page) => page.on('websocket', () => sockets++))
  const desk = await office.newPage()
  const phone = await (await person(office.browser(), iPhone)).newPage()

  begin('a visitor\'s cart is the same in two tabs')
  const tab = await office.newPage()
  await tab.goto(`${base}/cart`)
  await tab.getByText('购物车是空的').waitFor()
  await mark(tab)
  await desk.goto(`${base}/courses/ts1`)
  await desk.locator(id('add-to-cart')).waitFor()
  const offers = desk.locator(`${id('offer')} input:not([disabled])`)
  await offers.last().check()
  const choice = await desk.locator(id('offer')).filter({ has: desk.locator('input:checked') }).getAttribute('data-policy')
  await desk.locator(id('add-to-cart')).click()
  await lineOf(tab, 'ts1').waitFor()
  check((await lineOf(tab, 'ts1').locator(id('cart-policy')).inputValue()) === choice, 'the tab shows another policy than the one chosen')
  check(await kept(tab), 'the second tab was reloaded')
  await shoot(tab, 'cart-visitor')

  begin('one person logs in on the computer and on the phone')
  await enter(desk, password, true)
  await enter(phone, password)

  begin('what the visitor chose is in the cart on both')
  for (const page of [tab, phone]) {
    await page.goto(`${base}/cart`)
    await lineOf(page, 'ts1').waitFor()
    check((await lineOf(page, 'ts1').locator(id('cart-policy')).inputValue()) === choice, 'another policy was merged')
  }
  check((await desk.evaluate(() => localStorage.getItem('mstm.guest-cart'))) === null, 'the visitor\'s cart was kept')
  await tab.goto(`${base}/courses/ts1`)
  await eventually('the course shows what is chosen', async () => (await tab.locator(id('offer')).filter({ has: tab.locator('input:checked') }).getAttribute('data-policy')) === choice)

  begin('the browser\'s tabs share one link, which outlives the first of them')
  const later = await office.newPage()
  await later.goto(`${base}/cart`)
  await lineOf(later, 'ts1').waitFor()
  check(sockets === 0, `${sockets} tabs have opened a socket of their own`)
  await tab.close()
  await phone.locator(id('cart-empty')).click()
  await phone.locator('.van-dialog__confirm').click()
  await later.getByText('购物车是空的').waitFor()
  await later.close()

  begin('what the phone puts into the cart is on the computer')
  await desk.locator(id('nav-cart')).click()
  await desk.getByText('购物车是空的').waitFor()
  await mark(desk)
  await phone.goto(`${base}/courses/go1`)
  await phone.locator(id('add-to-cart')).waitFor()
  const pressed = Date.now()
  await phone.locator(id('add-to-cart')).click()
  await lineOf(desk, 'go1').waitFor()
  console.log(`  shown on the computer ${Date.now() - pressed} ms after it was pressed on the phone`)
  await shoot(desk, 'cart-desktop')
  await phone.goto(`${base}/cart`)
  await lineOf(phone, 'go1').waitFor()
  const options = await lineOf(desk, 'go1').locator(`${id('cart-policy')} option`).evaluateAll((all) => all.map((o) => o.value))
  const chosen = await lineOf(desk, 'go1').locator(id('cart-policy')).inputValue()
  const next = options.find((o) => o !== chosen)
  await lineOf(desk, 'go1').locator(id('cart-policy')).selectOption(next)
  await eventually('the phone shows what the computer chose', async () => (await lineOf(phone, 'go1').locator(id('cart-policy')).inputValue()) === next)
  check(await kept(desk), 'the computer\'s page was reloaded')
  await shoot(phone, 'cart-phone')

  begin('the computer lists both, and the list follows')
  await desk.goto(`${base}/me`)
  await shoot(desk, 'me')
  await desk.locator(id('me-devices')).focus()
  await desk.keyboard.press('Enter')
  await device(desk, 'iPhone · Safari').waitFor()
  check((await desk.locator(`${id('device')}[data-current="true"]`).textContent()).includes('Linux · Chrome'), 'the own device is another')
  check((await desk.locator(id('device')).count()) === 2, 'there are not two devices')
  await shoot(desk, 'devices')

  begin('the phone lists them as well')
  await phone.goto(`${base}/me/devices`)
  await device(phone, 'Linux · Chrome').waitFor()
  await shoot(phone, 'devices-phone')
  await phone.goto(`${base}/courses/go1`)
  await phone.locator(id('course-title')).waitFor()
  await eventually('the phone is live', async () => !(await phone.locator(id('offline')).isVisible()))
  await mark(phone)

  begin('ended on the computer, the phone is out at once and says why')
  await device(desk, 'iPhone · Safari').locator(id('end-device')).focus()
  await desk.keyboard.press('Enter')
  await desk.locator('.van-dialog__confirm').waitFor()
  await shoot(desk, 'end-device')
  const ended = Date.now()
  await desk.locator('.van-dialog__confirm').click()
  await phone.locator(id('ended-bar')).filter({ hasText: '在另一台设备上操作' }).waitFor()
  console.log(`  the phone says so ${Date.now() - ended} ms after it was pressed on the computer`)
  check(await kept(phone), 'the phone\'s page was reloaded')
  await device(desk, 'iPhone').waitFor({ state: 'detached' })
  await shoot(phone, 'ended-phone')
  await phone.locator(id('ended-bar')).getByText('重新登录').click()
  await phone.locator(id('session-ended')).waitFor()
  await shoot(phone, 'ended-phone-login')

  begin('the phone comes back, and the list shows it by itself')
  await enter(phone, password)
  await device(desk, 'iPhone · Safari').waitFor()

  begin('another computer shows a code, and the phone lets it in or not')
  const other = await (await person(office.browser(), { viewport: { width: 1440, height: 900 } })).newPage()
  await other.goto(`${base}/login`)
  const scan = async () => {
    await other.locator(id('login-code')).waitFor()
    const url = new URL(await other.locator(id('login-code')).getAttribute('data-url'), base)
    await phone.goto(base + url.pathname + url.search)
    await phone.locator(id('scan-page')).filter({ hasText: 'Linux · Chrome' }).waitFor()
  }
  await scan()
  await shoot(other, 'login-code')
  await shoot(phone, 'scan-phone')
  await phone.locator(id('scan-no')).click()
  await other.locator(id('login-code-over')).waitFor()
  await shoot(other, 'login-code-refused')
  await other.locator(id('login-code-again')).click()
  await scan()
  const said = Date.now()
  await phone.locator(id('scan-yes')).click()
  await other.locator(id('course-card')).first().waitFor()
  console.log(`  the computer is in ${Date.now() - said} ms after it was pressed on the phone`)
  await shoot(phone, 'scan-done')
  await phone.getByText('去首页').click()
  await phone.locator(id('course-card')).first().waitFor()
  await other.context().close()

  begin('a new password ends the other devices')
  const fresh = `${password} again`
  await desk.goto(`${base}/me/password`)
  await desk.locator(id('password-current')).fill('not the password')
  await desk.locator(id('password-new')).fill(fresh)
  await desk.locator(id('password-again')).fill(fresh)
  expect(/status of 40[13]/)
  await desk.locator(id('password-change')).click()
  await desk.locator(id('password-error')).waitFor()
  await shoot(desk, 'password-wrong')
  await desk.locator(id('password-current')).fill(password)
  await desk.keyboard.press('Enter')
  await desk.waitForURL(/\/me$/)
  await phone.locator(id('ended-bar')).waitFor()
  await desk.goto(`${base}/me/devices`)
  await eventually('one device is left', async () => (await desk.locator(id('device')).count()) === 1)

  begin('the account is deleted where its password is known')
  await enter(phone, fresh)
  await phone.goto(`${base}/me/delete`)
  await phone.locator(id('delete-losses')).waitFor()
  await shoot(phone, 'delete-phone')
  await phone.locator(id('delete-password')).fill(fresh)
  await phone.locator(id('delete-account')).click()
  await phone.locator('.van-dialog__confirm').click()
  await phone.locator(id('course-card')).first().waitFor()
  await desk.locator(id('session-ended')).waitFor()
  await shoot(desk, 'deleted-desktop')
  await desk.locator(id('login-username')).fill(name)
  await desk.locator(id('login-password')).fill(fresh)
  await desk.locator(id('login-submit')).click()
  await desk.locator(id('login-error')).waitFor()
}

await perform(play)
