// Plays a buyer in headless Chromium against a running shop and its sandbox:
//
//   node e2e/shop.e2e.mjs BASE_URL SANDBOX_URL OUTDIR
//
// Logs in, fills the cart in two tabs that must agree without a reload, pays on the
// sandbox's phone page, and must see the course open by itself. A screenshot of each
// step goes into OUTDIR. Ends with 1 and a sentence if anything is not as it should
// be, also at any console error or content security policy violation.
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import process from 'node:process'
import { chromium } from 'playwright-core'

const [base, sandbox, out] = process.argv.slice(2)
if (!out) {
  console.error('usage: node e2e/shop.e2e.mjs BASE_URL SANDBOX_URL OUTDIR')
  process.exit(2)
}
const username = process.env.E2E_USERNAME ?? 'learner'
const password = process.env.E2E_PASSWORD ?? 'learner-demo-password'
const patience = 15_000 // ms, for each thing that must happen

const complaints = []
let step = 'start'
let shots = 0

function check(holds, sentence) {
  if (!holds) throw new Error(sentence)
}

// eventually waits until probe gives a true value, and returns it.
async function eventually(sentence, probe) {
  const deadline = Date.now() + patience
  for (;;) {
    const value = await probe()
    if (value) return value
    check(Date.now() < deadline, `${sentence}: not within ${patience / 1000} s`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

function begin(name) {
  step = name
  console.log(`- ${name}`)
}

// shoot waits for the pictures in view, so that a screenshot shows what a person sees.
async function shoot(page, name) {
  shots++
  await page.waitForFunction(() => [...document.images].every((img) => img.complete || img.getBoundingClientRect().top > innerHeight))
  await page.screenshot({ path: join(out, `${String(shots).padStart(2, '0')}-${name}.png`) })
}

function listen(page) {
  page.on('pageerror', (err) => complaints.push(`${page.url()}: ${err.message}`))
  page.on('console', (m) => {
    if (m.type() === 'error') complaints.push(`${page.url()}: ${m.text()} (${m.location().url})`)
  })
}

// mark leaves something in the page that a reload would wipe out.
const mark = (page) => page.evaluate(() => void (window.notReloaded = true))
const kept = (page) => page.evaluate(() => window.notReloaded === true)

const id = (name) => `[data-testid="${name}"]`
const lineOf = (page, course) => page.locator(`${id('cart-line')}[data-course="${course}"]`)
const fen = (text) => Math.round(Number(text.replace(/[^0-9.]/g, '')) * 100)

async function login(page) {
  await page.goto(`${base}/login`)
  await page.locator(id('login-username')).fill(username)
  await page.locator(id('login-password')).fill(password)
  await shoot(page, 'login')
  await page.locator(id('login-submit')).click()
  await page.locator(id('course-card')).first().waitFor()
  await shoot(page, 'courses')
}

// leftovers of an earlier run would hide what this one does.
async function emptyCart(page) {
  await page.goto(`${base}/cart`)
  const badge = page.locator(id('cart-badge'))
  await eventually('the cart is read', async () => (await page.locator(id('cart-line')).count()) > 0 || (await page.getByText('购物车是空的').count()) > 0)
  if (await page.locator(id('cart-line')).count()) {
    await page.locator(id('cart-empty')).click()
    await page.locator('.van-dialog__confirm').click()
  }
  await eventually('the cart is empty', async () => !(await badge.isVisible()) && !(await page.locator(id('cart-line')).count()))
}

// openCourse finds a course that this learner does not have yet, with a paid offer
// and another one to choose first, and returns the three ids.
async function openCourse(page) {
  const cards = page.locator(id('course-card'))
  for (let i = 0; i < (await cards.count()); i++) {
    const course = await cards.nth(i).getAttribute('data-course')
    await cards.nth(i).click()
    await page.locator(id('course-title')).waitFor()
    const offers = await page.locator(id('offer')).evaluateAll((rows) =>
      rows.map((row) => ({
        policy: row.dataset.policy,
        available: !row.querySelector('input').disabled,
        free: row.querySelector('.price').textContent.includes('免费'),
      })))
    const paid = offers.findLast((o) => o.available && !o.free)
    const other = offers.find((o) => o.available && o !== paid)
    if (paid && other && !(await page.locator(id('enrolment')).count())) return { course, paid: paid.policy, other: other.policy }
    await page.goBack()
    await cards.first().waitFor()
  }
  throw new Error('no course with a paid offer and another one is for sale')
}

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
  await phone.locator('#paid').waitFor()
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
  await eventually('the inbox has something unread', () => b.locator(id('inbox-badge')).isVisible())
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

await mkdir(out, { recursive: true })
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync'],
})
let failure
try {
  const context = await browser.newContext({ locale: 'zh-CN', timezoneId: 'Asia/Shanghai', viewport: { width: 1200, height: 860 } })
  context.setDefaultTimeout(patience)
  context.on('page', listen)
  await context.addInitScript(() => {
    addEventListener('securitypolicyviolation', (e) => console.error(`content security policy: ${e.violatedDirective} refused ${e.blockedURI}`))
  })
  await play(context)
  check(complaints.length === 0, 'the console complained')
} catch (err) {
  failure = err
  for (const [i, page] of browser.contexts().flatMap((c) => c.pages()).entries()) {
    await page.screenshot({ path: join(out, `failed-tab-${i + 1}.png`) }).catch(() => {})
  }
} finally {
  await browser.close()
}
for (const c of complaints) console.error(`console: ${c}`)
if (failure) {
  console.error(`FAILED at "${step}": ${failure.message}`)
  process.exit(1)
}
console.log(`passed: ${shots} screenshots in ${out}`)
