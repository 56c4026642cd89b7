// Plays what pages live through in their browsers, against a running shop and its sandbox:
//
//   node e2e/life.e2e.mjs BASE_URL SANDBOX_URL OUTDIR
//
// Clocks that are wrong by hours and months, storage that the browser forbids, two people one after the
// other in one browser while answers are under way, a course that goes off sale beside its cart, an order
// with a lost answer, a request without an answer, a lesson read again while the shop is away, and a shop
// that was renewed since the page came.
import {
  base, become, begin, call, check, enter, eventually, expect, held, id, kept, lineOf, login, mark, ownLinks, perform, person, pressUntil, shoot, toasted,
} from './harness.mjs'

// as gives every page of a browser a session, as a login on it would.
async function as(context, session) {
  await context.addInitScript((s) => {
    if (location.protocol !== 'about:' && !localStorage.getItem('given')) {
      localStorage.setItem('mstm.session', s)
      localStorage.setItem('given', 'yes')
    }
  }, JSON.stringify(session))
}

// wrongClock sets the clock of the browser's device, as its pages read it.
const wrongClock = (context, ms) => context.addInitScript((off) => {
  const right = Date.now
  Date.now = () => right() + off
}, ms)

const hours = 3_600_000
const minutesLeft = async (page) => Number((await page.locator('.van-count-down').textContent()).split(':')[0])

async function clocks(browser, learner) {
  const order = await call('/api/orders', {
    token: learner.token, headers: { 'Idempotency-Key': `clock-${learner.token}` },
    body: { lines: [{ course_id: 'go1', policy_id: 'go1full' }], total_fen: 99900, channel: 'native' },
  })
  for (const off of [5 * hours, -40 * 24 * hours]) {
    const context = await person(browser, { viewport: { width: 390, height: 844 }, timezoneId: 'America/New_York' })
    await wrongClock(context, off)
    await as(context, learner)
    const page = await context.newPage()
    await page.goto(`${base}/orders/${order.order.id}`)
    await page.locator(id('pay-qr')).waitFor()
    await eventually('the order can be paid for some more minutes', async () => {
      const left = await minutesLeft(page)
      return left > 0 && left < 30
    })
    const shown = await page.locator('dd').nth(2).textContent()
    const inBeijing = new Date(order.order.created_at).toLocaleString('zh-CN', { timeZone: 'Asia/Shanghai', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })
    check(shown.endsWith(inBeijing), `an order of ${order.order.created_at} is said to be of ${shown}`)
    await shoot(page, off > 0 ? 'clock-ahead' : 'clock-behind')
    if (off < 0) await askForCodes(page)
    await context.close()
  }
  await call(`/api/orders/${order.order.id}/cancel`, { method: 'POST', token: learner.token })
}

// askForCodes: a timer of months fires at once in a browser, because timers count to 24 days.
async function askForCodes(page) {
  let codes = 0
  page.on('request', (r) => r.url().endsWith('/api/wechat/bindings') && codes++)
  await page.goto(`${base}/me/wechat`)
  await page.locator(id('bind-qr')).waitFor()
  await page.waitForTimeout(1000)
  check(codes <= 2, `${codes} codes were asked for`) // one for the page, one as its link opens
}

async function storage(browser, kind, use) {
  const context = await person(browser, { viewport: { width: 390, height: 844 } })
  await context.addInitScript((how) => {
    const refuse = () => {
      throw new DOMException('no', how === 'full' ? 'QuotaExceededError' : 'SecurityError')
    }
    if (how === 'full') Storage.prototype.setItem = refuse
    else for (const name of ['localStorage', 'sessionStorage']) Object.defineProperty(window, name, { get: refuse })
  }, kind)
  const page = await context.newPage()
  await login(page)
  if (use) await use(page)
  await context.close()
}

async function buyAndCancel(page) {
  await page.locator(`${id('course-card')}[data-course="db1"]`).click()
  await page.locator(`${id('offer')}[data-policy="db1full"] input`).check()
  await page.locator(id('buy-now')).click()
  await page.locator(id('place-order')).click()
  await page.locator(id('pay-qr')).waitFor()
  await page.locator(id('order-cancel')).click()
  await page.locator('.van-dialog__confirm').click()
  await page.locator(`${id('order-state')}:not([data-state="pending"])`).waitFor()
}

