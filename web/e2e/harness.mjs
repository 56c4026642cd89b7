// What the plays share: a headless Chromium (each error on its console is a failure), waiting with
// a deadline, screenshots, and a login through the page.
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import process from 'node:process'
import { chromium } from 'playwright-core'

let [base, sandbox, out] = process.argv.slice(2)
if (!out) {
  console.error(`usage: node ${process.argv[1]} BASE_URL SANDBOX_URL OUTDIR`)
  process.exit(2)
}
export { base, sandbox }

export const patience = 60_000 // ms, for each thing that must happen, on a busy machine too
const username = process.env.E2E_USERNAME ?? 'learner'
const password = process.env.E2E_PASSWORD ?? 'learner-demo-password'

const complaints = []
let expected = []
let step = 'start'
let shots = 0

export function check(holds, sentence) {
  if (!holds) throw new Error(sentence)
}

// eventually waits until probe gives a true value, and returns it.
export async function eventually(sentence, probe) {
  const deadline = Date.now() + patience
  for (;;) {
    const value = await probe()
    if (value) return value
    check(Date.now() < deadline, `${sentence}: not within ${patience / 1000} s`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

// through makes the plays' browser reach the shop at another address.
export function through(url) {
  base = url
}

// expect names complaints of the console that a play provokes.
export function expect(...patterns) {
  expected = patterns
}

export function begin(name) {
  step = name
  console.log(`- ${name}`)
}

// shoot waits for the pictures in view, so that a screenshot shows what a person sees.
export async function shoot(page, name) {
  shots++
  await page.waitForFunction(() => [...document.images].every((img) => img.complete || img.getBoundingClientRect().top > innerHeight))
  await page.screenshot({ path: join(out, `${String(shots).padStart(2, '0')}-${name}.png`) })
}

function listen(page) {
  page.on('pageerror', (err) => complaints.push(`${page.url()}: ${err.message}`))
  page.on('console', (m) => {
    if (m.type() === 'error' && !expected.some((p) => p.test(m.text()))) complaints.push(`${page.url()}: ${m.text()} (${m.location().url})`)
  })
}

// mark leaves something in the page that a reload would wipe out.
export const mark = (page) => page.evaluate(() => void (window.notReloaded = true))
export const kept = (page) => page.evaluate(() => window.notReloaded === true)

export const id = (name) => `[data-testid="${name}"]`
export const lineOf = (page, course) => page.locator(`${id('cart-line')}[data-course="${course}"]`)
export const fen = (text) => Math.round(Number(text.replace(/[^0-9.]/g, '')) * 100)

export async function login(page) {
  await page.goto(`${base}/login`)
  await page.locator(id('login-username')).fill(username)
  await page.locator(id('login-password')).fill(password)
  await shoot(page, 'login')
  await page.locator(id('login-submit')).click()
  await page.locator(id('course-card')).first().waitFor()
  await shoot(page, 'courses')
}

// leftovers of an earlier run would hide what this one does.
export async function emptyCart(page) {
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
export async function openCourse(page) {
  const cards = page.locator(id('course-card'))
  await cards.first().waitFor()
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

// call uses the API beside the pages. A busy shop that asks for patience (503) is asked again, as the pages do.
export async function call(path, { method, token, body, headers = {} } = {}) {
  const deadline = Date.now() + patience
  for (;;) {
    const res = await fetch(base + path, {
      method: method ?? (body ? 'POST' : 'GET'),
      headers: { 'Content-Type': 'application/json', ...(token && { Authorization: `Bearer ${token}` }), ...headers },
      body: body && JSON.stringify(body),
    })
    const text = await res.text()
    if (res.status === 503 && Date.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 1000))
      continue
    }
    check(res.ok, `${path} answered ${res.status}: ${text}`)
    return text && JSON.parse(text)
  }
}

// enter logs one of the sample's accounts in.
export const enter = (name, client) => call('/api/login', { body: { username: name, password: `${name}-demo-password`, client } })

// tokenIn is the token of the user that is logged in to a page's browser.
export const tokenIn = (page) => page.evaluate(() => JSON.parse(localStorage.getItem('mstm.session')).token)

// become gives a tab's browser another user's session at once, as a login by WeChat in another tab
// does.
export const become = (tab, session) => tab.evaluate((s) => localStorage.setItem('mstm.session', s), JSON.stringify(session))

// pressUntil presses a button that asks again until what was asked for is shown. A page also asks by itself: then the
// button is gone before it is pressed, or the press comes to an answer under way.
export const pressUntil = (button, shown) => eventually('what was asked for again is shown', async () => {
  if (await shown.isVisible()) return true
  await button.click({ timeout: 1000 }).catch(() => {})
})

// held keeps a page's next request of this kind: before the server hears it, or its answer. came is when
// it is held, let() sends it on.
export async function held(page, url, method, what = 'answer') {
  let release, arrived
  const free = new Promise((resolve) => (release = resolve))
  const came = new Promise((resolve) => (arrived = resolve))
  let first = true
  await page.route(url, async (route) => {
    if (!first || route.request().method() !== method) return route.fallback()
    first = false
    const response = what === 'answer' ? await route.fetch() : undefined
    arrived()
    await free
    await (response ? route.fulfill({ response }) : route.continue())
  })
  return { came, let: release }
}

// toasted does something and waits until the page has said what became of it. A toast is gone after two seconds, in
// which a busy machine may not look: the page itself notes it.
export async function toasted(page, act) {
  await page.locator('.van-toast').waitFor({ state: 'hidden' }) // an earlier one
  await page.evaluate(() => void (window.toasted = false))
  await act()
  await eventually('a toast', () => page.evaluate(() => window.toasted))
}

function noteToasts() {
  new MutationObserver(() => {
    const toast = document.querySelector('.van-toast')
    if (toast && getComputedStyle(toast).display !== 'none') window.toasted = true
  }).observe(document, { subtree: true, childList: true, attributes: true, attributeFilter: ['style', 'class'] })
}

// person is a user with a browser of their own; errors on its console count.
export async function person(browser, device) {
  const context = await browser.newContext({ locale: 'zh-CN', timezoneId: 'Asia/Shanghai', serviceWorkers: 'block', ...device }) // a play's routes do not see what a worker asks
  context.setDefaultTimeout(patience)
  context.on('page', listen)
  await context.addInitScript(noteToasts)
  await context.addInitScript(() => {
    addEventListener('securitypolicyviolation', (e) => console.error(`content security policy: ${e.violatedDirective} refused ${e.blockedURI}`))
  })
  return context
}

// ownLinks gives each tab a link of its own, as where there are no SharedWorkers: a play that breaks sockets reaches
// those of pages alone.
export const ownLinks = (context) => context.addInitScript(() => delete window.SharedWorker)

// perform runs one play in a fresh browser and ends the process: 0 when it went through
// without a complaint on any page's console, a content security policy's included.
// device changes that browser.
export async function perform(play, device) {
  await mkdir(out, { recursive: true })
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync'],
  })
  let failure
  try {
    await play(await person(browser, { viewport: { width: 1200, height: 860 }, ...device }), browser)
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
}
