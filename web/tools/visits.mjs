// The pages that are walked, and what their people need: a cart, an order to pay, a bought course.
const id = (name) => `[data-testid="${name}"]`

const entered = (shop, name) => shop.call('/api/login', { body: { username: name, password: `${name}-demo-password`, client: 'web', device: `pages-${name}-${Date.now()}` } })

// ordered places an order of one course's dearest offer and returns it.
async function ordered(shop, token, course) {
  const offer = course.offers.reduce((a, b) => (b.price_fen > a.price_fen ? b : a))
  const { order, payment } = await shop.call('/api/orders', {
    token, headers: { 'Idempotency-Key': `pages-${course.id}-${Date.now()}` },
    body: { lines: [{ course_id: course.id, policy_id: offer.policy_id ?? offer.id }], total_fen: offer.price_fen, channel: 'native' },
  })
  return { ...order, payment }
}

async function fulfilled(shop, token, order) {
  await shop.call('/sandbox/pay', { at: shop.sandbox, body: { code_url: order.payment.code_url } })
  for (let tries = 0; tries < 300; tries++) {
    const now = await shop.call(`/api/orders/${order.id}`, { token })
    if (now.state === 'fulfilled') return
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
  throw new Error(`the order ${order.id} is not fulfilled after a minute`)
}

// visits are the pages: name, path, as (a session; null: a guest), ready (what says that the page is there), open (what is
// done there before one looks).
export async function visits(shop) {
  const [learner, admin] = [await entered(shop, 'learner'), await entered(shop, 'admin')]
  const { items } = await shop.call('/api/courses?limit=50')
  const courses = await Promise.all(items.slice(0, 12).map((c) => shop.call(`/api/courses/${c.id}`)))
  const ladder = items.find((c) => c.free_stage)?.id ?? items[0].id
  const owned = new Set((await shop.call('/api/enrolments', { token: learner.token })).items.map((e) => e.course_id))
  const [bought, waiting, ...more] = courses.filter((c) => c.id !== ladder && !owned.has(c.id) && c.offers.some((o) => o.price_fen > 0))
  const paid = await ordered(shop, learner.token, bought)
  await fulfilled(shop, learner.token, paid)
  const pending = await ordered(shop, learner.token, waiting)
  for (const c of more.slice(0, 3)) await shop.call(`/api/cart/${c.id}`, { method: 'PUT', token: learner.token, body: { policy_id: c.offers[0].policy_id ?? c.offers[0].id } })
  const lessonOf = (course) => course.chapters.flatMap((c) => c.lessons)
  const preview = courses.find((c) => lessonOf(c).some((l) => l.preview))
  const shut = courses.find((c) => c !== bought && lessonOf(c).some((l) => !l.preview))
  const guest = (name, path, ready, open) => ({ name, path, as: null, ready, open })
  const buyer = (name, path, ready, open) => ({ name, path, as: learner, ready, open })
  const staff = (name, path, ready, open) => ({ name: `console ${name}`, path: `/console${path}`, as: admin, ready, open })
  return [
    guest('home', '/', id('course-card')),
    guest('search', '/?q=Go', id('found')),
    guest('search-nothing', '/?q=zzzzqqqq', id('found')),
    guest('course', `/courses/${ladder}`, id('course-title')),
    guest('course-missing', '/courses/none', 'main'),
    guest('lesson-preview', `/courses/${preview.id}/lessons/${lessonOf(preview).find((l) => l.preview).id}`, id('lesson-title')),
    guest('lesson-locked', `/courses/${shut.id}/lessons/${lessonOf(shut).find((l) => !l.preview).id}`, id('lesson-locked')),
    guest('cart-guest', '/cart', 'main'),
    guest('login', '/login', id('login-submit')),
    guest('register', '/login', id('login-submit'), async (tab) => tab.getByText('注册', { exact: false }).first().click()),
    guest('forgotten', '/login/forgotten', 'main h1'),
    guest('terms', '/terms', 'main h1'),
    guest('service', '/service', 'main h1'),
    guest('missing', '/nowhere', 'main'),
    buyer('home-buyer', '/', id('course-card')),
    buyer('cart', '/cart', id('cart-line')),
    buyer('checkout', `/checkout`, id('quote-line')),
    buyer('order-pending', `/orders/${pending.id}`, id('order-state')),
    buyer('order-fulfilled', `/orders/${paid.id}`, id('order-state')),
    buyer('refund', `/orders/${paid.id}/refund`, 'main h1'),
    buyer('orders', '/orders', id('order')),
    buyer('learning', '/learning', id('enrolment')),
    buyer('lesson-bought', `/courses/${bought.id}/lessons/${lessonOf(bought).at(-1).id}`, id('lesson-title')),
    buyer('inbox', '/inbox', id('notice')),
    buyer('me', '/me', id('logout')),
    buyer('devices', '/me/devices', 'main h1'),
    buyer('notifications', '/me/notifications', 'main h1'),
    buyer('password', '/me/password', 'main h1'),
    buyer('phone', '/me/phone', 'main h1'),
    buyer('my-data', '/me/data', 'main h1'),
    buyer('wechat', '/me/wechat', 'main h1'),
    buyer('delete', '/me/delete', 'main h1'),
    { ...guest('console login', '/console/login', 'form') },
    staff('home', '/', 'main h1'),
    staff('orders', '/orders', 'main h1'),
    staff('order', `/orders/${paid.id}`, 'main h1'),
    staff('exceptions', '/orders/exceptions', 'main h1'),
    staff('people', '/people', 'main h1'),
    staff('courses', '/courses', 'main h1'),
    staff('course', `/courses/${ladder}/basics`, 'main h1'),
    staff('outline', `/courses/${ladder}/outline`, 'main h1'),
    staff('prices', `/courses/${ladder}/prices`, 'main h1'),
    staff('categories', '/categories', 'main h1'),
    staff('front', '/front', 'main h1'),
    staff('broadcasts', '/broadcasts', 'main h1'),
    staff('broadcast-new', '/broadcasts/new', 'main h1'),
    staff('media', '/media', 'main h1'),
    staff('templates', '/notice-templates', 'main h1'),
    staff('papers', '/papers', 'main h1'),
    staff('audit', '/system/audit', 'main h1'),
    staff('staff', '/system/staff', 'main h1'),
    staff('check', '/system/check', 'main h1'),
  ]
}