async function twoPeople(browser) {
  const context = await person(browser, { viewport: { width: 1200, height: 860 } })
  const learner = await enter('learner', 'tablet')
  const editor = await enter('editor', 'tablet')
  await call('/api/cart/go1', { method: 'PUT', token: editor.token, body: {} })
  await as(context, learner)
  const page = await context.newPage()
  const tab = await context.newPage()
  await tab.goto(`${base}/docs`)
  await page.bringToFront()
  const badge = page.locator(id('cart-badge'))
  const add = page.locator(id('add-to-cart'))

  begin('what one person asked for is not done for the next')
  await page.goto(`${base}/courses/ts1`)
  const request = await held(page, /\/api\/cart\/ts1$/, 'PUT', 'request')
  await add.click()
  await request.came
  await call('/api/logout', { method: 'POST', token: learner.token })
  await become(tab, editor)
  await eventually('the badge is the second person\'s', async () => (await badge.textContent()) === '1' && (await badge.isVisible()))
  expect(/status of 401/)
  await toasted(page, () => request.let())
  const cart = await call('/api/cart', { token: editor.token })
  check(cart.lines.length === 1 && cart.lines[0].course_id === 'go1', `the second person's cart has ${cart.lines.map((l) => l.course_id)}`)

  begin('an answer to one person is not shown to the next')
  const again = await enter('learner', 'tablet')
  await become(tab, again)
  await eventually('the badge is the first person\'s', async () => !(await badge.isVisible()))
  await page.goto(`${base}/courses/ts1`)
  const answer = await held(page, /\/api\/cart\/ts1$/, 'PUT', 'answer')
  await add.click()
  await answer.came
  await become(tab, editor)
  await eventually('the badge is the second person\'s again', async () => (await badge.isVisible()) && (await add.textContent()).includes('加入'))
  await toasted(page, () => answer.let())
  await page.locator(id('nav-cart')).click()
  await lineOf(page, 'go1').waitFor()
  check((await lineOf(page, 'ts1').count()) === 0, 'the second person sees the first one\'s cart')

  begin('a page of one person is made anew for the next')
  await call('/api/me', { method: 'PATCH', token: again.token, body: { notifications: { reminders: false } } })
  await become(tab, again)
  await page.goto(`${base}/me/notifications`)
  const choice = (shown) => page.locator(`${id('notify-reminders')}[aria-checked="${shown}"]`)
  await choice(false).waitFor()
  await mark(page)
  await become(tab, editor)
  await choice(true).waitFor()
  check(await kept(page), 'the page was reloaded')
  await become(tab, again)
  await choice(false).waitFor()

  begin('a choice made on another device shows')
  await call('/api/me', { method: 'PATCH', token: again.token, body: { notifications: { reminders: true } } })
  await choice(true).waitFor()
  await call('/api/cart', { method: 'DELETE', token: again.token })

  begin('a logout that takes long does not log out the next person')
  await page.goto(`${base}/me`)
  const leaving = await held(page, /\/api\/logout$/, 'POST', 'answer')
  await page.locator(id('logout')).click()
  await leaving.came
  await become(tab, editor)
  await eventually('the badge is the second person\'s once more', () => badge.isVisible())
  const done = page.waitForResponse(/\/api\/logout$/)
  leaving.let()
  await done
  await page.locator(id('nav-cart')).click()
  await lineOf(page, 'go1').waitFor()

  begin('who logs out is told that, also where the answer takes long')
  await page.goto(`${base}/me`)
  await eventually('the page is live', async () => (await badge.isVisible()) && !(await page.locator(id('offline')).isVisible()))
  const late = await held(page, /\/api\/logout$/, 'POST', 'answer')
  await page.locator(id('logout')).click()
  await late.came
  await page.locator(id('nav-me')).filter({ hasText: '登录' }).click()
  await page.locator(id('session-ended')).filter({ hasText: '已退出登录' }).waitFor()
  late.let()
  await call('/api/cart', { method: 'DELETE', token: (await enter('editor', 'tablet')).token })
  await context.close()
}

