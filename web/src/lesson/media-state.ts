// What a media element does, for the templates to follow.
import { onBeforeUnmount, onMounted, reactive, type Ref } from 'vue'

export function useMediaState(element: Ref<HTMLMediaElement | null>) {
  const state = reactive({
    begun: false, playing: false, waiting: false, ended: false,
    time: 0, duration: 0, buffered: 0, rate: 1, volume: 1, muted: false,
  })

  function look(): void {
    const media = element.value
    if (!media) return
    state.time = media.currentTime
    state.duration = Number.isFinite(media.duration) ? media.duration : 0
    state.playing = !media.paused && !media.ended
    state.ended = media.ended
    state.rate = media.playbackRate
    state.volume = media.volume
    state.muted = media.muted || media.volume === 0
    state.buffered = bufferedTo(media)
    state.waiting = state.playing && media.readyState < HTMLMediaElement.HAVE_FUTURE_DATA
    if (state.playing) state.begun = true
  }

  const events = [
    'play', 'playing', 'pause', 'waiting', 'ended', 'timeupdate', 'seeking', 'seeked', 'durationchange', 'loadedmetadata', 'progress',
    'canplay', 'ratechange', 'volumechange', 'emptied',
  ]
  onMounted(() => events.forEach((e) => element.value?.addEventListener(e, look)))
  onBeforeUnmount(() => events.forEach((e) => element.value?.removeEventListener(e, look)))
  return state
}

export type MediaState = ReturnType<typeof useMediaState>

// bufferedTo is the end of what can be played on from here without the line.
function bufferedTo({ buffered, currentTime }: HTMLMediaElement): number {
  for (let i = 0; i < buffered.length; i++) {
    if (buffered.start(i) <= currentTime + 0.5 && buffered.end(i) >= currentTime) return buffered.end(i)
  }
  return currentTime
}
