// The storefront's service worker: the shell of this build, what the catalogue said last, and the texts of lessons that the
// person of this browser has read. Pages and data come from the network as long as it answers; what is kept is for when it
// does not. An answer of the API that is one person's is kept under that person's session and shown to no other.
/* global SHELL, REVISION */

const shell = `shell-${REVISION}`
const shared = 'catalogue' // answers that are the same for everybody
const most = { catalogue: 80, person: 60 } // answers kept
const page = '/shell.html' // the page before a script runs, without an address's content
const checkEvery = 3_600_000 // ms

// The console, the documentation and the program's own addresses are no part of the shop that is kept.
const foreign = /^\/(console|docs|ws|metrics|livez|readyz|weixin|connect|sandbox|phone)(\/|$)/

// Reads of the catalogue that have one answer for everybody, whoever asks.
const catalogue = [/^\/api\/(categories|courses|search|papers)$/, /^\/api\/papers\/[^/]+$/, /^\/covers\/[^/]+$/]
const course = /^\/api\/courses\/[^/]+$/ // a learner's has prices and access of its own
const lesson = /^\/api\/courses\/[^/]+\/lessons\/[^/]+$/

self.addEventListener('install', (e) => e.waitUntil(install()))
self.addEventListener('activate', (e) => e.waitUntil(activate()))
self.addEventListener('message', (e) => {
  if (e.data?.do === 'take over') e.waitUntil(self.skipWaiting())
  if (e.data?.do === 'end') e.waitUntil(end())
  if (e.data?.do === 'forget') e.waitUntil(forget().then(() => e.ports[0]?.postMessage('done')))
})
self.addEventListener('fetch', (e) => {
  const { request } = e
  const url = new URL(request.url)
  if (ended || request.method !== 'GET' || url.origin !== location.origin || foreign.test(url.pathname)) return
  if (request.mode === 'navigate') {
    if (url.pathname.startsWith('/api/') || /\.(txt|xml)$/.test(url.pathname)) return
    e.respondWith(pageOr(request))
    e.waitUntil(check())
  } else if (url.pathname.startsWith('/assets/')) e.respondWith(asset(request))
  else if (catalogue.some((form) => form.test(url.pathname))) e.respondWith(fresh(request, async () => shared))
  else if (course.test(url.pathname)) e.respondWith(fresh(request, request.headers.has('Authorization') ? personOf : async () => shared))
  else if (lesson.test(url.pathname)) e.respondWith(fresh(request, request.headers.has('Authorization') ? personOf : async () => shared, isText))
})

async function install() {
  const cache = await caches.open(shell)
  await cache.addAll([page, ...SHELL].map((path) => new Request(path, { cache: path.startsWith('/assets/') ? 'default' : 'reload' })))
}

// activate leaves the shell before this one, for the pages that are still open in it.
async function activate() {
  const shells = (await caches.keys()).filter((name) => name.startsWith('shell-') && name !== shell)
  await Promise.all(shells.slice(0, -1).map((name) => caches.delete(name)))
  await self.clients.claim()
}

async function pageOr(request) {
  try {
    return await fetch(request)
  } catch (err) {
    const kept = await caches.match(page, { cacheName: shell })
    if (kept) return kept
    throw err
  }
}

// asset has a hash of its content in its name, so that one that is kept is right.
async function asset(request) {
  const kept = await caches.match(request)
  if (kept) return kept
  const answer = await fetch(request)
  if (answer.ok) await put(shell, request, answer.clone())
  return answer
}

// fresh asks the network and keeps its answer; where there is none, the last one is shown, with the time that it is from.
async function fresh(request, nameOf, wanted = async () => true) {
  const name = await nameOf(request)
  const before = forgotten
  let answer
  try {
    answer = await fetch(request)
  } catch (err) {
    const kept = await caches.match(request, { cacheName: name, ignoreVary: true })
    if (!kept) throw err
    const headers = new Headers(kept.headers)
    headers.set('Kept-Since', headers.get('Date') ?? '')
    return new Response(kept.body, { status: kept.status, headers })
  }
  if (answer.status === 200 && before === forgotten) await keep(name, request, answer.clone(), wanted)
  else if ([401, 403, 404, 410].includes(answer.status)) await caches.open(name).then((cache) => cache.delete(request, { ignoreVary: true }))
  return answer
}

async function keep(name, request, answer, wanted) {
  try {
    if (!(await wanted(answer.clone()))) return
    // Another person's answers go before the first of this one's is kept.
    if (name.startsWith('person-')) for (const other of await people()) if (other !== name) await caches.delete(other)
    const cache = await caches.open(name)
    await put(name, request, answer)
    const keys = await cache.keys()
    const room = name === shared ? most.catalogue : most.person
    await Promise.all(keys.slice(0, -room).map((old) => cache.delete(old, { ignoreVary: true })))
  } catch {
    // no room in this browser: then nothing is kept
  }
}

async function put(name, request, answer) {
  const cache = await caches.open(name)
  await cache.delete(request, { ignoreVary: true }) // the one kept last is the last in the list
  await cache.put(request, answer).catch(() => {})
}

const isText = async (answer) => typeof (await answer.json()).html === 'string'

// personOf names the answers of a session by what says nothing of it.
async function personOf(request) {
  const sum = await crypto.subtle.digest('SHA-256', new TextEncoder().encode('mstm ' + request.headers.get('Authorization')))
  return 'person-' + [...new Uint8Array(sum).slice(0, 12)].map((b) => b.toString(16).padStart(2, '0')).join('')
}

const people = async () => (await caches.keys()).filter((name) => name.startsWith('person-'))

let forgotten = 0 // what was asked before a person left is not kept after
async function forget() {
  forgotten++
  await Promise.all((await people()).map((name) => caches.delete(name)))
}

// check ends this worker where the program has none any more: then nothing may answer in the program's place.
let checkedAt = Date.now()
async function check() {
  if (Date.now() - checkedAt < checkEvery) return
  checkedAt = Date.now()
  const there = await fetch('/sw.js', { method: 'HEAD', cache: 'no-store' }).catch(() => null)
  if (there?.status === 404) await end()
}

let ended = false
async function end() {
  ended = true
  forgotten++
  await Promise.all((await caches.keys()).map((name) => caches.delete(name)))
  await self.registration.unregister()
}
