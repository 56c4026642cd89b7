// Plays a buyer while WeChat misbehaves, at the press of one button of each group of the sandbox's
// panel, against a running shop and its sandbox:
//
//   node e2e/faults.e2e.mjs BASE_URL SANDBOX_URL OUTDIR
//
// Tokens that are void, a prepay that fails, a certificate that is replaced, a payment and a refund
// without callbacks: the page says what is the matter, and ends where it would without them.
import { base, begin, check, eventually, expect, id, login, perform, sandbox, shoot, toasted, tokenIn } from './harness.mjs'

async function play(context) {
  const panel = await context.newPage()
  await panel.goto(`${sandbox}/phone`)
  const groups = await panel.locator('.group h3').allTextContents()
  const pressed = new Set()

  // leap lets time pass: what the shop asks about by and by it asks about now.
  const leap = (name) => Promise.all([panel.waitForEvent('load'), panel.getByRole('button', { name }).click()])

  // press finds a button in its group, and waits until the panel says that it did something.
  async function press(group, name) {
    const button = panel.locator('.group').filter({ has: panel.getByRole('heading', { name: group }) }).getByRole('button', { name, exact: true })
    await button.click()
    if (await button.getAttribute('data-fault')) await eventually(`${name} is in force`, async () => (await button.getAttribute('aria-pressed')) === 'true')
    else await panel.locator('#note.good').filter({ hasText: name }).waitFor()
    pressed.add(group)
  }

  const page = await context.newPage()
  await login(page)

  begin('a token that WeChat no longer takes')
  await page.goto(`${base}/me/wechat`)
  await page.locator(id('bind-qr')).waitFor()
  await press('公众号', '令牌立即失效')
  await page.reload()
  const code = page.locator(id('bind-qr'))
  await code.waitFor()
  const phone = await context.newPage()
  await phone.goto(`${sandbox}/phone?code_url=${encodeURIComponent(await code.getAttribute('data-url'))}`)
  await phone.locator('#scan').click()
  await page.locator(id('wechat-bound')).waitFor()

  begin('a prepay that fails, and goes on under the same number')
  await page.goto(`${base}/checkout?course=go1&policy=go1full`) // of the sample
  await page.locator(id('quote-line')).first().waitFor()
  await press('支付接口', '下单 500')
  await panel.bringToFront()
  await shoot(panel, 'panel')
  await page.bringToFront()
  expect(/status of 503/)
  await toasted(page, () => page.locator(id('place-order')).click())
  await shoot(page, 'busy')
  await page.locator(id('place-order')).click()
  const link = page.locator(id('pay-sandbox-link'))
  await link.waitFor()

  begin('a certificate that is replaced, and a payment that nobody tells of')
  await press('签名与密钥', '通知改用平台证书')
  await press('签名与密钥', '换发平台证书')
  await press('付款通知', '已扣款，通知丢失')
  await phone.goto(await link.getAttribute('href'))
  await phone.locator('#pay').click()
  await phone.getByText('支付成功').waitFor()
  await leap('+1 分')
  const state = page.locator(id('order-state'))
  await eventually('the order is fulfilled', async () => (await state.getAttribute('data-state')) === 'fulfilled')
  await phone.goto(`${sandbox}/phone?tab=messages`)
  await phone.getByText('课程开通通知').waitFor()
  check((await phone.getByText('课程开通通知').count()) === 1, 'the phone has the message twice')

  begin('a refund that nobody tells of')
  await press('退款', '退款通知丢失')
  const token = await tokenIn(page)
  const asked = await page.request.post(`${base}/api/orders/${page.url().split('/').at(-1)}/refund`, {
    headers: { Authorization: `Bearer ${token}` }, data: { reason: '不学了' },
  })
  check(asked.ok(), `the refund was answered ${asked.status()}`)
  for (let leaps = 0; (await state.getAttribute('data-state')) !== 'refunded'; leaps++) {
    check(leaps < 60, 'the refund was never found')
    await leap('+15 分')
    await page.waitForTimeout(250)
  }
  await page.bringToFront()
  await shoot(page, 'refunded')

  begin('a text message that the provider does not take')
  await press('短信', '短信 500')
  const wanted = { data: { phone: '13900004321', purpose: 'login' } }
  const failed = await page.request.post(`${base}/api/sms-codes`, wanted)
  check(failed.status() === 503, `the failure was answered ${failed.status()}`)
  check((await page.request.post(`${base}/api/sms-codes`, wanted)).ok(), 'the code was not sent when it was asked for again')

  check(groups.length > 0 && groups.every((group) => pressed.has(group)), `nothing was pressed in one of ${groups}`)
}

await perform(play)
