// Plays marketing in the console against a running shop and its sandbox:
//
//   node e2e/marketing.e2e.mjs BASE_URL SANDBOX_URL OUTDIR
//
// A marketer writes a broadcast to six hundred people, counted while they are chosen, tries it on herself, and sends
// it; because it goes to so many, an administrator confirms it on a phone, and pauses it when two fifths have it. Both pages
// show that at once, and the rest, and what came of it. The shop has six hundred learners of the
// course go1, and asks for a second person above 300.
import { base, begin, call, check, enter, eventually, expect, id, kept, mark, perform, person, shoot } from './harness.mjs'

const crowd = 600 // learners of the course go1
const title = '双十二 · 两门课一起学'

// as gives every page of a browser a session, as a login on it would.
const as = (context, session) => context.addInitScript((s) => location.protocol === 'about:' || localStorage.setItem('mstm.session', s), JSON.stringify(session))

const input = (page, name) => page.locator(`input${id(name)}, ${id(name)} input, textarea${id(name)}, ${id(name)} textarea`).first()
const countOn = (page, name) => page.locator(id(`count-${name}`)).getAttribute('data-count').then(Number)
const stateOn = (page) => page.locator(id('broadcast-state')).getAttribute('data-state')

// choose takes an option of a select by its word.
async function choose(page, name, word) {
  await page.locator(id(name)).first().click()
  await page.locator('.el-select-dropdown__item:visible', { hasText: word }).first().click()
}

const counted = (page) => eventually('the audience is counted', () => page.locator(id('audience-count')).getAttribute('data-count', { timeout: 1000 }).catch(() => null)).then(Number)

// prove answers the question for the password, where it comes before done.
async function prove(page, name, done) {
  const password = input(page, 'step-up-password')
  await eventually('the password or its end', async () => (await password.isVisible()) || (await done()))
  if (!(await password.isVisible())) return
  await password.fill(`${name}-demo-password`)
  await page.locator(id('step-up-confirm')).click()
}

const yes = (page) => page.locator('.el-message-box:visible .el-button--primary').click()

// write fills the form in for the crowd and sends it, and returns the id of the broadcast.
async function write(page) {
  const courseTitle = (await call('/api/courses/go1')).title
  await input(page, 'broadcast-title').fill(title)
  await input(page, 'broadcast-body').fill('两门课一起买，第二门的第一个月免费。\n周日晚上结束。')
  await input(page, 'broadcast-link').fill('/courses/go1')
  await choose(page, 'audience-kind', '一门课程的学员')
  await choose(page, 'audience-course', courseTitle)
  check((await counted(page)) === crowd, 'the crowd is not counted')
  await page.locator(id('broadcast-send')).click()
  await yes(page)
  const sent = () => /\/broadcasts\/[0-9a-z]{20,}$/.test(page.url())
  await prove(page, 'marketer', sent)
  await eventually('it is sent', sent)
  return page.url().split('/').pop()
}

// pauseAt presses pause as soon as so many per cent are reached.
const pauseAt = (page, percent) => page.evaluate((percent) => {
  const look = () => {
    const far = document.querySelector('[data-testid="broadcast-percent"]')
    const pause = document.querySelector('[data-testid="broadcast-pause"]')
    if (!far || !pause || Number(far.dataset.percent) < percent) return
    watch.disconnect()
    pause.click()
  }
  const watch = new MutationObserver(look)
  watch.observe(document, { subtree: true, childList: true, attributes: true, attributeFilter: ['data-percent'] })
}, percent)

// pausedInFlight sends, confirms and pauses, again where all had it before the pause came.
async function pausedInFlight(page, phone) {
  for (let round = 1; round <= 5; round++) {
    if (round > 1) await page.goto(`${base}/console/broadcasts/new`)
    const broadcast = await write(page)
    check((await stateOn(page)) === 'unconfirmed' && !(await page.locator(id('broadcast-confirm')).count()), 'its author may confirm it')
    await phone.goto(`${base}/console/broadcasts`)
    await phone.locator(`${id('broadcast-row')}[data-id="${broadcast}"] a`).first().click()
    await phone.locator(id('broadcast-confirm')).waitFor()
    await phone.locator(`${id('live-light')}[data-live="true"]`).waitFor()
    if (round === 1) await shoot(phone, 'confirm-phone')
    await mark(page)
    await mark(phone)
    await pauseAt(phone, 40)
    await phone.locator(id('broadcast-confirm')).click()
    await yes(phone)
    await prove(phone, 'admin', async () => (await stateOn(phone)) !== 'unconfirmed')
    const state = await eventually('it is paused or sent', async () => {
      const now = await stateOn(phone)
      return (now === 'paused' || now === 'sent') && now
    })
    if (state === 'paused') return broadcast
    console.log(`  round ${round}: all had it before it could be paused`)
  }
  throw new Error('five times all had it before it could be paused')
}

