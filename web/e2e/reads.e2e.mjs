// A page reads its data once as it opens: the live link goes on from where the answers stand. Each page is opened anew, alone
// and beside another tab of the same browser, and once more by a press inside the shop.
import { base, begin, call, check, emptyCart, enter, eventually, id, login, openCourse, perform, shoot } from './harness.mjs'

const calm = 1200 // ms without a request; nothing depends on it but how much is counted

// counted opens a page and returns how often it asked for each path until it has asked for those that are wanted and is calm.
async function counted(page, open, wanted = []) {
  const asked = new Map()
  let last = Date.now()
  const note = (req) => {
    const url = new URL(req.url())
    if (!url.pathname.startsWith('/api/') || url.pathname === '/api/events' || req.method() !== 'GET') return
    last = Date.now()
    const what = url.pathname + url.search
    asked.set(what, (asked.get(what) ?? 0) + 1)
  }
  page.on('request', note)
  await open()
  await eventually('the page is calm', () => Date.now() - last > calm && wanted.every((path) => [...asked.keys()].some((p) => p.startsWith(path))))
  page.off('request', note)
  return asked
}

function once(name, asked) {
  const said = [...asked].map(([path, n]) => `${n} × ${path}`).join(', ')
  console.log(`  ${name}: ${said}`)
  for (const [path, n] of asked) check(n === 1, `${name} reads ${path} ${n} times (${said})`)
}

await perform(async (context) => {
  const page = await context.newPage()
  await login(page)
  await emptyCart(page)
  await page.goto(base)
  const { course, other } = await openCourse(page)
  await page.locator(`${id('offer')}[data-policy="${other}"]`).click()
  await page.locator(id('add-to-cart')).click()
  await eventually('it is in the cart', () => page.locator(id('cart-badge')).first().isVisible())
  const { token } = await enter('learner', 'web')
  const detail = await call(`/api/courses/${course}`, { token })
  const lesson = detail.chapters.flatMap((c) => c.lessons).find((l) => l.preview).id
  const { items: orders } = await call('/api/orders', { token })

  const pages = [
    ['the list', '/', ['/api/search', '/api/categories', '/api/enrolments']],
    ['a course', `/courses/${course}`, [`/api/courses/${course}`, `/api/enrolments/${course}/progress`]],
    ['a lesson', `/courses/${course}/lessons/${lesson}`, [`/api/courses/${course}/lessons/${lesson}`, `/api/courses/${course}`]],
    ['the cart', '/cart', ['/api/cart']],
    ['the checkout', '/checkout', ['/api/cart']],
    ['the orders', '/orders', ['/api/orders']],
    ...(orders.length ? [['an order', `/orders/${orders[0].id}`, [`/api/orders/${orders[0].id}`]]] : []),
    ['the courses of a learner', '/learning', ['/api/enrolments']],
    ['the inbox', '/inbox', ['/api/notices']],
    ['the devices', '/me/devices', ['/api/me/sessions']],
  ]
  check(pages.length >= 8, 'eight pages at least')

  begin('each page that is opened alone reads once')
  for (const [name, path, wanted] of pages) once(name, await counted(page, () => page.goto(base + path), wanted))
  await shoot(page, 'devices')

  begin('each page that is opened beside another tab reads once')
  const beside = await context.newPage()
  for (const [name, path, wanted] of pages) once(name, await counted(beside, () => beside.goto(base + path), wanted))

  begin('a page that is come to inside the shop reads once')
  await beside.goto(base)
  await beside.locator(id('course-card')).first().waitFor()
  const card = beside.locator(`${id('course-card')}[data-course="${course}"]`)
  await eventually('the shop is calm', async () => (await counted(beside, async () => {})).size === 0)
  once('a course', await counted(beside, () => card.click(), [`/api/courses/${course}`]))
  await shoot(beside, 'course')

  begin('and hears what changes from then on')
  await page.goto(`${base}/cart`)
  await page.locator(id('cart-remove')).first().click()
  await eventually('the other tab has the empty cart', async () => !(await beside.locator(id('cart-badge')).first().isVisible()))
})
