// The service worker: what was visited is there without the shop, another person finds nothing of the first, a new build is
// announced and taken when the person says so, and a program without a worker ends it. The shop stands behind a proxy that can
// be shut and can show another build.
import { createServer, request as ask } from 'node:http'
import { connect } from 'node:net'
import { base as shop, begin, call, check, enter, eventually, expect, id, become, kept, mark, perform, shoot, through } from './harness.mjs'

expect(/ERR_|WebSocket|Failed to load resource|net::/)

let isDown = false
let build = '' // put behind the worker's script
let hasWorker = true
const target = new URL(shop)
const sockets = new Set()
const proxy = createServer((req, res) => {
  if (isDown) return req.socket.destroy()
  const out = ask({ host: target.hostname, port: target.port, path: req.url, method: req.method, headers: { ...req.headers, 'accept-encoding': 'identity' } }, (answer) => {
    if (req.url !== '/sw.js') {
      res.writeHead(answer.statusCode, answer.headers)
      return answer.pipe(res)
    }
    const parts = []
    answer.on('data', (d) => parts.push(d)).on('end', () => {
      if (!hasWorker) return res.writeHead(404).end()
      const { 'content-length': _, etag: __, ...headers } = answer.headers
      res.writeHead(200, headers).end(Buffer.concat(parts) + build)
    })
  })
  out.on('error', () => res.destroy())
  req.pipe(out)
})
proxy.on('connection', (s) => sockets.add(s.on('close', () => sockets.delete(s))))
proxy.on('upgrade', (req, socket, first) => {
  if (isDown) return socket.destroy()
  const up = connect(Number(target.port), target.hostname, () => {
    up.write(`${req.method} ${req.url} HTTP/1.1\r\n` + Object.entries(req.headers).map(([k, v]) => `${k}: ${v}\r\n`).join('') + '\r\n')
    up.write(first)
    socket.pipe(up).pipe(socket)
  })
  const end = () => { up.destroy(); socket.destroy() }
  up.on('error', end)
  socket.on('error', end)
})
const shut = () => { isDown = true; for (const s of sockets) s.destroy() }

await new Promise((resolve) => proxy.listen(0, '127.0.0.1', resolve))
const here = `http://127.0.0.1:${proxy.address().port}`

const cachesOf = (page) => page.evaluate(async () => Object.fromEntries(await Promise.all((await caches.keys()).map(async (name) => [name, (await (await caches.open(name)).keys()).map((r) => new URL(r.url).pathname)]))))
const hasController = (page) => page.evaluate(() => !!navigator.serviceWorker.controller)

// textLesson is a lesson with a text, of a course that the learner has: an editor writes it.
async function textLesson(token) {
  const course = 'go1'
  const detail = await call(`/api/courses/${course}`, { token })
  if (!detail.enrolment) {
    const free = detail.offers.find((o) => o.price_fen === 0 && o.available)
    await call('/api/orders', { token, body: { lines: [{ course_id: course, policy_id: free.policy_id }], total_fen: 0 }, headers: { 'Idempotency-Key': 'worker-free-1' } })
  }
  const { token: editor } = await enter('editor', 'web')
  const lesson = detail.chapters.flatMap((c) => c.lessons).find((l) => l.kind === 'text').id
  const words = '离线也能读的一段话'
  const { version } = await call(`/api/admin/courses/${course}/lessons/${lesson}/text`, { token: editor })
  await call(`/api/admin/courses/${course}/lessons/${lesson}/text`, { method: 'PUT', token: editor, body: { text: `## 开始\n\n${words}。`, version } })
  return { course, lesson, words }
}

await perform(async (context) => {
  const first = await enter('learner', 'web')
  const found = await textLesson(first.token)
  through(here)
  const page = await context.newPage()
  await page.goto(here)
  await become(page, first)

  begin('the worker comes after the first view')
  await page.reload()
  await eventually('the page has its worker', () => hasController(page))
  check(Object.keys(await cachesOf(page)).some((name) => name.startsWith('shell-')), 'there is a shell')

  begin('what was visited is there without the shop')
  await page.goto(`${here}/courses/${found.course}`)
  await page.locator(id('course-title')).waitFor()
  await page.goto(`${here}/courses/${found.course}/lessons/${found.lesson}`)
  await page.getByText(found.words).first().waitFor()
  await eventually('the text is kept', async () => Object.entries(await cachesOf(page)).some(([name, paths]) => name.startsWith('person-') && paths.some((p) => p.endsWith(`/lessons/${found.lesson}`))))
  await page.goto(here)
  await page.locator(id('course-card')).first().waitFor()
  shut()
  await page.goto(here)
  await page.locator(id('course-card')).first().waitFor()
  await shoot(page, 'the-list-without-the-shop')
  await page.goto(`${here}/courses/${found.course}/lessons/${found.lesson}`)
  await page.getByText(found.words).first().waitFor()
  await eventually('it is marked as kept', async () => (await page.locator(id('kept')).count()) + (await page.locator(id('offline')).count()) > 0)
  await shoot(page, 'the-text-without-the-shop')

  begin('another person finds nothing of it')
  isDown = false
  const second = await enter('marketer', 'web')
  await page.goto(here)
  await page.locator(id('course-card')).first().waitFor()
  const other = await context.newPage() // another person logs in, in another tab
  await other.goto(here)
  await become(other, second)
  await eventually('the first one is forgotten', async () => !Object.keys(await cachesOf(other)).some((name) => name.startsWith('person-')))
  shut()
  await page.goto(`${here}/courses/${found.course}/lessons/${found.lesson}`)
  await page.waitForTimeout(1500)
  check(!(await page.getByText(found.words).count()), 'the second person sees the first one’s lesson')
  await shoot(page, 'another-person')
  isDown = false
  await other.close()

  begin('a logged-out browser keeps nothing of the person')
  await page.goto(here)
  await become(page, first)
  await page.goto(`${here}/courses/${found.course}/lessons/${found.lesson}`)
  await page.getByText(found.words).first().waitFor()
  await eventually('the text is kept again', async () => Object.keys(await cachesOf(page)).some((name) => name.startsWith('person-')))
  await page.goto(`${here}/me`)
  await page.getByRole('button', { name: '退出登录' }).click()
  const sure = page.locator('.van-dialog__confirm')
  if (await sure.isVisible().catch(() => false)) await sure.click()
  await eventually('nothing is kept', async () => !Object.keys(await cachesOf(page)).some((name) => name.startsWith('person-')))

  begin('a newer build is announced, and taken when the person says so')
  await page.goto(`${here}/login`)
  await page.locator(id('login-username')).fill('half-typed')
  await mark(page)
  build = '\n// another build\n'
  await page.evaluate(() => navigator.serviceWorker.getRegistration().then((r) => r.update()))
  await page.locator(id('newer')).waitFor()
  check(await kept(page), 'the page was reloaded by itself')
  check((await page.locator(id('login-username')).inputValue()) === 'half-typed', 'what was typed is gone')
  await shoot(page, 'a-newer-build')
  await page.locator(id('take-newer')).click()
  await eventually('the page is the newer one', async () => !(await kept(page).catch(() => true)))
  await eventually('nothing newer waits', async () => !(await page.locator(id('newer')).count()) && await hasController(page))

  begin('a program without a worker ends the old one')
  hasWorker = false
  await page.goto(here)
  await eventually('it is gone', () => page.evaluate(async () => !(await navigator.serviceWorker.getRegistrations()).length && !(await caches.keys()).length))
  proxy.close()
}, { serviceWorkers: 'allow' })
