// Plays what a reader sees of marketing's broadcasts against a running shop:
//
//   node e2e/broadcast.e2e.mjs BASE_URL SANDBOX_URL OUTDIR
//
// A broadcast to everybody shows on the open pages of a learner's two devices and of a visitor, its
// bell counts it and its inbox lists it; read on one device it is read on the other, also where that
// device was offline in between, and a link that is followed is counted. An answer that is older
// than an event changes nothing, and a learner that switches activities off sees none from then on.
import { randomUUID } from 'node:crypto'
import { base, become, begin, call, check, enter, eventually, held, id, kept, login, mark, ownLinks, perform, person, shoot } from './harness.mjs'

// cuttable lets a page's socket be cut, and refused until it is mended.
async function cuttable(page) {
  const way = { cut: false }
  await page.route(/\/api\/events\b/, (route) => (way.cut ? route.fulfill({ status: 200, contentType: 'text/event-stream', body: '' }) : route.continue()))
  await ownLinks(page)
  await page.routeWebSocket(/\/ws$/, (socket) => {
    if (way.cut) return void socket.close({ code: 1013 })
    const server = socket.connectToServer()
    way.end = () => {
      way.cut = true
      void server.close()
      void socket.close({ code: 4101, reason: JSON.stringify({ code: 'SERVER_RESTART', retry_ms: 200 }) })
    }
  })
  return way
}

