// Uploads of this browser. They go on while other pages of the console are looked at, and after a reload when the same
// file is chosen again: the tus protocol asks the shop where the upload stands.
import { defineStore } from 'pinia'
import { computed, reactive, ref, watch } from 'vue'
import { DetailedError, Upload as TusUpload } from 'tus-js-client'
import { credentials } from '@/credentials'
import { useSession } from '@/stores/session'
import { uploads as endpoint } from '../api'

export interface Upload {
  readonly key: number
  readonly name: string
  readonly size: number // bytes
  sent: number
  state: 'waiting' | 'sending' | 'paused' | 'failed' | 'done'
  resumed: boolean // an earlier upload of the same file goes on
  failure: string
  media: string // id of the file, once the shop has given one
}

const atOnce = 3
const chunk = 8 << 20 // bytes a request: what the shop keeps at a time
const pauses = [0, 1000, 3000, 5000, 10_000, 20_000, 30_000] // ms, before an upload whose line broke goes on

export const useUploads = defineStore('uploads', () => {
  const session = useSession()
  const all = ref<Upload[]>([])
  const running = new Map<number, TusUpload>()
  let keys = 0

  const active = computed(() => all.value.filter((u) => u.state === 'sending' || u.state === 'waiting'))

  // add uploads a file, and returns what can be watched of it.
  function add(file: File): Upload {
    const upload: Upload = reactive({ key: ++keys, name: file.name, size: file.size, sent: 0, state: 'waiting', resumed: false, failure: '', media: '' })
    all.value.unshift(upload)
    running.set(upload.key, tusOf(file, upload))
    next()
    return upload
  }

  function next(): void {
    const free = atOnce - all.value.filter((u) => u.state === 'sending').length
    for (const u of all.value.filter((u) => u.state === 'waiting').reverse().slice(0, Math.max(0, free))) void start(u)
  }

  async function start(u: Upload): Promise<void> {
    const tus = running.get(u.key)
    if (!tus) return
    u.state = 'sending'
    u.failure = ''
    const [earlier] = await tus.findPreviousUploads().catch(() => [])
    if (u.state !== 'sending') return // paused or given up by then
    if (earlier && !tus.url) {
      u.resumed = true
      tus.resumeFromPreviousUpload(earlier)
    }
    tus.start()
  }

  function tusOf(file: File, u: Upload): TusUpload {
    const user = session.user?.id ?? ''
    const tus = new TusUpload(file, {
      endpoint, chunkSize: chunk, retryDelays: pauses, removeFingerprintOnSuccess: true,
      metadata: { filename: file.name, filetype: file.type },
      headers: { 'Accept-Language': 'zh-CN' },
      fingerprint: () => Promise.resolve(['mstm', user, file.name, file.size, file.lastModified].join('|')), // another person's is another upload
      onBeforeRequest: (req) => req.setHeader('Authorization', `Bearer ${credentials.token()}`),
      onShouldRetry: (err) => passes((err as DetailedError).originalResponse?.getStatus() ?? 0),
      onUploadUrlAvailable: () => (u.media = tus.url?.split('/').pop() ?? ''),
      onProgress: (sent) => (u.sent = sent),
      onError: (err) => settle(u, 'failed', sentenceOf(err)),
      onSuccess: () => settle(u, 'done', ''),
    })
    return tus
  }

  function settle(u: Upload, state: 'failed' | 'done', failure: string): void {
    u.state = state
    u.failure = failure
    if (state === 'done') {
      u.sent = u.size
      running.delete(u.key)
    }
    next()
  }

  async function pause(u: Upload): Promise<void> {
    u.state = 'paused'
    await running.get(u.key)?.abort()
    next()
  }

  function goOn(u: Upload): void {
    u.state = 'waiting'
    next()
  }

  // giveUp ends an upload here and in the shop.
  async function giveUp(u: Upload): Promise<void> {
    const tus = running.get(u.key)
    drop(u)
    next()
    await tus?.abort(true).catch(() => {}) // what cannot be ended now is swept away in a week
  }

  // drop takes an upload out of the list.
  function drop(u: Upload): void {
    running.delete(u.key)
    all.value = all.value.filter((other) => other.key !== u.key)
  }

  watch(() => session.user?.id, () => {
    for (const tus of running.values()) void tus.abort()
    running.clear()
    all.value = []
  })

  addEventListener('beforeunload', (e) => {
    if (active.value.length) e.preventDefault()
  })

  return { all, active, add, pause, goOn, giveUp, drop }
})

// passes reports whether a failure of this status may be over soon: a broken line, a busy or restarting shop, an
// upload that another request holds.
const passes = (status: number) => status === 0 || status >= 500 || [408, 409, 423, 429].includes(status)

// sentenceOf is the shop's own sentence about a refused upload.
function sentenceOf(err: Error | DetailedError): string {
  const answer = 'originalResponse' in err ? err.originalResponse : null
  if (!answer) return '网络不通，上传停在了这里'
  try {
    const { detail, reason } = JSON.parse(answer.getBody()) as { detail?: string; reason?: string }
    return (detail ?? `上传失败（${answer.getStatus()}）`) + (reason ? `（${reason}）` : '')
  } catch {
    return `上传失败（${answer.getStatus()}）`
  }
}
