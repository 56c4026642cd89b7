import assert from 'node:assert/strict'
import test from 'node:test'
import { ESLint } from 'eslint'
import { featureOf, lacks, oldest } from './oldest.js'

const eslint = new ESLint({ cwd: new URL('..', import.meta.url).pathname })

// refusals lints code as if it stood in src/api.ts, with the pages' types.
async function refusals(code) {
  const [result] = await eslint.lintText(code + '\nexport {}\n', { filePath: 'src/api.ts' })
  return result.messages.map((m) => m.message.split(' is missing')[0])
}

test('the oldest browsers are those of WeChat on Android and of iOS 15', () => {
  assert.equal(oldest.chrome, 86)
  assert.equal(oldest.safari_ios, 15)
})

test('a member of an instance, a static member and a global that came later are refused', async () => {
  assert.deepEqual(await refusals('const q = new URLSearchParams(); console.log(q.size)'), ['URLSearchParams.size'])
  assert.deepEqual(await refusals('void fetch("/", { signal: AbortSignal.timeout(1) })'), ['AbortSignal.timeout'])
  assert.deepEqual(await refusals('const copy = structuredClone({})\nconsole.log(copy)'), ['structuredClone'])
  assert.deepEqual(await refusals('console.log(crypto.randomUUID())'), ['Crypto.randomUUID'])
})

test('what all served browsers have, and names of our own, pass', async () => {
  assert.deepEqual(await refusals('console.log(new Set([1]).size, [...new URLSearchParams("a=1")].length)'), [])
  assert.deepEqual(await refusals('const own = { timeout: 1, size: 2 }\nconsole.log(own.timeout, own.size)'), [])
})

test('support behind a prefix or a flag is none', () => {
  assert.equal(lacks(featureOf('AbortSignal', 'timeout', true)), 'chrome 86')
  assert.equal(lacks({ __compat: { support: { chrome: { version_added: '80', prefix: 'webkit' } } } }), 'chrome 86')
  assert.equal(lacks(featureOf('fetch')), '')
})
