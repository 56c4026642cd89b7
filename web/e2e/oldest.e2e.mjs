// Plays a buyer with the oldest browser that package.json names, against a running shop and its
// sandbox:
//
//   node e2e/oldest.e2e.mjs BASE_URL SANDBOX_URL OUTDIR
//
// What a served browser lacks is taken out of Chromium before each page's scripts run.
import { missing } from '../lint/oldest.js'
import { base, begin, check, emptyCart, eventually, expect, id, lineOf, login, openCourse, perform, sandbox, shoot } from './harness.mjs'

// takeOut deletes what each path below the global object names.
function takeOut(paths) {
  for (const path of paths) {
    const holder = path.slice(0, -1).reduce((from, name) => from?.[name], globalThis)
    if (holder) delete holder[path[path.length - 1]]
  }
}

// cards lists the courses shown, with what each costs in fen: the whole course where it begins for nothing.
const cards = (page) => page.locator(id('course-card')).evaluateAll((shown) => shown.map((c) => ({
  id: c.dataset.course,
  fen: Math.round(Number(c.querySelector('.cost').textContent.replace(/^.*全款/, '').replace(/¥[0-9,.]+起|免费起/, '').replace(/[^0-9.]/g, '')) * 100),
})))

async function catalogue(page) {
  begin('the list goes on to its end, each course once, in the order chosen')
  await page.goto(`${base}/?sort=price`)
  await page.locator(id('course-card')).first().waitFor()
  await eventually('the list is at its end', async () => {
    await page.evaluate(() => scrollTo(0, document.body.scrollHeight))
    return page.getByText('没有更多了').isVisible()
  })
  const shown = await cards(page)
  check(shown.length > 24, `only ${shown.length} courses are shown`)
  check(new Set(shown.map((c) => c.id)).size === shown.length, `${shown.length} cards show the same courses again`)
  check(shown.every((c, i) => i === 0 || shown[i - 1].fen <= c.fen), 'sorted by price, the list is not')
  await shoot(page, 'oldest-list')

  begin('a search finds less than everything')
  await page.locator(id('search')).fill('Go')
  await page.locator(id('search')).press('Enter')
  await eventually('fewer courses', async () => {
    const found = await cards(page)
    return found.length > 0 && found.length < 12
  })
}

async function purchase(page) {
  begin('a course is bought and opens')
  await page.goto(base)
  const { course, paid } = await openCourse(page)
  await page.locator(`${id('offer')}[data-policy="${paid}"] input`).check()
  await page.locator(id('add-to-cart')).click()
  await page.locator(id('add-to-cart')).filter({ hasText: '更新购物车' }).waitFor()
  await page.goto(`${base}/cart`)
  await lineOf(page, course).waitFor()
  await page.locator(id('checkout')).click()
  await page.locator(id('place-order')).click()
  const address = new URL(await page.locator(id('pay-sandbox-link')).getAttribute('href'))
  const paying = await fetch(`${sandbox}/sandbox/pay`, {
    method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ code_url: address.searchParams.get('code_url') }),
  })
  check(paying.ok, `the sandbox answered ${paying.status}`)
  const state = page.locator(id('order-state'))
  await eventually('the order is fulfilled', async () => (await state.getAttribute('data-state')) === 'fulfilled')
  await shoot(page, 'oldest-opened')
  await page.locator(id('open-course')).first().click()
  await page.locator(id('enrolment')).locator(id('open-course')).click()
  await page.locator(id('lesson-title')).waitFor()
  await shoot(page, 'oldest-lesson')
}

async function nextYear(page) {
  begin('an order of this year shows its day, one of another year its year too')
  const shown = page.locator(`${id('order')} .soft`).first()
  await page.goto(`${base}/orders`)
  await shown.waitFor()
  check(/^\d+\/\d+ \d\d:\d\d$/.test(await shown.textContent()), `an order of this year says ${await shown.textContent()}`)
  const now = new Date()
  const year = now.getUTCFullYear()
  now.setUTCDate(now.getUTCDate() + 366)
  const moved = await fetch(`${sandbox}/sandbox/clock`, {
    method: 'PUT', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ now: now.toISOString() }),
  })
  check(moved.ok, `the clock answered ${moved.status}`)
  expect(/401/) // the session has ended in that year
  await page.goto(`${base}/orders`)
  await page.locator(id('login-username')).waitFor()
  await login(page)
  await page.goto(`${base}/orders`)
  await shown.waitFor()
  check((await shown.textContent()).startsWith(`${year}/`), `a year later it says ${await shown.textContent()}`)
  await shoot(page, 'oldest-orders-next-year')
}

async function play(context) {
  await context.addInitScript(takeOut, missing())
  const page = await context.newPage()
  await page.setViewportSize({ width: 390, height: 844 })
  begin('the browser is old')
  await page.goto(base)
  check(await page.evaluate(() => !('size' in URLSearchParams.prototype) && !AbortSignal.timeout && !globalThis.structuredClone), 'nothing was taken out')
  await catalogue(page)
  await login(page)
  await emptyCart(page)
  await purchase(page)
  await nextYear(page)
}

await perform(play)
