// Plays finance in the console against a running shop and its sandbox:
//
//   node e2e/finance.e2e.mjs BASE_URL SANDBOX_URL OUTDIR
//
// A learner buys two courses while the console's list is open and shows it by itself. Finance finds the order by WeChat's
// number, sees what a refund of one line would take away, is refused what is too much at its field, and refunds that line:
// the learner's open page changes without a reload.
import { base, begin, call, check, enter, eventually, expect, id, kept, mark, perform, person, sandbox, shoot } from './harness.mjs'

// as gives every page of a browser a session, as a login on it would.
const as = (context, session) => context.addInitScript((s) => location.protocol === 'about:' || localStorage.setItem('mstm.session', s), JSON.stringify(session))

const toSandbox = (path, body) => fetch(sandbox + path, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) })

// buy places an order of two courses for ever and pays it.
async function buy(learner) {
  const cards = await call('/api/courses?limit=20')
  const lines = []
  let total = 0
  for (const card of cards.items) {
    const { offers } = await call(`/api/courses/${card.id}`, { token: learner.token })
    const full = offers.find((o) => o.kind === 'lifetime' && o.available)
    if (!full || lines.length === 2) continue
    lines.push({ course_id: card.id, policy_id: full.policy_id })
    total += full.price_fen
  }
  check(lines.length === 2, 'no two courses are for sale')
  const placed = await call('/api/orders', { token: learner.token, headers: { 'Idempotency-Key': 'finance-play' }, body: { lines, total_fen: total, channel: 'native' } })
  return { ...placed, lines }
}

const rowOf = (page, order) => page.locator(`${id('order-row')}[data-id="${order}"]`)

async function play(context) {
  const browser = context.browser()
  const [learner, finance] = await Promise.all([enter('learner', 'web'), enter('finance', 'web')])

  begin('an order streams into the open console')
  await as(context, finance)
  const page = await context.newPage()
  await page.goto(`${base}/console`)
  await page.locator(`${id('live-light')}[data-live="true"]`).waitFor()
  check((await page.locator(id('menu-courses')).count()) === 0, 'finance is shown what editors do')
  await page.locator(id('menu-orders')).click()
  await page.locator(id('orders-search')).waitFor()
  const { order, payment, lines } = await buy(learner)
  await eventually('the order is there, unpaid', async () => (await rowOf(page, order.id).getAttribute('data-state')) === 'pending')
  await toSandbox('/sandbox/pay', { code_url: payment.code_url })
  await eventually('it is paid and open', async () => (await rowOf(page, order.id).getAttribute('data-state')) === 'fulfilled')
  await shoot(page, 'orders')

  begin('the accounts are checked, and the light says that they balance')
  await page.locator(id('accounts-light')).click()
  await page.locator(id('check-run')).click()
  await page.locator(id('check-whole')).waitFor()
  await page.locator(`${id('accounts-light')}[data-tone="good"]`).waitFor()
  await shoot(page, 'balanced')
  await page.goBack()

  begin('the learner looks at the order on a phone')
  const pocket = await person(browser, { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true })
  await as(pocket, learner)
  const theirs = await pocket.newPage()
  await theirs.goto(`${base}/orders/${order.id}`)
  await theirs.getByText('已开通').first().waitFor()
  await mark(theirs)

  begin('finance finds it by the number of WeChat, and by the address afterwards')
  const { attempts } = await call(`/api/admin/orders/${order.id}`, { token: finance.token })
  await page.locator(`${id('orders-search')} input, input${id('orders-search')}`).first().fill(attempts[0].transaction_id)
  await eventually('the address has it', () => page.url().includes(attempts[0].transaction_id))
  await eventually('one row is left', async () => (await page.locator(id('order-row')).count()) === 1)
  await rowOf(page, order.id).locator('a').first().click()
  await page.locator(id('story')).waitFor()
  await page.locator(`${id('order-check')}[data-whole="true"]`).waitFor()
  await eventually('the story has the payment', async () => (await page.locator(id('move-M4')).count()) === 1)
  await page.goBack()
  await rowOf(page, order.id).waitFor()
  check(page.url().includes(attempts[0].transaction_id), 'going back has lost the filter')
  await page.goForward()
  await shoot(page, 'story')

  begin('a refund says what it takes away, and is refused at its field')
  expect(/status of (400|409|422)/)
  await page.locator(id('order-refund')).click()
  const line = page.locator(`${id('refund-line')}[data-course="${lines[0].course_id}"]`)
  await line.locator(id('refund-pick')).click()
  await line.locator(id('refund-effect')).getByText('立即不能学习').waitFor()
  await shoot(page, 'refund')
  const amount = line.locator(`input${id('refund-amount')}, ${id('refund-amount')} input`).first()
  const all = await amount.inputValue()
  await amount.fill(String(Number(all) + 1))
  await line.locator(id('fault')).waitFor()
  await amount.fill('1')
  await line.locator(id('refund-effect')).getByText('学习不受影响').waitFor()
  await amount.fill(all)
  await line.locator(id('refund-effect')).getByText('立即不能学习').waitFor()
  await page.locator(id('refund-confirm')).click()
  await page.locator(id('fault')).getByText('请填写原因').waitFor()
  await page.locator(`input${id('refund-reason')}, ${id('refund-reason')} input`).first().fill('客服同意')
  await page.locator(id('refund-confirm')).click()
  await page.locator(`${id('order-refund-row')}[data-state="succeeded"]`).waitFor()
  await page.locator(`${id('order-state')}[data-state="partially_refunded"]`).waitFor()
  await shoot(page, 'refunded')

  begin('the open page of the learner has changed by itself')
  await theirs.getByText('部分退款').first().waitFor()
  check(await kept(theirs), 'the page was loaded again')
  await shoot(theirs, 'learner')

  begin('the console on a phone')
  const purse = await person(browser, { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true })
  await as(purse, finance)
  const small = await purse.newPage()
  await small.goto(`${base}/console/orders`)
  await rowOf(small, order.id).waitFor()
  await shoot(small, 'orders-phone')
  await small.goto(`${base}/console/orders/${order.id}`)
  await small.locator(id('story')).waitFor()
  await small.locator(`${id('accounts-light')}[data-tone="good"]`).waitFor()
  await shoot(small, 'story-phone')
  const fits = await small.evaluate(() => document.documentElement.scrollWidth <= innerWidth)
  check(fits, 'the story is wider than a phone')
}

await perform(play)