async function changes(browser, learner, editor) {
  const context = await person(browser, { viewport: { width: 390, height: 844 }, userAgent: 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Mobile/15E148 Safari/604.1' })
  await as(context, learner)
  const page = await context.newPage()
  let say // a frame to the page over its socket, as the hub would
  await ownLinks(page)
  await page.routeWebSocket(/\/ws$/, (socket) => {
    socket.connectToServer().onMessage((message) => {
      socket.send(message)
      say = (frame) => socket.send(JSON.stringify(frame)) // once the hub is ready
    })
  })
  const readAgain = () => say({ op: 'ready', topics: { user: { pos: 'somewhere', resumed: false } } })

  begin('a cart that is looked at again shows what became of its courses')
  await call('/api/cart/go1', { method: 'PUT', token: learner.token, body: { policy_id: 'go1full' } })
  await page.goto(`${base}/cart`)
  await lineOf(page, 'go1').waitFor()
  await page.locator(id('nav-courses')).click()
  await page.locator(id('course-card')).first().waitFor()
  await call('/api/admin/courses/go1/unpublish', { method: 'POST', token: editor.token })
  await page.locator(id('nav-cart')).click()
  await page.locator(id('cart-problem')).waitFor()
  await shoot(page, 'cart-off-sale')
  await call('/api/admin/courses/go1/publish', { method: 'POST', token: editor.token })
  await call('/api/cart', { method: 'DELETE', token: learner.token })

  begin('an order that was cancelled since its answer was lost is not shown as open')
  expect(/net::ERR_FAILED/)
  await page.goto(`${base}/checkout?course=ts1&policy=ts1full`)
  await page.route(/\/api\/orders$/, async (route) => {
    await route.fetch()
    await route.abort()
  }, { times: 1 })
  await toasted(page, () => page.locator(id('place-order')).click())
  const { items: [order] } = await call('/api/orders', { token: learner.token })
  await call(`/api/orders/${order.id}/cancel`, { method: 'POST', token: learner.token })
  await page.reload()
  await page.locator(id('place-order')).click()
  await page.locator(`${id('order-state')}:not([data-state="pending"])`).waitFor()
  check(page.url().endsWith(order.id), 'the second press placed another order')

  begin('a request that nobody answers is given up')
  const hasty = await context.newPage() // of its own: no other page has as little patience
  await hasty.addInitScript(() => {
    const set = window.setTimeout
    window.setTimeout = (act, ms, ...rest) => set(act, ms === 30_000 ? 3000 : ms, ...rest) // the page's patience with an answer
  })
  let mute = true
  await hasty.route(/\/api\/courses\/go1$/, (route) => (mute ? undefined : route.fallback()))
  await hasty.goto(`${base}/courses/go1`)
  const again = hasty.getByRole('button', { name: '重试' })
  await again.waitFor()
  mute = false
  await pressUntil(again, hasty.locator(id('course-title')))
  await hasty.close()

  begin('a lesson stays while the shop is away')
  const course = await call('/api/courses/go1')
  const lesson = course.chapters.flatMap((c) => c.lessons).find((l) => l.preview)
  say = undefined // that of the page before
  await page.goto(`${base}/courses/go1/lessons/${lesson.id}`)
  await page.locator(id('lesson-title')).waitFor()
  await eventually('the lesson has its link', () => say)
  expect(/status of 503/)
  // The shop is back when its retry is pressed, not sooner: the page reads again by itself as well.
  await page.addInitScript(() => addEventListener('click', () => (window.pressed = true), true))
  await page.route(/\/api\/.*\/lessons\//, async (route) => {
    if (await page.evaluate(() => window.pressed).catch(() => false)) return route.fallback()
    await route.fulfill({ status: 503, contentType: 'application/problem+json', body: '{"status":503,"code":"UNAVAILABLE","detail":"服务暂时不可用"}' })
  })
  await Promise.all([page.waitForResponse(/\/api\/.*\/lessons\//), readAgain()])
  await page.waitForTimeout(200)
  check(await page.locator(id('lesson-title')).isVisible(), 'the lesson is gone')
  await page.reload()
  const retry = page.getByRole('button', { name: '重试' })
  await retry.waitFor()
  await pressUntil(retry, page.locator(id('lesson-title')))

  begin('a page from before the shop was renewed goes on')
  await page.goto(base)
  await page.locator(id('course-card')).first().waitFor()
  expect(/status of 404/, /dynamically imported module/, /preload/)
  let renewed = false
  page.on('request', (r) => (renewed ||= r.isNavigationRequest()))
  await page.route(/\/assets\/Learning-[^/]*\.js$/, (route) => (renewed ? route.fallback() : route.fulfill({ status: 404, body: '' })))
  await page.locator(id('nav-learning')).click()
  await page.getByText('我的课程').waitFor()
  await context.close()
}

async function play(context) {
  const browser = context.browser()
  const learner = await enter('learner', 'phone')
  const editor = await enter('editor', 'desktop')

  begin('clocks that are wrong, and browsers that keep nothing')
  await Promise.all([
    clocks(browser, learner),
    storage(browser, 'forbidden', buyAndCancel).then(() => storage(browser, 'full')),
  ])

  await twoPeople(browser)
  await changes(browser, learner, editor)
}

await perform(play)
