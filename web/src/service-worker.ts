// The page's side of the service worker: it is registered once the page is there, a newer build is announced and taken when a
// person says so, and what is kept of a person goes with the session.
import { ref } from 'vue'

const lookEvery = 30 * 60_000 // ms

// hasNewer: another build of the shop waits to be shown.
export const hasNewer = ref(false)
let waiting: ServiceWorker | null = null
let taken = false

const workers = 'serviceWorker' in navigator ? navigator.serviceWorker : undefined

function announce(worker: ServiceWorker | null): void {
  if (!worker || !workers?.controller) return // the first one is no newer one
  waiting = worker
  hasNewer.value = true
}

function watchFor(found: ServiceWorker | null): void {
  found?.addEventListener('statechange', () => {
    if (found.state === 'installed') announce(found)
  })
}

async function register(): Promise<void> {
  if (!workers) return
  const there = await fetch('/sw.js', { method: 'HEAD', cache: 'no-store' }).catch(() => null)
  if (there?.status === 404) return leave()
  const all = await workers.register('/sw.js', { updateViaCache: 'none' })
  announce(all.waiting)
  watchFor(all.installing)
  all.addEventListener('updatefound', () => watchFor(all.installing))
  let lookedAt = Date.now()
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState !== 'visible' || Date.now() - lookedAt < lookEvery) return
    lookedAt = Date.now()
    look()
  })
}

// leave is for a program that has no worker: what an earlier one left answers nothing any more.
async function leave(): Promise<void> {
  for (const old of (await workers?.getRegistrations()) ?? []) {
    old.active?.postMessage({ do: 'end' })
    await old.unregister()
  }
  for (const name of await caches.keys()) await caches.delete(name)
}

// look asks the server for a newer build.
export function look(): void {
  void workers?.getRegistration().then((known) => known?.update()).catch(() => {})
}

// begin leaves the page's first view to itself.
export function begin(): void {
  const go = () => void register().catch((err: unknown) => console.info('no service worker', err))
  const calm = () => setTimeout(go, 1000)
  if (document.readyState === 'complete') calm()
  else addEventListener('load', calm, { once: true })
}

// takeNewer shows the newer build. Other tabs go on as they are.
export function takeNewer(): void {
  if (taken) return
  taken = true
  workers?.addEventListener('controllerchange', () => location.reload(), { once: true })
  if (waiting && waiting.state === 'installed') waiting.postMessage({ do: 'take over' })
  else location.reload() // another tab has taken it
}

// forgetPerson empties what is kept of the person that was logged in.
export function forgetPerson(): void {
  workers?.controller?.postMessage({ do: 'forget' })
}
