// Plays a buyer in headless Chromium against a running shop and its sandbox:
//
//   node e2e/shop.e2e.mjs BASE_URL SANDBOX_URL OUTDIR
//
// Logs in, fills the cart in two tabs that must agree without a reload, pays on the
// sandbox's phone page, and must see the course open by itself. A screenshot of each
// step goes into OUTDIR. Ends with 1 and a sentence if anything is not as it should
// be, also at any console error or content security policy violation.
import {
  base, begin, call, check, emptyCart, enter, eventually, fen, id, kept, lineOf, login, mark, openCourse, patience, perform, sandbox, shoot, tokenIn,
} from './harness.mjs'

async function play(context) {
  const a = await context.newPage()
  const b = await context.newPage()
  await b.setViewportSize({ width: 390, height: 844 })

  begin('log in')
  await login(a)

  begin('the second tab is logged in too')
  await emptyCart(b)
  await mark(b)
  await shoot(b, 'cart-empty-phone')

  begin('a course put into the cart in one tab shows in the other')
  const { course, paid, other } = await openCourse(a)
  await a.locator(`${id('offer')}[data-policy="${other}"] input`).check()
  await shoot(a, 'course')
  await a.locator(id('add-to-cart')).click()
  await lineOf(b, course).waitFor({ timeout: patience })
  await eventually('both badges say 1', async () =>
    (await a.locator(id('cart-badge')).textContent()) === '1' && (await b.locator(id('cart-badge')).textContent()) === '1')
  check((await lineOf(b, course).locator(id('cart-policy')).inputValue()) === other, 'the second tab shows another policy than the one chosen')
  check(await kept(b), 'the second tab was reloaded')
  await shoot(b, 'cart-phone')

  begin('a policy chosen in the second tab shows in the first')
  await a.locator(id('nav-cart')).click()
  const selectA = lineOf(a, course).locator(id('cart-policy'))
  check((await selectA.inputValue()) === other, 'the first tab shows another policy than the one added')
  await mark(a)
  await lineOf(b, course).locator(id('cart-policy')).selectOption(paid)
  await eventually('the first tab shows the new policy', async () => (await selectA.inputValue()) === paid)
  await eventually('both tabs show one total above 0', async () => {
    const [total, same] = await Promise.all([a, b].map((tab) => tab.locator(id('cart-total')).textContent()))
    return total === same && fen(total) > 0
  })
  check(await kept(a), 'the first tab was reloaded')
  await shoot(a, 'cart')

  begin('a course that goes off sale says so in both carts, and when it is back')
  const { token } = await enter('editor', 'web')
  for (const [act, problems] of [['unpublish', 1], ['publish', 0]]) {
    await call(`/api/admin/courses/${course}/${act}`, { method: 'POST', token })
    for (const tab of [a, b]) await eventually(`${problems} problems after ${act}`, async () => (await lineOf(tab, course).locator(id('cart-problem')).count()) === problems)
  }
  check(await kept(a), 'the first tab was reloaded')

  begin('check out and see the code')
  const total = fen(await a.locator(id('cart-total')).textContent())
  await a.locator(id('checkout')).click()
  await a.locator(id('quote-line')).waitFor()
  check(fen(await a.locator(id('quote-total')).textContent()) === total, 'the quote costs something else than the cart')
  await shoot(a, 'checkout')
  await a.locator(id('place-order')).click()
  const qr = a.locator(id('pay-qr'))
  await qr.waitFor()
  await eventually('the code is drawn', () => qr.evaluate((img) => img.complete && img.naturalWidth > 0))
  check((await a.locator(id('order-state')).getAttribute('data-state')) === 'pending', 'the new order is not pending')
  await shoot(a, 'pay')

  begin('pay on the phone page')
  const link = a.locator(id('pay-sandbox-link'))
  const address = await link.getAttribute('href')
  check(address?.startsWith(`${sandbox.replace(/\/$/, '')}/phone?code_url=`), `the link leads to ${address}`)
  const [phone] = await Promise.all([context.waitForEvent('page'), link.click()])
  await phone.locator('#pay').waitFor()
  await shoot(phone, 'phone')
  await phone.locator('#pay').click()
  await phone.getByText('支付成功').waitFor()
  await shoot(phone, 'phone-paid')

  begin('the first tab sees the course open without a reload')
  const state = a.locator(id('order-state'))
  await eventually('the order is fulfilled', async () => (await state.getAttribute('data-state')) === 'fulfilled')
  check(await a.getByText('已开通').first().isVisible(), 'the page does not say 已开通')
  check(await kept(a), 'the first tab was reloaded')
  await a.bringToFront()
  await shoot(a, 'opened')

  begin('the bought line left the cart of the second tab, and a notice came')
  await eventually('the line is gone', async () => (await lineOf(b, course).count()) === 0)
  const mine = await tokenIn(b)
  await eventually('the notice is read, for the page that it is about is open', async () => {
    const { items, unread } = await call('/api/notices', { token: mine })
    return unread === 0 && items.some((n) => n.kind === 'order_fulfilled' && n.read)
  })
  check(await kept(b), 'the second tab was reloaded')
  await b.bringToFront()
  await shoot(b, 'cart-after-phone')

  begin('the lesson opens')
  await a.bringToFront()
  await a.locator(id('open-course')).first().click()
  await a.locator(id('enrolment')).waitFor()
  await shoot(a, 'course-opened')
  await a.locator(id('enrolment')).locator(id('open-course')).click()
  await a.locator(id('lesson-title')).waitFor()
  const locked = a.locator(`${id('lesson')}[data-open="false"]`)
  check((await locked.count()) === 0, 'a lesson of the opened course is still locked')
  await a.locator(id('lesson')).last().click()
  await a.waitForURL(new RegExp(`/courses/${course}/lessons/`))
  await a.locator(id('lesson-title')).waitFor()
  check((await a.locator(id('lesson-locked')).count()) === 0, 'the last lesson is locked')
  await shoot(a, 'lesson')

  begin('the other pages show it')
  for (const [path, shown] of [['/learning', 'enrolment'], ['/orders', 'order'], ['/inbox', 'notice']]) {
    await b.goto(base + path)
    await b.locator(id(shown)).first().waitFor()
    await shoot(b, path.slice(1) + '-phone')
  }
}

await perform(play)
