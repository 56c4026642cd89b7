// What one page shows: axe's findings, what is cut, its bytes and its paint.
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'

const axeSource = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const patience = 20_000 // ms
const quiet = 300 // ms without a request: the first view is here

// prepareTab logs the person in, null: a guest, and keeps what the browser notes of paint and shifts.
export async function prepareTab(context, session) {
  context.setDefaultTimeout(patience)
  await context.addInitScript((kept) => {
    if (kept && location.protocol.startsWith('http')) localStorage.setItem('mstm.session', kept)
    window.seen = { cls: 0, fcp: 0 }
    new PerformanceObserver((l) => l.getEntries().forEach((e) => !e.hadRecentInput && (window.seen.cls += e.value))).observe({ type: 'layout-shift', buffered: true })
    new PerformanceObserver((l) => l.getEntries().forEach((e) => e.name === 'first-contentful-paint' && (window.seen.fcp = e.startTime))).observe({ type: 'paint', buffered: true })
  }, session && JSON.stringify(session))
}

// measure opens an address, waits for what says that the page is there, and looks. open does what must be done there first.
export async function measure(tab, address, { ready, open, text }) {
  const wire = await tab.context().newCDPSession(tab)
  let bytes = 0
  let last = Date.now()
  await wire.send('Network.enable')
  await wire.send('Network.setCacheDisabled', { cacheDisabled: true }) // each page is a first visit
  wire.on('Network.requestWillBeSent', () => (last = Date.now()))
  wire.on('Network.loadingFinished', (e) => {
    bytes += e.encodedDataLength
    last = Date.now()
  })
  await tab.goto(address)
  await tab.locator(ready).first().waitFor()
  while (Date.now() - last < quiet) await tab.waitForTimeout(50)
  const first = bytes
  if (text) await tab.evaluate(enlarge, text)
  if (open) await open(tab)
  await settled(tab)
  const seen = await tab.evaluate(() => window.seen)
  if (text) seen.cls = 0 // the letters that grow moved it
  await tab.evaluate(axeSource)
  const axe = await tab.evaluate(async () => {
    const { violations } = await window.axe.run(document, { resultTypes: ['violations'] })
    return violations.filter((v) => v.impact === 'serious' || v.impact === 'critical')
      .map((v) => ({ id: v.id, impact: v.impact, nodes: v.nodes.map((n) => `${n.target.join(' ')} ${n.any[0]?.message ?? ''}`.slice(0, 220)) }))
  })
  return { bytes: first, ...seen, axe, cut: await tab.evaluate(cuts) }
}

// settled waits until no animation with an end runs.
async function settled(tab) {
  await tab.waitForFunction(() => document.getAnimations().every((a) => a.playState !== 'running' || a.effect?.getComputedTiming().endTime === Infinity))
}

// enlarge makes each text larger, as WeChat does for who has chosen so. Sizes are read before any is set.
function enlarge(by) {
  const sized = [...document.querySelectorAll('body *')].map((e) => [e, parseFloat(getComputedStyle(e).fontSize)])
  for (const [e, size] of sized) e.style.fontSize = `${size * by}px`
}

// cuts names what is wider than the window or has lost a part of a price or a button's words.
function cuts() {
  const found = []
  const name = (e) => `${e.tagName.toLowerCase()}${e.className && typeof e.className === 'string' ? `.${e.className.trim().split(/\s+/).join('.')}` : ''} “${(e.textContent ?? '').trim().slice(0, 24)}”`
  const scrolls = (e) => /auto|scroll/.test(getComputedStyle(e).overflowX)
  const clips = (e) => /hidden|clip/.test(getComputedStyle(e).overflowX)
  const width = document.documentElement.clientWidth
  if (document.scrollingElement.scrollWidth > width) found.push(`the page is ${document.scrollingElement.scrollWidth} px wide`)
  for (const e of document.querySelectorAll('.price, .btn, .el-button, button, h1, h2, .figure')) {
    if (!e.checkVisibility?.({ visibilityProperty: true }) || !e.textContent?.trim()) continue
    const range = document.createRange()
    range.selectNodeContents(e)
    const box = range.getBoundingClientRect()
    if (!box.width || box.width < 2) continue
    for (let up = e; up && up !== document.documentElement; up = up.parentElement) {
      if (scrolls(up) && up !== e) break
      const edge = up.getBoundingClientRect()
      if (edge.width <= 2) break // for readers of the screen alone
      if (clips(up) && (box.right > edge.right + 1 || box.left < edge.left - 1)) {
        if (getComputedStyle(up).textOverflow !== 'ellipsis' || e.matches('.price, .figure')) found.push(`cut: ${name(e)}`)
        break
      }
      if (up === document.body && (box.right > width + 1 || box.left < -1)) found.push(`beyond the window: ${name(e)}`)
    }
  }
  return found
}

// detail are the findings of a row, for a person.
export function detail({ axe, cut, cls }) {
  return [
    ...axe.map((v) => `  axe ${v.id} (${v.impact ?? ''}), ${v.nodes.length}:\n${v.nodes.slice(0, 6).map((n) => `      ${n}`).join('\n')}`),
    ...cut.map((c) => `  ${c}`),
    ...(cls > 0.1 ? [`  shift ${cls.toFixed(4)}`] : []),
  ].join('\n')
}
