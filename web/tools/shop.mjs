// A running shop: one that is there, or one on an empty folder of its own.
import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'

// shopAt is the shop of an address; call asks its API.
export function shopAt(base, sandbox, stop = async () => {}) {
  const call = async (path, { method, token, body, headers = {}, at = base } = {}) => {
    const res = await fetch(at + path, {
      method: method ?? (body ? 'POST' : 'GET'),
      headers: { 'Content-Type': 'application/json', ...(token && { Authorization: `Bearer ${token}` }), ...headers },
      body: body && JSON.stringify(body),
    })
    const text = await res.text()
    if (!res.ok) throw new Error(`${path} answered ${res.status}: ${text}`)
    return text && JSON.parse(text)
  }
  return { base: base.replace(/\/$/, ''), sandbox: sandbox?.replace(/\/$/, ''), call, stop }
}

// startShop starts the program that is built beside web/, with the sample's data.
export async function startShop() {
  const program = process.env.MSTM || fileURLToPath(new URL('../../mstm', import.meta.url))
  const data = await mkdtemp(join(tmpdir(), 'mstm-pages-'))
  const [own, wechat] = await Promise.all([freePort(), freePort()])
  const [base, sandbox] = [`http://127.0.0.1:${own}`, `http://127.0.0.1:${wechat}`]
  const env = { ...process.env, DATA_DIR: data, ADDR: `127.0.0.1:${own}`, SANDBOX_ADDR: `127.0.0.1:${wechat}`, PUBLIC_URL: base }
  const child = spawn(program, { env, stdio: 'ignore' })
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.once('error', (err) => console.error(`${program} does not start: ${err.message}; \`make build\` builds it`))
  const stop = async () => {
    child.kill()
    await ended
    await rm(data, { recursive: true, force: true })
  }
  for (let tries = 0; tries < 300; tries++) {
    if (child.exitCode !== null) break
    if (await fetch(`${base}/readyz`).then((res) => res.ok, () => false)) return shopAt(base, sandbox, stop)
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
  await stop()
  throw new Error(`${program} does not open; start it by hand to see why`)
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject).listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
}
