// Plays a visitor that looks for a course, on a phone, against a running shop:
//
//   node e2e/finding.e2e.mjs BASE_URL SANDBOX_URL OUTDIR
import { base, begin, check, eventually, id, perform, shoot } from './harness.mjs'

const phone = { width: 390, height: 844 }
const titles = (page) => page.locator(`${id('course-card')} .title`).allTextContents()
const cards = (page) => page.locator(id('course-card'))
const overflow = (page) => page.evaluate(() => document.documentElement.scrollWidth - innerWidth)

// enlarge makes each letter of the page 1.4 times as large, as WeChat does for people that want it.
function enlarge() {
  const sizes = [...document.body.querySelectorAll('*')].map((el) => [el, parseFloat(getComputedStyle(el).fontSize)])
  for (const [el, size] of sizes) el.style.fontSize = `${size * 1.4}px`
}

async function searching(page) {
  begin('what is typed is suggested, and a suggestion leads to its course')
  await page.goto(base)
  await cards(page).first().waitFor()
  await page.locator(id('search')).fill('jiqix')
  const first = page.locator(id('suggestion')).first()
  await eventually('a course by its pinyin', async () => (await first.textContent())?.includes('机器学习'))
  check((await first.locator('mark').textContent()) === '机器学', 'the hit is not marked')
  await shoot(page, 'suggestions')
  await page.locator(id('search')).press('ArrowDown')
  await page.locator(id('search')).press('Enter')
  await page.waitForURL(/\/courses\/ml1$/)
  await page.goBack()

  begin('words in any order are found and marked')
  await page.locator(id('search')).fill('入门 python')
  await page.locator(id('search')).press('Enter')
  await eventually('the one course', async () => (await titles(page)).join() === 'Python 数据分析入门')
  check((await cards(page).locator('mark').allTextContents()).join() === 'Python,入门', 'not the two words are marked')
  await page.locator(id('search')).fill('pyhton')
  await page.locator(id('search')).press('Enter')
  await page.getByText('按“python”找的').waitFor()

  begin('a category that is kept is said, and left with one press')
  await page.goto(`${base}/?category=data&q=Go`)
  await page.locator(id('search-all')).waitFor()
  await shoot(page, 'empty-category')
  await page.locator(id('search-all')).click()
  await eventually('the course on Go', async () => (await titles(page)).some((t) => t.startsWith('Go 语言')))
  await page.locator(id('clear-search')).click()
  await page.locator(id('search')).click()
  await page.locator(id('suggestion')).filter({ hasText: '搜过' }).filter({ hasText: 'pyhton' }).waitFor()
  await shoot(page, 'history')

  begin('where nothing is found something is offered')
  await page.goto(`${base}/?q=qqvvxx`)
  await page.locator(`${id('offered')} a`).first().waitFor()
}

async function comingBack(page) {
  begin('back from a course leads to the same card at the same place')
  await page.goto(base)
  await cards(page).first().waitFor()
  await eventually('a second page of cards', async () => {
    await page.evaluate(() => scrollBy(0, 600))
    return (await cards(page).count()) > 24
  })
  const [many, at] = [await cards(page).count(), await page.evaluate(() => scrollY)]
  await cards(page).nth(20).evaluate((card) => card.click())
  await page.locator(id('course-title')).waitFor()
  await page.goBack()
  await cards(page).first().waitFor()
  await eventually(`the place ${at} with ${many} cards`, async () => Math.abs((await page.evaluate(() => scrollY)) - at) < 4 && (await cards(page).count()) >= many)

  begin('chosen categories are steps of the way back')
  await page.goto(`${base}/courses/go1`)
  await page.locator(id('course-title')).waitFor()
  await page.locator('.back').click()
  for (const category of ['music', 'life']) await page.locator(`[data-category="${category}"]`).click()
  await page.waitForURL(/category=life/)
  await page.goBack()
  await page.waitForURL(/category=music/)
  await page.goBack()
  await page.waitForURL(base + '/')
}

async function prices(page) {
  begin('a course that begins with a free month is not called free')
  await page.goto(`${base}/?q=${encodeURIComponent('网店后端')}`)
  const card = page.locator(`${id('course-card')}[data-course="go1"]`)
  await card.waitFor()
  check((await card.locator(id('card-price')).textContent()) === '首月免费', 'the card says another price')
  check((await card.locator(id('card-after')).textContent())?.includes('全款 ¥999'), 'the card hides what comes after')
  await page.goto(`${base}/?sort=price`)
  await page.locator(id('facets')).click()
  await page.locator(id('facet-price-free')).click()
  await eventually('free courses only', async () => (await page.locator(id('card-price')).allTextContents()).every((t) => t === '免费') && (await cards(page).count()) > 0)
  await page.locator(id('clear-facets')).click()
  await page.locator(id('sort-price')).click()
  await page.waitForURL(/dir=desc/)
  await shoot(page, 'facets')
}

async function narrow(page) {
  begin('at 320 px and with letters of 140 % nothing is cut')
  await page.setViewportSize({ width: 320, height: 640 })
  for (const path of ['/', '/courses/go1', '/?q=go&category=code']) {
    await page.goto(base + path)
    await page.locator(path.startsWith('/courses') ? id('offer') : id('course-card')).first().waitFor()
    check((await overflow(page)) <= 0, `${path} is ${await overflow(page)} px too wide`)
    await page.evaluate(enlarge)
    check((await overflow(page)) <= 0, `${path} with large letters is ${await overflow(page)} px too wide`)
    await shoot(page, 'narrow')
  }
}

await perform(async (context) => {
  const page = await context.newPage()
  await page.setViewportSize(phone)
  await searching(page)
  await comingBack(page)
  await prices(page)
  await narrow(page)
})
