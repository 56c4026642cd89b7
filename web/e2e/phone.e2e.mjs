// Plays a buyer with a forgotten password, from the login page to a paid course, with the sandbox's phone:
//
//   node e2e/phone.e2e.mjs BASE_URL SANDBOX_URL OUTDIR
import { base, begin, call, check, eventually, id, openCourse, perform, sandbox, shoot } from './harness.mjs'

const number = '13800001234'
const password = 'brass kettle on the shelf'

// codeOf is the code in the newest message to the number, other than before.
async function codeOf(before = '') {
  return eventually('a text message arrives', async () => {
    const { items } = await (await fetch(`${sandbox}/sandbox/texts?phone=${encodeURIComponent(`+86${number}`)}`)).json()
    return items[0] && items[0].serial_no !== before && { code: items[0].params[0], serial: items[0].serial_no }
  })
}

async function play(context) {
  begin('an account by phone number')
  await call('/api/sms-codes', { body: { phone: number, purpose: 'login' } })
  const first = await codeOf()
  const old = await call('/api/login/phone', { body: { phone: number, code: first.code } })

  begin('the password is forgotten')
  const from = Date.now()
  const page = await context.newPage()
  await page.goto(`${base}/login`)
  await page.locator(id('way-phone')).click()
  await page.locator(id('phone-number')).waitFor()
  await shoot(page, 'login-phone')
  await page.locator(id('login-forgotten')).click()
  await page.locator(id('reset-password')).waitFor()
  await page.locator(id('phone-number')).fill('138 0000 1234')
  await page.locator(id('phone-send')).click()
  await page.locator(id('phone-sent')).waitFor()
  await page.locator(id('phone-code')).fill((await codeOf(first.serial)).code)
  await page.locator(id('reset-password')).fill(password)
  await shoot(page, 'forgotten')
  await page.locator(id('reset-submit')).click()
  await page.locator(id('course-card')).first().waitFor()
  const dead = await fetch(`${base}/api/me`, { headers: { Authorization: `Bearer ${old.token}` } })
  check(dead.status === 401, `the session from before answers ${dead.status}`)

  begin('a course is bought')
  const { paid, course } = await openCourse(page)
  const token = await page.evaluate(() => JSON.parse(localStorage.getItem('mstm.session')).token)
  await call(`/api/cart/${course}`, { method: 'PUT', token, body: { policy_id: paid } })
  await page.goto(`${base}/cart`)
  await page.locator(id('checkout')).click()
  await page.locator(id('place-order')).click()
  const link = await page.locator(id('pay-sandbox-link')).getAttribute('href')
  const answer = await fetch(`${sandbox}/sandbox/pay`, {
    method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ code_url: new URL(link).searchParams.get('code_url') }),
  })
  check(answer.ok, `the sandbox answered ${answer.status}`)
  await eventually('the order is fulfilled', async () => (await page.locator(id('order-state')).getAttribute('data-state')) === 'fulfilled')
  console.log(`from the login page to a paid course in ${((Date.now() - from) / 1000).toFixed(1)} s`)
  await shoot(page, 'paid')

  begin('the number is on its page')
  await page.goto(`${base}/me/phone`)
  await eventually('the number shows', async () => (await page.locator(id('phone-now')).textContent()).includes('138****1234'))
  await shoot(page, 'number')
}

await perform(play)
