// Plays a buyer with a socket that is cut, refused and missing, against a running shop and its
// sandbox:
//
//   node e2e/link.e2e.mjs BASE_URL SANDBOX_URL OUTDIR
//
// The page's socket really goes to the shop; the play stands in between and closes it
// with the codes that a server may use. Ends with 1 and a sentence if the page misses anything, or
// reconnects after a close code that forbids it.
import { begin, call, check, emptyCart, eventually, expect, id, kept, lineOf, login, mark, openCourse, ownLinks, perform, sandbox, shoot, tokenIn } from './harness.mjs'

// links are the sockets that the pages have opened, oldest first, each with the hello
// that was said on it.
const links = []
let refusing = false
let deaf = false // to what the page says

async function standBetween(context) {
  // This play is about sockets alone: what would take their place ends as it begins.
  await context.route(/\/api\/events\b/, (route) => route.fulfill({ status: 200, contentType: 'text/event-stream', body: '' }))
  await ownLinks(context)
  await context.routeWebSocket(/\/ws$/, (page) => {
    if (refusing) return void page.close({ code: 1013 })
    const link = { page, hello: null, answered: false, closed: false }
    const server = page.connectToServer()
    page.onMessage((text) => {
      const frame = JSON.parse(text)
      if (frame.op === 'hello') link.hello = frame
      if (!deaf) server.send(text)
    })
    server.onMessage((text) => {
      link.answered = true
      page.send(text)
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
  await call(`/api/cart/${course}`, { method: 'PUT', token, body: { policy_id: other } })
  await lineOf(page, course).waitFor()

  begin('a server that restarts: the page comes back with its place and catches up')
  const before = current()
  before.end(4101, { code: 'SERVER_RESTART', retry_ms: 200 })
  await call(`/api/cart/${course}`, { method: 'PUT', token, body: { policy_id: paid } })
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
  // The order's own page says what the notice says, and reads it: only a page that has heard of it does.
  const order = new URL(page.url()).pathname
  await eventually('the notice was heard of', async () => (await call('/api/notices', { token })).items.some((n) => n.link === order && n.read))
  await eventually('the bought line is gone', async () => !(await page.locator(id('cart-badge')).isVisible()))

  begin('told to wait it waits, also when the network is back')
  const first = current()
  await page.reload() // its failures are forgotten
  const live = (than) => eventually('the page is live', () => current() !== than && !current().closed && current().answered)
  await live(first)
  const told = current()
  const toldAt = Date.now()
  told.end(4103, { code: 'TRY_LATER', retry_ms: 1500 })
  await page.evaluate(() => dispatchEvent(new Event('online')))
  await live(told)
  check(Date.now() - toldAt >= 1500, `it was back after ${Date.now() - toldAt} ms`)

  begin('a link that breaks again and again is tried less and less')
  const brokenAt = Date.now()
  for (let broken = 0; broken < 3; broken++) {
    const link = current()
    link.end(1011, {})
    await live(link)
  }
  check(Date.now() - brokenAt >= 1700, `it was back three times in ${Date.now() - brokenAt} ms`)

  begin('what is said on a socket is not heard: the page goes on with events')
  const again = current()
  await page.reload()
  await live(again)
  let streams = 0
  page.on('request', (r) => /\/api\/events\b/.test(r.url()) && streams++)
  deaf = true
  let last = current()
  last.end(4101, { code: 'SERVER_RESTART', retry_ms: 100 })
  for (let unheard = 0; unheard < 2; unheard++) {
    const link = await eventually('the page said hello', () => current() !== last && current().hello && current())
    link.end(4102, { code: 'HELLO_TIMEOUT', retry_ms: 200 })
    last = link
  }
  await eventually('events are asked for', () => streams > 0)
  deaf = false
  await live(last)

  begin('a page that may not come back says what helps')
  last = current()
  last.end(4003, { code: 'BAD_FRAME' })
  await page.locator(id('offline')).filter({ hasText: '刷新页面' }).waitFor()
  await page.reload()
  await live(last)

  begin('a login elsewhere ends this one and says so')
  expect(/already in CLOSING or CLOSED state/) // by the stand-in for the network, as the socket ends
  last = current()
  last.end(4002, { code: 'SESSION_REPLACED' })
  await page.locator(id('session-ended')).filter({ hasText: '别处登录' }).waitFor()
  await eventually('a visitor\'s hello follows', () => current() !== last && current().hello)
  check(!links.slice(links.indexOf(last) + 1).some((l) => l.hello?.token), 'the page came back with the token that was refused')
  await shoot(page, 'replaced')
}

await perform(play)