async function play(context) {
  const browser = context.browser()
  const boss = await enter('marketer', 'web')
  const marketer = boss.token
  const broadcast = (title, body, link, audience = { kind: 'all' }) => call('/api/hub/broadcasts', {
    token: marketer, headers: { 'Idempotency-Key': randomUUID() }, body: { title, body, link, audience },
  })
  const funnel = async (b) => (await call(`/api/hub/broadcasts/${b.id}`, { token: marketer })).funnel

  begin('open the shop on a computer, on a phone, and as a visitor')
  const desk = await context.newPage()
  await login(desk)
  const session = await enter('learner', 'phone') // another device, which does not put the first one out
  const pocket = await person(browser, { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true })
  await pocket.addInitScript((s) => location.protocol === 'about:' || localStorage.setItem('mstm.session', JSON.stringify(s)), session)
  const phone = await pocket.newPage()
  const way = await cuttable(phone)
  const visitor = await (await person(browser, { viewport: { width: 1200, height: 860 } })).newPage()
  for (const page of [phone, visitor]) {
    await page.goto(base)
    await page.locator(id('course-card')).first().waitFor()
  }
  const pages = [desk, phone, visitor]
  // A first one says when all of them listen.
  await eventually('every page hears', async () => {
    await broadcast('欢迎', '新学期开始了。')
    await new Promise((resolve) => setTimeout(resolve, 500))
    return (await Promise.all(pages.map((page) => page.locator(id('toast')).isVisible()))).every(Boolean)
  })
  for (const page of pages) {
    const close = page.locator(id('toast-close'))
    await close.click()
    await page.locator(id('toast')).waitFor({ state: 'detached' })
    await mark(page)
  }
  await call('/api/notices/all/read', { token: session.token, body: {} })
  await eventually('nothing is unread', async () => !(await desk.locator(id('inbox-badge')).isVisible()))

  begin('a broadcast shows on every open page')
  const told = Promise.all(pages.map(async (page) => {
    const toast = page.locator(id('toast'))
    await toast.getByText('双十一 · 全场五折').waitFor()
    return Date.now()
  }))
  const asked = Date.now()
  const sale = await broadcast('双十一 · 全场五折', '全部课程限时五折，第一个月仍然免费。\n活动到周日晚上结束。', '/courses/go1')
  const took = Math.max(...(await told)) - asked
  console.log(`  shown on three pages ${took} ms after it was asked for`)
  check(took < 5000, `it took ${took} ms`) // the target is a second; a busy machine is given five
  await new Promise((resolve) => setTimeout(resolve, 400)) // until it has slid in
  await shoot(desk, 'toast')
  await shoot(phone, 'toast-phone')
  await shoot(visitor, 'toast-visitor')

  begin('the bell counts it on both devices, and the inbox lists it')
  for (const page of [desk, phone]) {
    await eventually('the bell says 1', async () => (await page.locator(id('inbox-badge')).textContent()) === '1' && page.locator(id('inbox-badge')).isVisible())
  }
  check(!(await visitor.locator(id('inbox-badge')).isVisible()), 'a visitor has a bell')
  check(await kept(desk) && await kept(phone), 'a page was reloaded')
  await desk.locator(id('nav-inbox')).click()
  const listed = desk.locator(id('notice')).filter({ hasText: '双十一' })
  await listed.waitFor()
  await desk.locator(id('toast')).waitFor({ state: 'detached' }) // it is in the list now
  await shoot(desk, 'inbox')

  begin('the link followed on the phone is read on the computer, and counted')
  check((await funnel(sale)).read === 0, 'it is read before anybody read it')
  await phone.locator(id('toast-open')).click()
  await phone.waitForURL(/\/courses\/go1$/)
  await phone.locator(id('course-title')).waitFor()
  for (const page of [desk, phone]) {
    await eventually('the bell is silent', async () => !(await page.locator(id('inbox-badge')).isVisible()))
  }
  await eventually('the inbox shows it as read', async () => !(await listed.getAttribute('class')).includes('unread'))
  await eventually('the click is counted', async () => {
    const f = await funnel(sale)
    return f.read === 1 && f.clicked === 1
  })
  check(await kept(desk) && await kept(phone), 'a page was reloaded')
  await shoot(phone, 'followed-phone')

  begin('read without being followed, it is read and no click')
  const note = await broadcast('周五晚八点直播答疑', '带上你的问题来。')
  const fresh = desk.locator(id('notice')).filter({ hasText: '直播答疑' })
  await fresh.waitFor() // by itself, where the inbox is open
  await phone.locator(id('toast')).getByText('直播答疑').waitFor()
  await fresh.click()
  await eventually('the word is gone from the phone', async () => (await phone.locator(id('toast')).count()) === 0)
  await eventually('the bell of the phone is silent', async () => !(await phone.locator(id('inbox-badge')).isVisible()))
  await eventually('it is counted as read', async () => {
    const f = await funnel(note)
    return f.read === 1 && f.clicked === 0
  })
  await shoot(desk, 'inbox-read')

  const list = /\/api\/notices\?limit=20$/
  const bell = (page) => page.locator(id('inbox-badge'))
  const says = (page, n) => eventually(`the bell says ${n}`, async () => (n ? (await bell(page).isVisible()) && (await bell(page).textContent()) === String(n) : !(await bell(page).isVisible())))
  const row = (page, text) => page.locator(id('notice')).filter({ hasText: text })

  begin('read on the computer while the phone was away, it is read there too')
  await phone.goBack() // from the course, which hides the bell
  await phone.locator(id('course-card')).first().waitFor()
  way.end()
  await phone.locator(id('offline')).waitFor()
  const away = await broadcast('今晚抽奖', '学习满一小时即可参加。')
  await row(desk, '今晚抽奖').click()
  await says(desk, 0)
  way.cut = false
  await eventually('the phone is back', async () => !(await phone.locator(id('offline')).isVisible()))
  await broadcast('回来之后', '手机又在线了。') // after what it missed
  await phone.locator(id('toast')).getByText('回来之后').waitFor()
  await says(phone, 1)
  check((await funnel(away)).read === 1, 'it was not read')

  begin('what comes while all is being read is not read')
  await row(desk, '回来之后').waitFor()
  const reading = await held(desk, '**/api/notices/all/read', 'POST')
  await desk.locator(id('read-all')).click()
  await reading.came
  await broadcast('刚刚开始', '全部已读之后才来。')
  await row(desk, '刚刚开始').waitFor()
  reading.let()
  await says(desk, 1)
  await eventually('the inbox shows it as unread', async () => (await row(desk, '刚刚开始').getAttribute('class')).includes('unread'))

  begin('an older answer does not undo what was read')
  await desk.locator(id('nav-courses')).click()
  const listing = await held(desk, list, 'GET')
  await desk.locator(id('nav-inbox')).click()
  await listing.came
  await phone.locator(id('nav-inbox')).click()
  await row(phone, '刚刚开始').click()
  await says(desk, 0)
  listing.let()
  await row(desk, '刚刚开始').waitFor()
  check(!(await row(desk, '刚刚开始').getAttribute('class')).includes('unread'), 'it is unread again')

  begin('who wants no activities sees none from then on, on no open page')
  const choose = (activities) => call('/api/me', { method: 'PATCH', token: session.token, body: { notifications: { activities } } })
  await broadcast('还想听的', '这一条还会响。')
  for (const page of [desk, phone]) await says(page, 1)
  await choose(false)
  for (const page of [desk, phone]) await says(page, 0)
  await desk.locator(id('nav-courses')).click()
  await phone.locator(id('nav-courses')).click()
  await broadcast('不想听的', '只有访客看到。')
  await visitor.locator(id('toast')).getByText('不想听的').waitFor()
  await new Promise((resolve) => setTimeout(resolve, 300)) // for what must not come
  for (const page of [desk, phone]) check(!(await page.getByText('不想听的').count()) && !(await bell(page).isVisible()), 'it is told of an activity')
  await choose(true)
  for (const page of [desk, phone]) await says(page, 2)

  begin('what one reader asked for is not shown to the next')
  await broadcast('只给你', '悄悄话。', undefined, { kind: 'users', user_ids: [session.user.id] })
  await says(desk, 3)
  const own = await held(desk, list, 'GET')
  await desk.locator(id('nav-inbox')).click()
  await own.came
  const tab = await context.newPage()
  await tab.goto(base)
  await become(tab, boss)
  await row(desk, '不想听的').waitFor() // of the next one's inbox
  own.let()
  await new Promise((resolve) => setTimeout(resolve, 300)) // for what must not come
  check(!(await row(desk, '只给你').count()), 'it is in somebody else\'s inbox')

  begin('a template that is saved late does not overwrite the one that is being edited by then')
  const office = await person(browser, { viewport: { width: 1200, height: 860 } })
  await office.addInitScript((s) => location.protocol === 'about:' || localStorage.setItem('mstm.session', JSON.stringify(s)), await enter('editor', 'web'))
  const editing = await office.newPage()
  await editing.goto(`${base}/console/notices`)
  const title = editing.locator(id('title-zh-CN'))
  await title.fill('订单快要关闭了')
  const saving = await held(editing, /\/notice-templates\/order_closing$/, 'PUT')
  await editing.locator(id('template-save')).click()
  await saving.came
  await editing.locator('[data-form="order_fulfilled"]').click()
  await editing.getByRole('button', { name: '放弃修改' }).click()
  await eventually('the other one shows', async () => (await title.inputValue()) === '课程已开通')
  saving.let()
  await editing.locator('[data-form="order_closing"]').getByText('已修改').waitFor()
  check((await title.inputValue()) === '课程已开通', 'its title is the other one\'s')
}

await perform(play)
