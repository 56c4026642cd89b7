// Plays an editor that plans when a course goes on sale, beside a buyer's open page, against a running shop:
//
//   node e2e/plan.e2e.mjs BASE_URL SANDBOX_URL OUTDIR
//
// The price dialog counts the page that looks at the course and the cart that holds it, and follows the cart. The course is
// taken off sale and planned for in two minutes; the sandbox's clock is moved, and the buyer's page shows it on sale. It is
// copied.
import { base, begin, call, check, enter, eventually, id, perform, person, sandbox, shoot } from './harness.mjs'

const beijing = (ms) => new Date(ms + 8 * 3_600_000).toISOString().slice(0, 16)

async function play(context) {
  const browser = context.browser()
  const editor = await enter('editor', 'web')
  await context.addInitScript((s) => location.protocol === 'about:' || localStorage.setItem('mstm.session', JSON.stringify(s)), editor)
  const page = await context.newPage()
  await page.setViewportSize({ width: 1440, height: 900 })
  const { items } = await call('/api/admin/courses?state=on_sale', { token: editor.token })
  const course = items.find((c) => c.version > 0).id
  const buyer = await person(browser, { viewport: { width: 390, height: 844 } })
  const learner = await enter('learner', 'web')
  await buyer.addInitScript((s) => location.protocol === 'about:' || localStorage.setItem('mstm.session', JSON.stringify(s)), learner)
  const shop = await buyer.newPage()
  await shop.goto(`${base}/courses/${course}`)
  await shop.locator(id('course-title')).waitFor()
  const title = await shop.locator(id('course-title')).textContent()

  begin('the ladder is drawn, and the price dialog counts who looks and who has it in the cart')
  await page.goto(`${base}/console/courses/${course}/prices`)
  await page.locator(id('ladder')).locator('svg').waitFor()
  await shoot(page, 'ladder')
  await page.locator(id('price-yuan')).last().locator('input').fill('1234')
  await page.locator(id('price-name')).last().click()
  await page.locator(id('prices-publish')).click()
  await eventually('the open page is counted', async () => Number(await page.locator(id('affected-watching')).textContent()) >= 1)
  const carts = async () => Number(await page.locator(id('affected-carts')).textContent())
  const before = await carts()
  await call(`/api/cart/${course}`, { method: 'PUT', token: learner.token, body: {} })
  await eventually('the cart is counted while the dialog is open', async () => (await carts()) === before + 1)
  await shoot(page, 'affected')
  await call(`/api/cart/${course}`, { method: 'DELETE', token: learner.token })
  await eventually('the cart is counted no more', async () => (await carts()) === before)
  await page.keyboard.press('Escape')
  await page.reload()

  begin('the course is planned for in two minutes, and on sale on the open page after them')
  await call(`/api/admin/courses/${course}/unpublish`, { method: 'POST', token: editor.token })
  await shop.locator(`${id('buy-now')}:disabled, ${id('learn-free')}:disabled`).first().waitFor()
  await page.goto(`${base}/console/courses/${course}`)
  await page.locator(id('course-plan')).click()
  const { now } = await (await fetch(`${sandbox}/sandbox/clock`)).json()
  const at = Math.ceil(Date.parse(now) / 60_000) * 60_000 + 120_000
  await page.locator(id('plan-at')).locator('input').or(page.locator(`input${id('plan-at')}`)).first().fill(beijing(at))
  await shoot(page, 'plan-dialog')
  await page.locator(id('plan-make')).click()
  await page.locator(`${id('plan')}[data-state="waiting"]`).waitFor()
  await shoot(page, 'planned')
  await page.setViewportSize({ width: 390, height: 844 })
  await shoot(page, 'planned-phone')
  await page.goto(`${base}/console/courses`)
  await page.locator(id('row-plan')).first().waitFor()
  await shoot(page, 'list-phone')
  await page.setViewportSize({ width: 1440, height: 900 })
  await shoot(page, 'list')
  await page.goto(`${base}/console/courses/${course}`)
  await page.locator(`${id('plan')}[data-state="waiting"]`).waitFor()
  check(await shop.locator(`${id('buy-now')}:disabled, ${id('learn-free')}:disabled`).count() > 0, 'the course is on sale before its time')
  const moved = await fetch(`${sandbox}/sandbox/clock`, {
    method: 'PUT', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ now: new Date(at + 1000).toISOString() }),
  })
  check(moved.ok, `the clock answered ${moved.status}`)
  await shop.locator(`${id('buy-now')}:enabled, ${id('learn-free')}:enabled`).first().waitFor()
  await shoot(shop, 'on-sale')
  await page.reload()
  await page.locator(`${id('plan')}[data-state="done"]`).waitFor()
  await page.locator(`${id('course-state')}[data-state="on_sale"]`).waitFor()
  await shoot(page, 'carried-out')
  await page.locator(id('plan-withdraw')).click()
  await page.locator(id('plan')).waitFor({ state: 'detached' })

  begin('it is copied')
  await page.locator(id('course-copy')).click()
  await page.locator(`${id('course-state')}[data-state="draft"]`).waitFor()
  await page.locator(id('course-name')).getByText(`${title.trim()}（副本）`).waitFor()
  await page.goto(`${page.url().replace(/\/basics$/, '')}/prices`)
  await page.locator(id('ladder')).waitFor()
  await page.setViewportSize({ width: 390, height: 844 })
  await shoot(page, 'ladder-phone')
}

await perform(play)
