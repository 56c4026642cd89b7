// Prints the table of pages × sizes × light and dark: what axe finds, what is cut, how heavy the first view is and when it is
// painted. It walks a shop with the sample data that runs already, or starts ./mstm (MSTM names another) on an empty folder:
//
//   npm run pages -- [BASE_URL SANDBOX_URL] [--only=REGEXP] [--sizes=phone,desktop] [--schemes=dark] [--shots=DIR]
//
// It ends with 1 if a goal is missed: no serious or critical finding, nothing cut, and no shift above 0.1. Times and bytes are
// shown, not judged.
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import process from 'node:process'
import { chromium } from 'playwright-core'
import { detail, measure, prepareTab } from './measure.mjs'
import { shopAt, startShop } from './shop.mjs'
import { visits } from './visits.mjs'

const named = Object.fromEntries(process.argv.slice(2).filter((a) => a.startsWith('--')).map((a) => a.slice(2).split('=')))
const [base, sandbox] = process.argv.slice(2).filter((a) => !a.startsWith('--'))

const sizes = {
  phone: { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true },
  small: { viewport: { width: 320, height: 568 }, isMobile: true, hasTouch: true },
  large: { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true, text: 1.4 }, // WeChat's larger text
  desktop: { viewport: { width: 1440, height: 900 } },
}
const chosen = (all, names) => (names ? names.split(',') : all).filter((n) => all.includes(n))
const sizeNames = chosen(Object.keys(sizes), named.sizes)
const schemes = chosen(['light', 'dark'], named.schemes)

const shop = base ? shopAt(base, sandbox) : await startShop()
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM || '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu', '--disable-quic'] })
const rows = []
try {
  const list = (await visits(shop)).filter((v) => !named.only || new RegExp(named.only).test(v.name))
  if (named.shots) await mkdir(named.shots, { recursive: true })
  console.log(['page'.padEnd(22), 'size'.padEnd(8), 'scheme', ' axe', ' cut', '   KB', '  fcp', '   cls'].join(' '))
  for (const size of sizeNames) {
    for (const scheme of schemes) await walk(list, size, scheme)
  }
} finally {
  await browser.close()
  await shop.stop()
}

const missed = rows.filter((r) => r.axe.length || r.cut.length || r.cls > 0.1)
for (const r of missed) console.log(`\n${r.page}, ${r.size}, ${r.scheme}\n${detail(r)}`)
console.log(`\n${new Set(rows.map((r) => r.page)).size} pages, ${rows.length} views: ${rows.length - missed.length} meet the goals, ${missed.length} do not`)
process.exit(missed.length ? 1 : 0)

// walk opens each page in a tab of its own. A browser for each person, in which nothing is kept but the login.
async function walk(list, size, scheme) {
  const { text, ...device } = sizes[size]
  const contexts = new Map()
  for (const visit of list) {
    if (!contexts.has(visit.as)) {
      const context = await browser.newContext({ locale: 'zh-CN', timezoneId: 'Asia/Shanghai', colorScheme: scheme, serviceWorkers: 'block', ...device })
      await prepareTab(context, visit.as)
      contexts.set(visit.as, context)
    }
    const tab = await contexts.get(visit.as).newPage()
    try {
      const figures = await measure(tab, shop.base + visit.path, { ready: visit.ready, open: visit.open, text })
      rows.push({ page: visit.name, size, scheme, ...figures })
      const { axe, cut, bytes, fcp, cls } = figures
      console.log([visit.name.padEnd(22), size.padEnd(8), scheme.padEnd(6), String(axe.length).padStart(4), String(cut.length).padStart(4),
        (bytes / 1000).toFixed(1).padStart(5), String(Math.round(fcp)).padStart(5), cls.toFixed(3).padStart(6)].join(' '))
      if (named.shots) await tab.screenshot({ path: join(named.shots, `${visit.name}-${size}-${scheme}.png`) })
    } catch (err) {
      rows.push({ page: visit.name, size, scheme, axe: [{ id: 'failed', nodes: [String(err.message).split('\n')[0]] }], cut: [], cls: 0 })
      console.log(`${visit.name.padEnd(22)} ${size.padEnd(8)} ${scheme} FAILED ${String(err.message).split('\n')[0]}`)
    }
    await tab.close()
  }
  for (const context of contexts.values()) await context.close()
}
