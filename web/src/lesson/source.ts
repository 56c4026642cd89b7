// Where a player's bytes come from: HLS by hls.js or by the browser itself, or a plain file. An address
// is good for minutes; renew takes a newer one without a break in the picture.
import type Hls from 'hls.js'
import { ref, type Ref } from 'vue'
import type { Playback } from '@/types'
import { inWeChat } from '@/wechat'

export interface Quality {
  index: number
  name: string // 720P
}

export interface Source {
  qualities: Ref<Quality[]> // the best first; none where the browser chooses alone
  chosen: Ref<number> // -1: by the line's speed
  playing: Ref<number> // the quality that is shown
  choose(index: number): void
  renew(to: Playback): Promise<void>
  ease(): void // the picture plays: fetch well ahead
  close(): void
}

// What ends a source: the shop refuses its address, the line is away, or the browser cannot play it.
export type Failure = 'refused' | 'offline' | 'broken'

interface Wanted {
  video: HTMLVideoElement
  playback: Playback
  from: number // s
  failed(why: Failure): void
  hold(): void // keeps the frame that is shown until the next one
}

const hlsType = 'application/vnd.apple.mpegurl'

// Apple's browsers and WeChat play HLS themselves, in full screen and on a television too. So does Chromium of late,
// which offers no choice of quality and no way to renew an address, so hls.js takes its place there.
function playsItself(video: HTMLVideoElement): boolean {
  if (!video.canPlayType(hlsType)) return false
  return !('MediaSource' in window) || 'webkitSetPresentationMode' in video || inWeChat
}

export async function open(wanted: Wanted): Promise<Source> {
  if (wanted.playback.kind !== 'hls' || playsItself(wanted.video)) return plain(wanted)
  const { default: Script } = await import('hls.js/light')
  return Script.isSupported() ? scripted(Script, wanted) : plain(wanted)
}

// plain gives the address to the browser. Only an error, or a pause, is a moment to change it.
function plain({ video, playback, from, failed, hold }: Wanted): Source {
  let address = playback.url
  let stopped = false

  function load(at: number, play: boolean): void {
    video.src = address
    video.addEventListener('loadedmetadata', () => {
      if (at > 0) video.currentTime = at
      if (play) void video.play().catch(() => {})
    }, { once: true })
    video.load()
  }

  function noteError(): void {
    stopped = true
    if (!navigator.onLine) failed('offline')
    else failed(video.error?.code === MediaError.MEDIA_ERR_DECODE ? 'broken' : 'refused')
  }

  video.addEventListener('error', noteError)
  load(from, false)
  return {
    qualities: ref([]), chosen: ref(-1), playing: ref(-1),
    choose: () => {},
    ease: () => {},
    async renew(to) {
      address = to.url
      if (!stopped && (!video.paused || video.readyState === HTMLMediaElement.HAVE_NOTHING)) return
      const play = stopped && !video.paused
      stopped = false
      hold()
      load(video.currentTime || from, play)
    },
    close() {
      video.removeEventListener('error', noteError)
      video.removeAttribute('src')
      video.load()
    },
  }
}

const ticket = /\/api\/playback\/[^/\s"]+\//
const refusals = [401, 403, 409] // 409: another device has taken this one's place
const ahead = { before: 8, playing: 30 } // s to fetch before it plays, and while it does

function scripted(Script: typeof Hls, { video, playback, from, failed }: Wanted): Source {
  const qualities = ref<Quality[]>([])
  const chosen = ref(-1)
  const playing = ref(-1)
  let under = '' // a newer address's beginning, for the names of the older playlists
  let stopped = false
  let mended = false

  const hls = new Script({
    enableWorker: false, // the pages' policy allows none from a blob, and fMP4 is hardly any work
    startPosition: from || -1,
    maxBufferLength: ahead.before,
    backBufferLength: 60,
    capLevelToPlayerSize: true,
    xhrSetup: (xhr, url) => xhr.open('GET', under ? url.replace(ticket, under) : url, true),
  })

  hls.on(Script.Events.MANIFEST_PARSED, (_, { levels }) => {
    qualities.value = levels
      .map((l, index) => ({ index, lines: Math.min(l.width, l.height) || l.height, rate: l.bitrate }))
      .sort((a, b) => b.lines - a.lines || b.rate - a.rate)
      .map(({ index, lines, rate }) => ({ index, name: lines ? `${lines}P` : `${Math.round(rate / 1000)}K` }))
  })
  hls.on(Script.Events.LEVEL_SWITCHED, (_, { level }) => (playing.value = level))
  hls.on(Script.Events.ERROR, (_, { fatal, type, response }) => {
    const refused = refusals.includes(response?.code ?? 0)
    if (!fatal && !refused) return
    if (type === Script.ErrorTypes.MEDIA_ERROR && !mended) {
      mended = true
      return hls.recoverMediaError()
    }
    if (fatal) stopped = true
    failed(refused ? 'refused' : type === Script.ErrorTypes.NETWORK_ERROR ? 'offline' : 'broken')
  })
  hls.loadSource(playback.url)
  hls.attachMedia(video)

  return {
    qualities, chosen, playing,
    choose(index) {
      chosen.value = index
      hls.nextLevel = index
    },
    ease: () => void (hls.config.maxBufferLength = ahead.playing),
    // The playlists name the same parts under each address, so only the address's beginning is another.
    async renew(to) {
      if (!hls.levels.length) { // not even the first playlist came
        hls.loadSource(to.url)
        stopped = false
        return
      }
      const playlist = await fetch(to.url)
      if (!playlist.ok) return failed(refusals.includes(playlist.status) ? 'refused' : 'offline')
      under = ticket.exec(await playlist.text())?.[0] ?? ''
      if (stopped) hls.startLoad()
      stopped = false
    },
    close: () => hls.destroy(),
  }
}
