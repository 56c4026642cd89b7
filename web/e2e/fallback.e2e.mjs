// Plays a buyer on a network that breaks WebSockets, now and then, against a running shop:
//
//   node e2e/fallback.e2e.mjs BASE_URL SANDBOX_URL OUTDIR
//
// Between the browser and the shop stands a proxy that refuses upgrades on command. The real page
// must go on with server-sent events; and a second link of the same page, which counts, must
// receive every number once, in order, by either transport.
import { readFile } from 'node:fs/promises'
import http from 'node:http'
import ts from 'typescript'
import { base, begin, check, emptyCart, eventually, expect, id, kept, lineOf, login, mark, openCourse, ownLinks, perform, shoot, through, tokenIn } from './harness.mjs'

const shop = new URL(base)

// door is the proxy: what is open through it, by way, whether it refuses WebSockets, and whether it is
// deaf: then no event stream passes either.
const door = { refusing: false, deaf: false, refused: 0, sockets: new Set(), streams: new Set() }

function keep(set, connection) {
  set.add(connection)
  connection.on('close', () => set.delete(connection))
  connection.on('error', () => {})
}

function pass(req, res) {
  if (door.deaf && req.url.startsWith('/api/events')) return void res.destroy()
  const on = http.request({ host: shop.hostname, port: shop.port, path: req.url, method: req.method, headers: req.headers }, (answer) => {
    if (req.url.startsWith('/api/events')) keep(door.streams, res.socket)
    res.writeHead(answer.statusCode, answer.headers)
    answer.pipe(res)
  })
  on.on('error', () => res.destroy())
  res.on('close', () => on.destroy())
  req.pipe(on)
}

function upgrade(req, client, head) {
  client.on('error', () => {})
  if (door.refusing) {
    door.refused++
    return void client.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n')
  }
  const on = http.request({ host: shop.hostname, port: shop.port, path: req.url, headers: req.headers })
  on.on('error', () => client.destroy())
  on.on('upgrade', (answer, server) => {
    const lines = answer.rawHeaders.reduce((text, word, i) => text + word + (i % 2 ? '\r\n' : ': '), 'HTTP/1.1 101 Switching Protocols\r\n')
    client.write(lines + '\r\n')
    server.on('error', () => client.destroy())
    client.on('close', () => server.destroy())
    server.write(head)
    server.pipe(client).pipe(server)
    keep(door.sockets, client)
  })
  on.end()
}

const cut = (set) => set.forEach((connection) => connection.destroy())

async function openDoor() {
  const server = http.createServer(pass).on('upgrade', upgrade)
  await new Promise((done) => server.listen(0, '127.0.0.1', done))
  through(`http://127.0.0.1:${server.address().port}`)
  return server
}

async function call(token, method, path, body) {
  const res = await fetch(new URL('/api' + path, shop), {
    method,
    headers: { 'Content-Type': 'application/json', ...(token && { Authorization: `Bearer ${token}` }) },
    body: body && JSON.stringify(body),
  })
  check(res.ok, `${method} ${path} answered ${res.status}: ${await res.clone().text()}`)
  return res.status === 204 ? undefined : res.json()
}

// serveSource gives the browser the pages' own link, without the pages around it.
async function serveSource(context) {
  await context.route(/\/probe\/(link|socket|hub|place)$/, async (route) => {
    const name = new URL(route.request().url()).pathname.split('/').pop()
    const source = await readFile(new URL(`../client/src/${name}.ts`, import.meta.url), 'utf8')
    const compilerOptions = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 }
    await route.fulfill({ contentType: 'text/javascript', body: ts.transpileModule(source, { compilerOptions }).outputText })
  })
}

// count opens the link that counts. It soon tries WebSockets again.
const count = (page) => page.evaluate(async () => {
  const [{ HubSocket }, { watchPage }] = [await import('/probe/socket'), await import('/probe/hub')]
  const heard = (window.heard = { numbers: [], stale: [], course: 0 })
  const hub = (window.hub = new HubSocket(location.origin, {
    event: (e) => {
      if (e.topic === 'activity' && e.type === 'number') heard.numbers.push(e.data.n)
      if (e.topic.startsWith('course:') && e.type === 'number') heard.course++
    },
    stale: (topic) => heard.stale.push(topic),
    changed: () => {},
    ended: (code) => heard.stale.push(`ended ${code}`),
  }, { first: 300, longest: 1000 }))
  watchPage(hub)
  hub.start(JSON.parse(localStorage.getItem('mstm.session')).token)
})

const heard = (page) => page.evaluate(() => window.heard)

