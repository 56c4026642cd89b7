// Plays an editor in the console, with another one who watches on a phone, against a running shop:
//
//   node e2e/console.e2e.mjs BASE_URL SANDBOX_URL OUTDIR
//
// A video is uploaded: its bar moves, a reload in the middle costs nothing once the same file is chosen again, and the
// watcher's page shows it come on without being touched.
import { execFileSync } from 'node:child_process'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { base, begin, check, enter, eventually, id, perform, person, shoot } from './harness.mjs'

const out = process.argv[4]

// film makes a silent video of few, noisy pictures: some bytes to send, and little work for ffmpeg, to which the shop
// gives what is left over of a busy machine.
function film(seconds) {
  const path = join(out, 'film.mp4')
  execFileSync('ffmpeg', ['-v', 'error', '-y', '-f', 'lavfi', '-i', `testsrc2=size=320x180:rate=2:duration=${seconds},noise=alls=30:allf=t`,
    '-c:v', 'libx264', '-preset', 'ultrafast', '-crf', '20', '-pix_fmt', 'yuv420p', path])
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
  await slow(size / 3)
  await page.locator(id('choose-files')).setInputFiles(path)
  const upload = page.locator(id('upload'))
  const far = async () => Number(await upload.getAttribute('data-percent'))
  await eventually('a third is sent', async () => (await far()) > 33)
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
  await shoot(page, 'media')
  await shoot(watcher, 'media-phone')
}

await perform(play)
