// Plays an editor in the console, with an administrator watching on a phone, against a running shop:
//
//   node e2e/console.e2e.mjs BASE_URL SANDBOX_URL OUTDIR
//
// A video is uploaded: its bar moves, a reload in the middle costs nothing once the same file is chosen again, and the
// watcher's page shows it come on without being touched. A course is made with it, refused where something is missing,
// arranged by hand and by keys, priced, published, and seen in the shop.
import { Buffer } from 'node:buffer'
import { execFileSync } from 'node:child_process'
import { statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { base, begin, check, enter, eventually, expect, id, perform, person, shoot } from './harness.mjs'

const out = process.argv[4]

// film makes a silent video of few, noisy pictures: some bytes to send, and little work for ffmpeg, to which the shop
// gives what is left over of a busy machine.
function film(seconds) {
  const path = join(out, 'film.mp4')
  execFileSync('ffmpeg', ['-v', 'error', '-y', '-f', 'lavfi', '-i', `testsrc2=size=320x180:rate=2:duration=${seconds},noise=alls=30:allf=t`,
    '-c:v', 'libx264', '-preset', 'ultrafast', '-crf', '20', '-pix_fmt', 'yuv420p', path])
  return path
}

// unreadable makes what is a film by its boxes, which are all that is looked at before ffmpeg reads it.
function unreadable() {
  const box = (name, bytes) => {
    const head = Buffer.alloc(8)
    head.writeUInt32BE(8 + bytes.length)
    head.write(name, 4)
    return Buffer.concat([head, bytes])
  }
  const path = join(out, 'unreadable.mp4')
  writeFileSync(path, Buffer.concat([box('ftyp', Buffer.from('isom\0\0\x02\0isomiso2avc1mp41')), box('moov', Buffer.alloc(400)), box('mdat', Buffer.alloc(4000))]))
  return path
}

// logIn goes to the console's own login.
async function logIn(page, name) {
  await page.goto(`${base}/console`)
  await page.locator(id('login-username')).fill(name)
  await page.locator(id('login-password')).fill(`${name}-demo-password`)
  await page.locator(id('login-submit')).click()
  await page.locator(`${id('live-light')}[data-live="true"]`).waitFor()
}

// watchBars makes a browser's pages note what each bar shows.
const watchBars = (context) => context.addInitScript(() => {
  window.bars = {}
  const note = (el) => {
    if (el.dataset?.percent) (window.bars[el.dataset.testid] ??= new Set()).add(Number(el.dataset.percent))
  }
  new MutationObserver((changes) => {
    for (const c of changes) for (const el of [c.target, ...c.addedNodes]) note(el)
  }).observe(document, { subtree: true, childList: true, attributes: true, attributeFilter: ['data-percent'] })
})

// between are the percentages that bars of a kind have shown on a page, beside nothing and all.
const between = (page, kind) => page.evaluate((kind) => [...(window.bars[kind] ?? [])].filter((p) => p > 0 && p < 100), kind)

async function play(context) {
  const browser = context.browser()
  const path = film(15)
  const size = statSync(path).size

  begin('an editor logs in at the console, an administrator watches on a phone')
  await watchBars(context)
  const page = await context.newPage()
  page.on('dialog', (d) => void d.accept()) // of leaving amid an upload
  await logIn(page, 'editor')
  const pocket = await person(browser, { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true })
  await pocket.addInitScript((s) => location.protocol === 'about:' || localStorage.setItem('mstm.session', JSON.stringify(s)), await enter('admin', 'phone'))
  await watchBars(pocket)
  const watcher = await pocket.newPage()
  await watcher.goto(`${base}/console/media`)
  await watcher.locator(`${id('live-light')}[data-live="true"]`).waitFor()
  await page.locator(id('menu-media')).click()
  await page.locator(id('drop-zone')).waitFor()

  begin('a video is uploaded; a reload in the middle costs nothing')
  const line = await context.newCDPSession(page)
  await line.send('Network.enable')
  const slow = (bytes) => line.send('Network.emulateNetworkConditions', { offline: false, latency: 5, downloadThroughput: -1, uploadThroughput: bytes })
  await slow(size / 30)
  await page.locator(id('choose-files')).setInputFiles(path)
  const upload = page.locator(id('upload'))
  const far = async () => Number(await upload.getAttribute('data-percent'))
  await eventually('a tenth is sent', async () => (await far()) > 9)
  await shoot(page, 'uploading')
  const seen = await between(page, 'upload')
  check(seen.length > 1, `the bar showed ${seen}`)
  await page.reload()
  const row = page.locator(id('media-row')).first()
  await row.getByText('再次选择同一文件').waitFor()
  await shoot(page, 'stopped')
  const parts = []
  page.on('request', (r) => r.method() === 'PATCH' && parts.push(Number(r.headers()['upload-offset'])))
  await slow(-1)
  await page.locator(id('choose-files')).setInputFiles(path)
  await eventually('the file is here', async () => ['checking', 'ready'].includes(await row.getAttribute('data-state')))
  check(parts[0] > 0 && parts[0] < size, `it went on at ${parts[0]} of ${size}`)

  begin('the making of the video shows live on both pages')
  const theirs = watcher.locator(id('media-row')).first()
  await eventually('it is made', async () => (await theirs.getAttribute('data-job')) === 'done')
  await eventually('here, too', async () => (await row.getAttribute('data-job')) === 'done')
  console.log(`  ${size} bytes; the upload's bar showed ${seen}, the watcher's ${await between(watcher, 'media-row')} %`)
  await row.locator('img').waitFor()
  await eventually('its poster shows', () => row.locator('img').evaluate((img) => img.naturalWidth > 0))
  await shoot(page, 'media')
  await shoot(watcher, 'media-phone')

  begin('a film that cannot be made says why on both pages, and is tried again when asked')
  await page.locator(id('choose-files')).setInputFiles(unreadable())
  const failed = (p) => p.locator(`${id('media-row')}[data-job="failed"]`)
  for (const p of [page, watcher]) await failed(p).getByText('the video has no picture or no length').waitFor()
  await shoot(watcher, 'failed-phone')
  const asked = page.waitForResponse((r) => r.url().endsWith('/transcode'))
  await failed(page).locator(id('media-transcode')).click()
  check((await (await asked).json()).job.state === 'queued', 'the job was not begun again')
  await failed(page).getByText('the video has no picture or no length').waitFor()
  await shoot(page, 'failed')
  await failed(page).locator(id('media-delete')).click()
  await page.locator('.el-message-box').getByRole('button', { name: '删除' }).click()
  await failed(watcher).waitFor({ state: 'detached' })

  begin('a course is made, with the video in a lesson')
  expect(/status of (400|409)/)
  await page.locator(id('menu-courses')).click()
  await page.locator(id('course-row')).first().waitFor()
  await shoot(page, 'courses')
  await page.locator(id('course-new')).click()
  await page.locator(id('new-title')).fill('水彩入门')
  await page.locator(id('new-teacher')).fill('周老师')
  await page.locator(id('new-create')).click()
  await page.locator(id('fault')).getByText('请选择一个分类').waitFor() // the API's refusal, at its field
  await page.locator(id('new-category')).click()
  await page.locator('.el-select-dropdown__item:visible').first().click()
  await page.locator(id('new-create')).click()
  await page.locator(id('chapter-add')).click()
  const chapter = page.locator(id('chapter')).first()
  await chapter.locator(id('chapter-title')).fill('第一章 颜色')
  const lessons = page.locator(id('lesson'))
  for (const title of ['认识颜料', '', '写生']) {
    await chapter.locator(id('lesson-add')).click()
    await lessons.last().locator(id('lesson-title')).fill(title)
  }
  await lessons.first().locator(id('lesson-file')).click()
  const picker = page.locator('.el-dialog:visible')
  await picker.locator(`${id('media-row')} ${id('media-pick')}`).first().click()
  await lessons.first().locator(id('media-chip')).getByText('film.mp4').waitFor()
  await lessons.first().locator(id('lesson-preview')).click()
  await page.locator(id('course-save')).click()
  await lessons.nth(1).locator(id('fault')).getByText('请填写课时名').waitFor()
  await shoot(page, 'refused')
  await lessons.nth(1).locator(id('lesson-title')).fill('调色')
  await lessons.last().locator('[data-handle]').press('ArrowUp')
  check(JSON.stringify(await titles(lessons)) === '["认识颜料","写生","调色"]', `the arrow key made ${await titles(lessons)}`)
  for (let tries = 0; tries < 5 && (await titles(lessons))[0] !== '调色'; tries++) {
    const from = (await titles(lessons)).indexOf('调色')
    await drag(page, lessons.nth(from).locator('[data-handle]'), lessons.first().locator('[data-handle]'), async () => (await titles(lessons))[0] === '调色')
    await page.waitForTimeout(300)
  }
  await eventually('a lesson is dragged to the top', async () => (await titles(lessons))[0] === '调色')
  await page.locator(id('unsaved')).waitFor()
  await page.locator(id('menu-media')).click()
  await page.getByText('修改还没有保存').waitFor()
  await page.getByRole('button', { name: '取消' }).click()
  await page.locator(id('course-save')).click()
  await page.locator(id('unsaved')).waitFor({ state: 'detached' })
  await shoot(page, 'outline')
  const course = page.url().match(/courses\/([^/]+)/)[1]

  begin('it is priced and published, and a learner sees it in the shop')
  await page.getByRole('tab', { name: '价格' }).click()
  await page.locator(id('prices-usual')).click()
  const full = page.locator(id('price-row')).last()
  await full.locator('input').last().waitFor({ state: 'attached' })
  await full.locator(id('price-name')).fill('')
  await page.locator(id('prices-publish')).click()
  await page.locator(id('price-fault')).getByText('请填写方案名').waitFor()
  await full.locator(id('price-name')).fill('全款')
  await page.locator(id('prices-publish')).click()
  await page.getByText('第 1 版').first().waitFor()
  await shoot(page, 'prices')
  await page.locator(id('course-sell')).click()
  await page.locator(`${id('course-state')}[data-state="on_sale"]`).waitFor()
  await watcher.goto(`${base}/console/courses/${course}/outline`)
  await watcher.locator(id('lesson')).first().waitFor()
  await shoot(watcher, 'outline-phone')
  await watcher.goto(`${base}/console/courses/${course}/prices`)
  await watcher.locator(id('price-row')).first().waitFor()
  await shoot(watcher, 'prices-phone')
  const buyer = await person(browser, { viewport: { width: 1200, height: 860 } })
  await buyer.addInitScript((s) => location.protocol === 'about:' || localStorage.setItem('mstm.session', JSON.stringify(s)), await enter('learner', 'web'))
  const shop = await buyer.newPage()
  await shop.goto(`${base}/courses/${course}`)
  await shop.locator(id('course-title')).getByText('水彩入门').waitFor()
  await shop.getByText('认识颜料').waitFor()
  check((await shop.locator(id('offer')).count()) > 1, 'the shop offers no prices')
  await shoot(shop, 'shop')

  begin('a file that a course uses stays, and it is said which')
  await page.locator(id('menu-media')).click()
  await row.locator(id('media-delete')).click()
  await page.locator('.el-message-box').getByRole('button', { name: '删除' }).click()
  await page.locator(id('media-used-by')).getByText('水彩入门').waitFor()
  await shoot(page, 'used')
  await shop.goto(`${base}/console/media`)
  await shop.locator(id('no-access')).waitFor()
}

const titles = (lessons) => lessons.locator(`${id('lesson-title')}`).evaluateAll((all) => all.map((el) => el.value))

// drag moves a row by the mouse, in steps as a hand does, and lets go once the list shows it there, or after a while.
async function drag(page, from, to, there) {
  await from.scrollIntoViewIfNeeded()
  const [a, b] = [await from.boundingBox(), await to.boundingBox()]
  await page.mouse.move(a.x + a.width / 2, a.y + a.height / 2)
  await page.mouse.down()
  await page.mouse.move(a.x + a.width / 2, a.y - 6, { steps: 4 })
  await page.mouse.move(b.x + b.width / 2, b.y + 4, { steps: 8 })
  await page.mouse.move(b.x + b.width / 2, b.y + 2, { steps: 2 })
  for (let look = 0; look < 30 && !(await there()); look++) {
    await page.waitForTimeout(100) // the list looks where the pointer is a few times a second
    await page.mouse.move(b.x + b.width / 2, b.y + 2 + (look % 2), { steps: 2 })
  }
  await page.mouse.up()
}

await perform(play)
