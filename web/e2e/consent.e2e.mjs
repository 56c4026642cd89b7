// Plays a person's account against a running shop and its sandbox:
//
//   node e2e/consent.e2e.mjs BASE_URL SANDBOX_URL OUTDIR
//
// The shop publishes its agreement; a person registers with it, is asked once when it changes, orders after that, and takes a
// copy of the own data home.
import { base, begin, check, id, login, perform, person, shoot } from './harness.mjs'

const sizes = { phone: { viewport: { width: 390, height: 844 } }, desk: { viewport: { width: 1440, height: 900 } } }

async function publish(text) {
  const json = { 'Content-Type': 'application/json' }
  const { token } = await (await fetch(`${base}/api/login`, { method: 'POST', headers: json, body: JSON.stringify({ username: 'admin', password: 'admin-demo-password', client: 'console' }) })).json()
  const headers = { ...json, Authorization: `Bearer ${token}` }
  const { v } = await (await fetch(`${base}/api/admin/papers`, { headers })).json()
  const res = await fetch(`${base}/api/admin/papers`, { method: 'PUT', headers, body: JSON.stringify({ v, terms: text }) })
  check(res.ok, `publishing answers ${res.status}`)
}

async function play(context) {
  const browser = context.browser()
  begin('register with the agreement')
  await publish('## 一、协议\n\n这是本店的第一份协议。')
  const shopper = await person(browser, sizes.phone)
  const page = await shopper.newPage()
  await page.goto(`${base}/login`)
  await page.locator(id('login-switch')).click()
  await page.locator(id('consent')).waitFor()
  await page.locator(id('login-username')).fill(`lin${Date.now() % 1e8}`)
  await page.locator(id('login-password')).fill('correct horse battery')
  await shoot(page, 'register')
  await page.locator(id('login-submit')).click()
  check(page.url().includes('/login'), 'registered without the consent')
  await page.locator(id('consent')).check()
  await page.locator(id('login-submit')).click()
  await page.waitForURL(`${base}/`)

  begin('a new edition is asked for at the next visit, and can be read and put off')
  await publish('## 一、协议\n\n这是本店的第二份协议，退款更快了。')
  await page.goto(`${base}/me`)
  await page.locator(id('consent-gate')).waitFor()
  await page.locator(id('consent-read-terms')).click()
  await page.locator(id('consent-text')).filter({ hasText: '第二份协议' }).waitFor()
  await page.waitForTimeout(400) // the sheet has come up
  await shoot(page, 'asked')
  await page.locator(id('consent-later')).click()
  await page.locator(id('consent-gate')).waitFor({ state: 'hidden' })
  await page.reload()
  await page.locator(id('consent-agree')).click()
  await page.locator(id('consent-gate')).waitFor({ state: 'hidden' })
  await page.reload()
  await page.locator(id('me-data')).waitFor()
  check(!(await page.locator(id('consent-gate')).isVisible()), 'asked again')

  begin('take a copy of the own data home')
  await page.locator(id('me-data')).click()
  await page.locator(id('data-download')).waitFor()
  await shoot(page, 'data')
  const [file] = await Promise.all([page.waitForEvent('download'), page.locator(id('data-download')).click()])
  const chunks = []
  for await (const chunk of await file.createReadStream()) chunks.push(chunk)
  const copy = JSON.parse(Buffer.concat(chunks).toString())
  check(copy.profile.length === 1 && copy.sessions.length === 1 && copy.consents.length >= 2, `the copy has ${JSON.stringify(copy).slice(0, 300)}`)

  begin('an account from before is asked once, on a desk')
  const desk = await person(browser, sizes.desk)
  const seat = await desk.newPage()
  await login(seat)
  await seat.locator(id('consent-gate')).waitFor()
  await seat.locator(id('consent-read-terms')).click()
  await seat.locator(id('consent-text')).waitFor()
  await seat.waitForTimeout(400)
  await shoot(seat, 'asked-desk')
  await seat.locator(id('consent-agree')).click()
  await seat.locator(id('consent-gate')).waitFor({ state: 'hidden' })
  await seat.goto(`${base}/me/data`)
  await seat.locator(id('data-download')).waitFor()
  await shoot(seat, 'data-desk')
  await desk.close()
  await shopper.close()
}

await perform(play)
