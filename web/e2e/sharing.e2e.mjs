// Sharing a course: the poster on a phone and a desktop, the tag from the link to the console, and WeChat's card inside WeChat.
import { base, begin, call, check, emptyCart, enter, eventually, id, login, openCourse, perform, person, sandbox, shoot } from './harness.mjs'

const phone = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true }

const sizeOf = (page) => page.locator(id('poster')).evaluate((img) => [img.naturalWidth, img.naturalHeight])

async function poster(page, course, name) {
  await page.goto(`${base}/courses/${course}`)
  await page.locator(id('share-open')).click()
  await page.locator(id('poster')).waitFor()
  const [width, height] = await sizeOf(page)
  check(width >= 720 && height > width, `the poster is ${width} × ${height}`)
  await shoot(page, name)
  return page.locator(id('share-link')).textContent()
}

await perform(async (context, browser) => {
  const page = await context.newPage()
  await page.setViewportSize({ width: 1440, height: 900 })
  const { items } = await call('/api/courses?limit=50')
  const ladder = items.find((c) => c.free_stage) ?? items[0]
  const longest = items.reduce((a, b) => (b.title.length > a.title.length ? b : a))

  begin('a visitor’s poster has no tag')
  const plain = await poster(page, ladder.id, 'poster-desktop')
  check(plain === `${base}/courses/${ladder.id}`, `a visitor shares ${plain}`)
  await page.keyboard.press('Escape')
  await eventually('it is closed', async () => !(await page.locator(id('share')).count()))

  begin('a learner’s has an opaque one')
  await login(page)
  const { token, user } = await enter('learner', 'web')
  const { referral } = await call('/api/me', { token })
  const link = await poster(page, ladder.id, 'poster-desktop-learner')
  check(link === `${base}/courses/${ladder.id}?from=${referral}` && !link.includes(user.id), `a learner shares ${link}`)

  begin('on a phone, with the longest title, and where the cover does not come')
  const mobile = await person(browser, phone)
  const tab = await mobile.newPage()
  await poster(tab, ladder.id, 'poster-phone')
  await tab.route(`**/api/courses/${longest.id}`, async (route) => {
    const res = await route.fetch()
    const body = await res.json()
    await route.fulfill({ response: res, json: { ...body, title: `${body.title}：从第一行代码到能独立上线的一门很长很长的课程名字 with-an-unbroken-latin-word-of-considerable-length 以及更多`, cover: '' } })
  })
  await poster(tab, longest.id, 'poster-long-without-cover')

  begin('the last tag goes with the order')
  await page.goto(`${base}/?from=old-tag`)
  await page.goto(`${base}/?from=${'x'.repeat(40)}`) // none
  await emptyCart(page)
  await page.goto(`${base}/?from=spring-poster`)
  const { course, paid } = await openCourse(page)
  await page.goto(`${base}/checkout?course=${course}&policy=${paid}`)
  await page.locator(id('place-order')).click()
  await page.waitForURL(/\/orders\/[^/]+$/)
  const order = page.url().split('/').pop()
  const finance = await enter('finance', 'web')
  const story = await call(`/api/admin/orders/${order}`, { token: finance.token })
  check(story.referral === 'spring-poster', `the order has the tag ${story.referral}`)
  await call(`/api/orders/${order}/cancel`, { method: 'POST', token, headers: { 'Idempotency-Key': 'sharing-cancel-1' } }).catch(() => {})

  begin('inside WeChat the page sets its card')
  const wechat = await (await person(browser, phone)).newPage()
  const { port } = new URL(sandbox)
  const inside = `http://wechat1.phone.localhost:${port}`
  await wechat.goto(`${inside}/courses/${ladder.id}?from=friend#top`)
  await wechat.locator(id('course-title')).waitFor()
  const cards = await eventually('there is a card', () => wechat.evaluate(() => window.wx?.cards?.updateTimelineShareData && window.wx.cards))
  const { title, desc, link: shared, imgUrl } = cards.updateAppMessageShareData
  check(title === ladder.title && desc && shared === `${inside}/courses/${ladder.id}` && /^http.*\.(png|jpe?g|webp|avif)/.test(imgUrl), `the card is ${JSON.stringify(cards)}`)
  await shoot(wechat, 'inside-wechat')
  const refused = await fetch(`${sandbox}/sandbox/page-config`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ appId: 'x', timestamp: 1, nonceStr: 'n', signature: 's', url: base }) }).then((r) => r.json())
  check(/fail/.test(refused.errMsg), `a forged signature: ${refused.errMsg}`)
})