// publisher says numbers to everybody until it is stopped.
function publisher(token) {
  const p = { last: 0, stopped: false }
  p.done = (async () => {
    while (!p.stopped) {
      await call(token, 'POST', '/hub/publish', { topic: 'activity', type: 'number', data: { n: ++p.last } })
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  })()
  return p
}

// look hides the page and shows it again, as a change of tabs does.
const look = (page) => page.evaluate(async () => {
  for (const state of ['hidden', 'visible']) {
    Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => state })
    document.dispatchEvent(new Event('visibilitychange'))
    await new Promise((done) => setTimeout(done, 50))
  }
})

// withoutLink: neither way works, so the cart reads when it is looked at, and slowly while in view.
async function withoutLink(page, token, course, paid, other) {
  begin('without a link a page reads when it is looked at, and slowly while it is in view')
  door.refusing = door.deaf = true
  cut(door.sockets)
  cut(door.streams)
  await page.locator(id('offline')).waitFor()
  const reads = []
  page.on('request', (r) => r.method() === 'GET' && r.url().endsWith('/api/cart') && reads.push(Date.now()))
  await call(token, 'PUT', `/cart/${course}`, { policy_id: other })
  await look(page)
  const policy = lineOf(page, course).locator(id('cart-policy'))
  await eventually('the page that is looked at shows the new choice', async () => (await policy.inputValue()) === other)
  check(reads.length === 1, `a look read the cart ${reads.length} times`)
  await call(token, 'PUT', `/cart/${course}`, { policy_id: paid })
  await eventually('the page in view shows the next by itself', async () => (await policy.inputValue()) === paid)
  check(reads.length === 2, `the cart was read ${reads.length} times`)
  await shoot(page, 'without-link')
  door.deaf = door.refusing = false
  await page.locator(id('offline')).waitFor({ state: 'hidden' })
}

async function play(context) {
  const server = await openDoor()
  await ownLinks(context)
  await serveSource(context)
  const page = await context.newPage()
  expect(/WebSocket connection to/, /net::ERR_/)
  begin('log in and open the cart')
  await login(page)
  await emptyCart(page)
  await page.locator(id('nav-courses')).click()
  const { course, paid, other } = await openCourse(page)
  const token = await tokenIn(page)
  await page.locator(id('nav-cart')).click()
  await mark(page)

  begin('numbers come over the WebSocket')
  await count(page)
  await eventually('two WebSockets', () => door.sockets.size === 2)
  await eventually('the counting link is at its place', async () => (await heard(page)).stale.includes('activity'))
  const marketer = await call('', 'POST', '/login', { username: 'marketer', password: 'marketer-demo-password' })
  const numbers = publisher(marketer.token)
  const more = async (n) => {
    const until = numbers.last + n
    await eventually(`number ${until} is heard`, async () => (await heard(page)).numbers.at(-1) >= until)
  }
  await more(20)

  begin('the network begins to break WebSockets: both links go on with events')
  door.refusing = true
  cut(door.sockets)
  await eventually('two streams', () => door.streams.size === 2)
  check(door.refused >= 4, `after ${door.refused} refused WebSockets`)
  await more(20)
  await call(token, 'PUT', `/cart/${course}`, { policy_id: other })
  await lineOf(page, course).waitFor()
  await call(token, 'PUT', `/cart/${course}`, { policy_id: paid })
  await eventually('the other choice shows', async () => (await lineOf(page, course).locator(id('cart-policy')).inputValue()) === paid)
  await shoot(page, 'fallback')

  begin('a topic is followed and left on the stream')
  await page.evaluate((topic) => window.hub.follow(topic), `course:${course}`)
  await eventually('the course is followed', async () => (await heard(page)).stale.includes(`course:${course}`))
  await call(marketer.token, 'POST', '/hub/publish', { topic: `course:${course}`, type: 'number', data: {} })
  await eventually('its event is heard', async () => (await heard(page)).course === 1)
  await page.evaluate((topic) => window.hub.unfollow(topic), `course:${course}`)
  await more(20)

  begin('streams are cut as well, and go on where they were')
  const tried = door.refused
  cut(door.streams)
  await eventually('two streams again', () => door.streams.size === 2)
  await more(20)
  await eventually('a WebSocket was tried again', () => door.refused > tried)

  begin('the network lets WebSockets through again')
  door.refusing = false
  await eventually('the counting link is back on a WebSocket', () => door.sockets.size === 1 && door.streams.size === 1)
  await more(20)
  numbers.stopped = true
  await numbers.done
  await more(0)
  const all = await heard(page)
  const wrong = all.numbers.findIndex((n, i) => n !== i + 1)
  check(wrong < 0, `number ${all.numbers[wrong]} was heard when ${wrong + 1} was due`)
  const stale = all.stale.sort().join(' ')
  check(stale === `activity course:${course} user`, `told to read again: ${stale}`)
  await withoutLink(page, token, course, paid, other)
  check(await kept(page), 'the page was reloaded')
  server.closeAllConnections()
  server.close()
}

await perform(play)
