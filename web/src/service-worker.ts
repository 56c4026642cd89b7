// The page's side of the service worker: it is registered once the page is there, a newer build is announced and
// taken when a person says so.
const lookEvery = 30 * 60_000 // ms

let waiting: ServiceWorker | null = null
let taken = false
let newer = () => {} // another build of the shop waits to be shown

const workers = 'serviceWorker' in navigator ? navigator.serviceWorker : undefined

function announce(worker: ServiceWorker | null): void {
  if (!worker || !workers?.controller) return // the first one is no newer one
  waiting = worker
  newer()
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
function look(): void {
  void workers?.getRegistration().then((known) => known?.update()).catch(() => {})
}

// begin registers the worker; found is called once another build of the shop waits to be shown. whenLive calls back as the
// live link comes and goes: the server may have been started again with another build.
export async function begin(found: () => void, whenLive: (act: () => void) => void): Promise<void> {
  newer = found
  whenLive(look)
  await register().catch((err: unknown) => console.info('no service worker', err))
}

// takeNewer shows the newer build. Other tabs go on as they are.
export function takeNewer(): void {
  if (taken) return
  taken = true
  workers?.addEventListener('controllerchange', () => location.reload(), { once: true })
  if (waiting && waiting.state === 'installed') waiting.postMessage({ do: 'take over' })
  else location.reload() // another tab has taken it
}
