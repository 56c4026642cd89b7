// Plays a lesson in headless Chromium against a running shop and its sandbox:
//
//   node e2e/lesson.e2e.mjs BASE_URL SANDBOX_URL OUTDIR
//
// A video that ffmpeg draws is uploaded over tus in two pieces, made into HLS, put into a course, bought,
// and watched on a desktop page and a phone's at once. A refund while it plays stops it and says why.
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { base, begin, call, check, enter, eventually, expect, id, kept, login, mark, perform, sandbox, shoot, tokenIn } from './harness.mjs'

const seconds = 20

// film is a drawn video with a tone, as an editor might have recorded it.
async function film() {
  const folder = await mkdtemp(join(tmpdir(), 'mstm-film-'))
  const file = join(folder, 'film.mp4')
  await promisify(execFile)('ffmpeg', ['-v', 'error', '-f', 'lavfi', '-i', `gradients=s=1280x720:r=2:d=${seconds}:c0=0x1f4d3f:c1=0xd9b26a:nb_colors=2:speed=0.02`, '-f', 'lavfi', '-i', `sine=f=330:d=${seconds}`,
    '-c:v', 'libx264', '-preset', 'ultrafast', '-crf', '34', '-pix_fmt', 'yuv420p', '-c:a', 'aac', '-b:a', '48k', file])
  const bytes = await readFile(file)
  await rm(folder, { recursive: true })
  return bytes
}

// upload puts a file into the shop over tus, in two pieces, and waits until it is ready.
async function upload(token, bytes) {
  const head = { Authorization: `Bearer ${token}`, 'Tus-Resumable': '1.0.0' }
  const created = await fetch(`${base}/api/admin/uploads`, {
    method: 'POST', headers: { ...head, 'Upload-Length': String(bytes.length), 'Upload-Metadata': `filename ${Buffer.from('第一课.mp4').toString('base64')}` },
  })
  check(created.status === 201, `the upload was refused: ${created.status}`)
  const at = new URL(created.headers.get('Location'), base)
  for (const [from, to] of [[0, bytes.length >> 1], [bytes.length >> 1, bytes.length]]) {
    const sent = await fetch(at, { method: 'PATCH', headers: { ...head, 'Upload-Offset': String(from), 'Content-Type': 'application/offset+octet-stream' }, body: bytes.subarray(from, to) })
    check(sent.status === 204, `a piece was refused: ${sent.status}`)
  }
  const media = at.pathname.split('/').pop()
  for (let tries = 0; !(await call(`/api/admin/media/${media}`, { token })).video; tries++) {
    check(tries < 1200, 'the video is not made into HLS within 6 minutes')
    await new Promise((resolve) => setTimeout(resolve, 300))
  }
  return media
}

async function sell(token, media) {
  const [category] = (await call('/api/categories')).items
  const lesson = (title, extra) => ({ title, kind: 'video', duration_s: seconds, preview: false, media_id: media, ...extra })
  const course = await call('/api/admin/courses', {
    token, body: {
      title: '用 Go 写一个可靠的服务', subtitle: '从第一行到上线', category_id: category.id, description: '边看边写。', cover: '',
      teacher: { name: '林老师', title: '后端工程师', intro: '' },
      chapters: [
        { title: '第一章 起步', lessons: [lesson('为什么是 Go', { preview: true }), lesson('第一个 HTTP 服务'), lesson('错误处理的三种写法')] },
        { title: '第二章 上线', lessons: [lesson('日志与指标', { media_id: undefined, duration_s: 720 }), lesson('优雅地停下', { media_id: undefined, duration_s: 540 })] },
      ],
      policies: [{ kind: 'lifetime', name: '永久有效', price_fen: 9900, default: true }], ladder: { credit_mode: 'none', lapse_after_days: 0 },
    },
  })
  await call(`/api/admin/courses/${course.id}/publish`, { method: 'POST', token })
  return course
}

async function buy(token, course) {
  const placed = await call('/api/orders', {
    token, headers: { 'Idempotency-Key': `lesson-play-${course.id}` },
    body: { lines: [{ course_id: course.id, policy_id: course.policies[0].id }], total_fen: 9900, channel: 'native' },
  })
  await fetch(`${sandbox}/sandbox/pay`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ code_url: placed.payment.code_url }) })
  await eventually('the course is open', async () => (await call(`/api/orders/${placed.order.id}`, { token })).state === 'fulfilled')
  return placed.order.id
}