async function play(context) {
  const browser = context.browser()
  const [marketer, admin, learner] = await Promise.all([enter('marketer', 'web'), enter('admin', 'phone'), enter('learner', 'web')])

  expect(/status of (400|403|409|422|503)/)
  begin('marketing chooses an audience and sees how many it has')
  await as(context, marketer)
  const page = await context.newPage()
  await page.setViewportSize({ width: 1440, height: 900 })
  await page.goto(`${base}/console/broadcasts`)
  await page.locator(`${id('live-light')}[data-live="true"]`).waitFor()
  check((await page.locator(id('menu-courses')).count()) === 0 && (await page.locator(id('menu-orders')).count()) === 0, 'marketing is shown what others do')
  await page.locator(id('broadcast-new')).click()
  const everybody = await counted(page)
  check(everybody > crowd, `${everybody} people in all`)
  await choose(page, 'audience-kind', '快到期的学员')
  check((await counted(page)) === 0, 'nobody has a course that ends')
  await choose(page, 'audience-kind', '现在在线的学员')
  check((await counted(page)) >= 1, 'the marketer is online')

  begin('it is refused at its fields, and tried on oneself')
  await input(page, 'broadcast-title').fill(title)
  await page.locator(`${id('phone-preview')} .toast`).getByText(title).waitFor()
  await page.locator(id('broadcast-send')).click()
  await page.locator(id('fault')).getByText('请填写正文').waitFor()
  await input(page, 'broadcast-body').fill('两门课一起买，第二门的第一个月免费。')
  await page.reload()
  check((await input(page, 'broadcast-title').inputValue()) === title, 'the reload has lost the draft')
  await page.locator(id('broadcast-try')).click()
  await eventually('it is in the inbox', async () => (await call('/api/notices', { token: marketer.token })).items.some((n) => n.title === `【试发】${title}`))
  await shoot(page, 'write')

  begin('it goes to six hundred, is confirmed on a phone and paused in flight')
  const pocket = await person(browser, { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true })
  await as(pocket, admin)
  const phone = await pocket.newPage()
  const broadcast = await pausedInFlight(page, phone)
  const truth = () => call(`/api/hub/broadcasts/${broadcast}`, { token: marketer.token })
  await eventually('both pages show what the shop has', async () => {
    const { state, counts } = await truth()
    const seen = await Promise.all([page, phone].map(async (p) => (await stateOn(p)) === state && (await countOn(p, 'told')) === counts.told))
    return state === 'paused' && seen.every(Boolean)
  })
  const { counts } = await truth()
  check(counts.told >= 0.4 * crowd && counts.told < crowd, `paused at ${counts.told} of ${crowd}`)
  console.log(`  paused at ${counts.told} of ${crowd}`)
  check((await kept(page)) && (await kept(phone)), 'a page was loaded again')
  await shoot(page, 'paused')
  await shoot(phone, 'paused-phone')
  check(await phone.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'the cockpit is wider than a phone')

  begin('it goes on and both see its end')
  await page.locator(id('broadcast-start')).click()
  await prove(page, 'marketer', async () => (await stateOn(page)) !== 'paused')
  for (const p of [page, phone]) await eventually('all have it', async () => (await stateOn(p)) === 'sent' && (await countOn(p, 'told')) === crowd)
  check((await truth()).counts.inbox === crowd, 'not all have it in the inbox')

  begin('what came of one to the learners online, and a copy')
  const small = await call('/api/hub/broadcasts', {
    token: marketer.token, headers: { 'Idempotency-Key': 'marketing-play' },
    body: { title: '小活动', body: '只给一位。', link: '/courses/go1', audience: { kind: 'users', user_ids: [learner.user.id] }, channels: ['live', 'inbox', 'wechat'] },
  })
  await call(`/api/notices/activity:${small.id}/read`, { token: learner.token, body: { clicked: true } }).catch(() => {})
  await eventually('it is read', async () => {
    await call(`/api/notices/activity:${small.id}/read`, { token: learner.token, body: { clicked: true } }).catch(() => {})
    return (await call(`/api/hub/broadcasts/${small.id}`, { token: marketer.token })).funnel.clicked === 1
  })
  await page.goto(`${base}/console/broadcasts/${small.id}`)
  await page.locator(`${id('funnel-clicked')}[data-count="1"]`).waitFor()
  await page.locator(`${id('broadcast-reason')}[data-code="NOT_SUBSCRIBED"]`).waitFor()
  await shoot(page, 'cockpit')
  await page.locator(id('broadcast-copy')).click()
  await eventually('the copy is there', async () => (await input(page, 'broadcast-title').inputValue()) === '小活动')
  await phone.goto(`${base}/console/broadcasts`)
  await phone.locator(id('broadcast-row')).first().waitFor()
  await shoot(phone, 'list-phone')
}

await perform(play)
