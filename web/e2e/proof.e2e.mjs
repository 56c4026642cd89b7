// Plays a learner that registers from a busy address, with the oldest browser that package.json
// names and without crypto.subtle, as on plain http, against a running shop:
//
//   node e2e/proof.e2e.mjs BASE_URL SANDBOX_URL OUTDIR
//
// The shop has REGISTER_PROOF_AFTER=5 and believes what the play says of its address (TRUSTED_PROXIES).
import { missing } from '../lint/oldest.js'
import { base, begin, call, check, expect, id, perform, shoot } from './harness.mjs'

const headers = { 'X-Forwarded-For': '203.0.113.7' }
const password = 'correct horse battery'

function takeOut(paths) {
  for (const path of [...paths, ['Crypto', 'prototype', 'subtle']]) {
    const holder = path.slice(0, -1).reduce((from, name) => from?.[name], globalThis)
    if (holder) delete holder[path[path.length - 1]]
  }
}

async function play(context) {
  await context.addInitScript(takeOut, missing())
  await context.setExtraHTTPHeaders(headers)
  expect(/403/) // the answer that asks for the proof
  const page = await context.newPage()
  await page.setViewportSize({ width: 390, height: 844 })

  begin('the address is busy')
  for (let n = 0; n < 5; n++) await call('/api/register', { headers, body: { username: `classmate${n}`, password } })

  begin('the page does the work unnoticed, with its button held, and is logged in')
  const answers = []
  page.on('response', (res) => {
    if (res.url().endsWith('/api/register')) answers.push({ status: res.status(), proof: res.request().postDataJSON().proof, at: Date.now() })
  })
  await page.goto(`${base}/login`)
  check(await page.evaluate(() => !globalThis.crypto.subtle), 'crypto.subtle was not taken out')
  await page.locator(id('login-switch')).click()
  await page.locator(id('login-username')).fill('latecomer')
  await page.locator(id('login-password')).fill(password)
  await page.evaluate(() => {
    window.held = [] // whether the button is held, and what is complained of, while the page works
    window.setInterval(() => {
      const button = document.querySelector('[data-testid="login-submit"]')
      if (button) window.held.push(button.disabled && !document.querySelector('[data-testid="login-error"]'))
    }, 5)
  })
  await shoot(page, 'proof-register')
  await page.locator(id('login-submit')).click()
  await page.locator(id('course-card')).first().waitFor()
  await shoot(page, 'proof-registered')
  check(answers.map((a) => a.status).join() === '403,201', `registering was answered ${answers.map((a) => a.status).join()}`)
  check(!answers[0].proof && answers[1].proof.number >= 0, 'the second request has no proof, or the first has one')
  console.log(`  number ${answers[1].proof.number} in ${answers[1].at - answers[0].at} ms, hash and answer included`)
  const held = await page.evaluate(() => window.held.join(''))
  check(/^(false)*(true)+(false)*$/.test(held), `the button was let go between the two: ${held}`)
}

await perform(play)
