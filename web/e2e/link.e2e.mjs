// Plays a buyer whose socket is cut, refused and missing, against a running shop and its
// sandbox:
//
//   node e2e/link.e2e.mjs BASE_URL SANDBOX_URL OUTDIR
//
// The page's socket really goes to the shop; the play stands in between and closes it
// with the codes that a server may use. Ends with 1 and a sentence if the page misses
// anything, or comes back where it was told not to.
import { base, begin, check, emptyCart, eventually, id, kept, lineOf, login, mark, openCourse, perform, sandbox, shoot } from './harness.mjs'

// links are the sockets that the pages have opened, oldest first, each with the hello
// that was said on it.
const links = []
let refusing = false

async function standBetween(context) {
  // This play is about sockets alone: what would take their place ends as it begins.
  await context.route(/\/api\/events\b/, (route) => route.fulfill({ status: 200, contentType: 'text/event-stream', body: '' }))
  await context.routeWebSocket(/\/ws$/, (page) => {
    if (refusing) return void page.close({ code: 1013 })
    const link = { page, hello: null, closed: false }
    const server = page.connectToServer()
    page.onMessage((text) => {
      const frame = JSON.parse(text)
      if (frame.op === 'hello') link.hello = frame
      server.send(text)
    })
    link.end = (code, reason) => {
      link.closed = true
      void server.close()
      void page.close({ code, reason: JSON.stringify(reason) })
    }
    links.push(link)
  })
}

const current = () => links.at(-1)
const tokenIn = (page) => page.evaluate(() => JSON.parse(localStorage.getItem('mstm.session')).token)

// call uses the API as another device of the same learner would.
async function call(token, method, path, body) {
  const res = await fetch(`${base}/api${path}`, {
    method,
    headers: { Authorization: `Bearer ${token}`, ...(body && { 'Content-Type': 'application/json' }) },
    body: body && JSON.stringify(body),
  })
  check(res.ok, `${method} ${path} answered ${res.status}`)
}

async function play(context) {
  await standBetween(context)
  const page = await context.newPage()
  begin('log in and find a course')
  await login(page)
  await emptyCart(page)
  await page.locator(id('nav-courses')).click()
  const { course, paid, other } = await openCourse(page)
  const token = await tokenIn(page)
  await page.locator(id('nav-cart')).click()
  await mark(page)

  begin('a change reaches the page, which then knows its place')
  await call(token, 'PUT', `/cart/${course}`, { policy_id: other })
  await lineOf(page, course).waitFor()

  begin('a server that restarts: the page comes back with its place and catches up')
  const before = current()
  before.end(4101, { code: 'SERVER_RESTART', retry_ms: 200 })
  await call(token, 'PUT', `/cart/${course}`, { policy_id: paid })
  await eventually('the page said hello again', () => current() !== before && current().hello)
  check(current().hello.since?.user, 'the second hello does not say what the page has seen')
  await eventually('the change of the meantime shows', async () => (await lineOf(page, course).locator(id('cart-policy')).inputValue()) === paid)
  check(await kept(page), 'the page was reloaded')

  begin('without a socket the paid order is found by asking')
  refusing = true
  current().end(4101, { code: 'SERVER_RESTART', retry_ms: 200 })
  await page.locator(id('checkout')).click()
  await page.locator(id('place-order')).click()
  await page.locator(id('pay-qr')).waitFor()
  await page.locator(id('offline')).waitFor()
  await shoot(page, 'pay-offline')
  const code = new URL(await page.locator(id('pay-sandbox-link')).getAttribute('href')).searchParams.get('code_url')
  const paidAt = await fetch(`${sandbox}/sandbox/pay`, {
    method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ code_url: code }),
  })
  check(paidAt.ok, `the sandbox answered ${paidAt.status}`)
  await page.locator(`${id('order-state')}[data-state="fulfilled"]`).waitFor()
  check(await kept(page), 'the page was reloaded')
  await shoot(page, 'opened-offline')

  begin('the socket is back, and so is what was missed')
  refusing = false
  await eventually('the page is live again', async () => !current().closed && !(await page.locator(id('offline')).isVisible()))
  await eventually('the notice is counted', () => page.locator(id('inbox-badge')).isVisible())
  await eventually('the bought line is gone', async () => !(await page.locator(id('cart-badge')).isVisible()))

  begin('a login elsewhere ends this one and says so')
  const last = current()
  last.end(4002, { code: 'SESSION_REPLACED' })
  await page.locator(id('session-ended')).filter({ hasText: '别处登录' }).waitFor()
  await eventually('a visitor\'s hello follows', () => current() !== last && current().hello)
  check(!links.slice(links.indexOf(last) + 1).some((l) => l.hello?.token), 'the page came back with the token that was refused')
  await shoot(page, 'replaced')
}

await perform(play)