const video = (page) => page.locator(`${id('player')} video`)
const timeOf = (page) => video(page).evaluate((v) => v.currentTime)
const plays = (page) => eventually('the picture moves', async () => {
  const before = await timeOf(page)
  await page.waitForTimeout(300)
  return (await timeOf(page)) > before
})

const ticketOf = (address) => new URL(address).pathname.split('/')[3]

// endsSoon lets the page believe that its addresses end in a minute, which is when it asks for another, as long as soon()
// holds: a page may read its lesson more than once before it plays.
async function endsSoon(page, soon) {
  await page.route(/\/api\/.*\/lessons\/[^/]+$/, async (route) => {
    if (!soon()) return route.fallback()
    const response = await route.fetch()
    const lesson = await response.json()
    lesson.playback.expires_at = new Date(Date.now() + 60_000).toISOString()
    await route.fulfill({ response, json: lesson })
  })
}

// refuseOnce refuses a part as if its address were past its time: the page asks for another and goes on.
const refuseOnce = (page) => page.route(/\/\d-1\.m4s$/, (route) => route.fulfill({ status: 403, body: '{}' }), { times: 1 })

async function play(context) {
  begin('a video is uploaded in two pieces and made into HLS')
  const [bytes, editor] = await Promise.all([film(), enter('editor', 'web')])
  const course = await sell(editor.token, await upload(editor.token, bytes))
  const [, second, third] = course.chapters[0].lessons

  const desk = await context.newPage()
  await desk.setViewportSize({ width: 1360, height: 860 })
  await login(desk)
  const token = await tokenIn(desk)
  const order = await buy(token, course)

  begin('it plays on a desktop page, with a mark that wanders')
  const masters = []
  const tickets = new Set() // of the first address's parts
  desk.on('request', (r) => {
    if (r.url().endsWith('/index.m3u8')) masters.push(r.url())
    else if (/m4s$|mp4$/.test(r.url()) && masters.length === 1) tickets.add(ticketOf(r.url()))
  })
  await endsSoon(desk, () => masters.length < 2)
  await desk.goto(`${base}/courses/${course.id}/lessons/${second.id}`)
  await desk.locator(id('big-play')).waitFor()
  await shoot(desk, 'lesson-desktop')
  await desk.locator(id('big-play')).click()
  await plays(desk)
  const src = await video(desk).evaluate((v) => v.src)
  check(src.startsWith('blob:'), 'the browser played it by itself, not hls.js')
  const markAt = () => desk.locator(`${id('watermark')} span`).boundingBox()
  const was = await markAt()
  await shoot(desk, 'playing-desktop')
  await eventually('the mark has wandered', async () => Math.abs((await markAt()).x - was.x) > 3)

  begin('keys, speed and quality')
  await desk.keyboard.press('l')
  await eventually('ten seconds on', async () => (await timeOf(desk)) > 10)
  await desk.keyboard.press('k')
  check(await video(desk).evaluate((v) => v.paused), 'k does not pause')
  await desk.keyboard.press('ArrowLeft')
  await desk.locator(`${id('rate')} button`).first().click()
  await shoot(desk, 'speeds')
  await desk.getByRole('option', { name: '1.5×' }).click()
  check((await video(desk).evaluate((v) => v.playbackRate)) === 1.5, 'the speed is another')
  await desk.keyboard.press('m')
  check(await video(desk).evaluate((v) => v.muted), 'm does not mute')
  await desk.keyboard.press('f')
  await eventually('the whole player fills the screen', () => desk.evaluate(() => document.fullscreenElement?.querySelector('[data-testid="watermark"]') !== null && !!document.fullscreenElement))
  await desk.keyboard.press('f')
  await eventually('the page is there again', () => desk.evaluate(() => !document.fullscreenElement))

  begin('a newer address takes the place of the older one without a break')
  await desk.keyboard.press('k') // a page that only stands open asks for none
  await eventually('the address is renewed', () => masters.length > 1)
  await video(desk).evaluate((v) => v.pause())
  await desk.locator(`${id('quality')} button`).first().click()
  const parts = []
  desk.on('request', (r) => r.url().endsWith('.m4s') && parts.push(r.url()))
  await desk.getByRole('option', { name: '360P' }).click()
  await eventually('a part in the other quality', () => parts.some((p) => /\/0-\d+\.m4s$/.test(p)))
  check(!parts.some((p) => tickets.has(ticketOf(p))), 'a part was asked for by the older address')
  check((await video(desk).evaluate((v) => v.src)) === src, 'the picture was broken off')
  await mark(desk)

  begin('it plays on a phone-size page')
  const phone = await context.newPage()
  await phone.setViewportSize({ width: 390, height: 844 })
  expect(/status of 403/)
  await refuseOnce(phone)
  await phone.goto(`${base}/courses/${course.id}/lessons/${second.id}`)
  await phone.locator(id('big-play')).click()
  await plays(phone)
  await shoot(phone, 'playing-phone')
  await phone.keyboard.press('k')

  begin('what was seen last arrives from a page that goes')
  await phone.keyboard.press('k')
  await plays(phone)
  await phone.keyboard.press('l')
  await plays(phone)
  const last = Math.floor(await timeOf(phone))
  await phone.goto('about:blank')
  await eventually('the last report has arrived', async () => (await call(`/api/enrolments/${course.id}/progress`, { token })).lessons[second.id]?.position_s >= last)
  await phone.goto(`${base}/courses/${course.id}/lessons/${second.id}`)
  await phone.locator(id('big-play')).waitFor()

  begin('a page that rests follows the one that plays')
  await desk.bringToFront()
  await desk.keyboard.press('Home')
  await desk.keyboard.press('k')
  await plays(desk)
  await desk.keyboard.press('l')
  await desk.keyboard.press('k')
  const stood = await timeOf(desk)
  const told = Date.now()
  await eventually('the phone is in step', async () => Math.abs((await timeOf(phone)) - stood) < 2)
  console.log(`  in step after ${Date.now() - told} ms`)

  begin('a note keeps its place, and leads there')
  await desk.locator(id('tab-notes')).click()
  await desk.locator(id('note-text')).fill('监听之前先把优雅退出写好')
  await desk.locator(id('note-add')).click()
  await desk.locator(id('note-at')).waitFor()
  await shoot(desk, 'note')
  await desk.locator('body').click({ position: { x: 5, y: 500 } })
  await desk.keyboard.press('Home')
  await desk.locator(id('note-at')).click()
  await eventually('the player is where the note is', async () => Math.abs((await timeOf(desk)) - Math.floor(stood)) < 0.5)
  await desk.getByRole('tab', { name: '目录' }).click()

  begin('the next lesson comes by itself, unless that is stopped')
  await desk.bringToFront()
  await desk.keyboard.press('End')
  await video(desk).evaluate((v) => v.play())
  await desk.locator(id('next-up')).waitFor()
  await shoot(desk, 'next-up')
  await desk.locator(id('next-stop')).click()
  await desk.locator(id('big-play')).click()
  await desk.keyboard.press('End')
  await desk.locator(id('next-now')).click()
  await desk.waitForURL(new RegExp(third.id))
  await plays(desk)
  check(await kept(desk), 'the page was reloaded')
  await eventually('the lesson that ended is marked', () => desk.locator(`${id('lesson')}[data-lesson="${second.id}"][data-done="true"]`).isVisible())
  await shoot(desk, 'marks')

  begin('home and my courses lead on')
  const shelf = await context.newPage()
  await shelf.setViewportSize({ width: 390, height: 844 })
  await shelf.goto(base)
  await shelf.locator(id('continue')).waitFor()
  await shoot(shelf, 'continue-phone')
  await shelf.goto(`${base}/learning`)
  await shelf.locator(id('go-on')).first().waitFor()
  await shoot(shelf, 'my-courses-phone')
  await shelf.close()
  await desk.bringToFront()

  begin('a refund stops it while it plays, and says why')
  const finance = await enter('finance', 'web')
  const began = Date.now()
  await call(`/api/admin/orders/${order}/refunds`, { token: finance.token, headers: { 'Idempotency-Key': `lesson-refund-${order}` }, body: { reason: '不合适' } })
  await desk.locator(id('lesson-locked')).waitFor()
  const took = Date.now() - began
  await eventually('the page says why', async () => /退款/.test(await desk.locator(id('lesson-locked')).textContent()))
  check(await desk.evaluate(() => [...document.querySelectorAll('video')].every((v) => v.paused)), 'something still plays')
  console.log(`  stopped after ${took} ms`)
  await eventually('the refund is through', async () => /已退款/.test(await desk.locator(id('lesson-locked')).textContent()))
  await shoot(desk, 'refunded-desktop')
  await phone.bringToFront()
  await phone.locator(id('lesson-locked')).waitFor()
  await shoot(phone, 'refunded-phone')
}

await perform(play)
