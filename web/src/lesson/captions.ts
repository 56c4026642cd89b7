// Captions are read by the browser and shown by the page, above its controls and in its own letters.
import { computed, onBeforeUnmount, ref, watch, type Ref } from 'vue'
import type { Caption } from '@/types'
import { taste } from './taste'

export function useCaptions(video: Ref<HTMLVideoElement | null>, list: () => Caption[]) {
  const lines = ref<string[]>([])
  const shown = computed(() => list().find((c) => c.language === taste.captions))
  let listened: TextTrack | undefined

  function look(): void {
    const cues = [...(listened?.activeCues ?? [])] as VTTCue[]
    lines.value = cues.flatMap((cue) => cue.text.replace(/<[^>]*>/g, '').split('\n'))
  }

  // apply reads the chosen track only. In a picture of its own the browser shows it, since the page cannot.
  function apply(outside = false): void {
    listened?.removeEventListener('cuechange', look)
    listened = undefined
    lines.value = []
    const tracks = [...(video.value?.textTracks ?? [])]
    for (const track of tracks) {
      const wanted = !!shown.value && track.language === shown.value.language
      track.mode = wanted ? (outside ? 'showing' : 'hidden') : 'disabled'
      if (!wanted || listened) continue
      listened = track
      track.addEventListener('cuechange', look)
    }
    look()
  }

  function choose(language: string): void {
    taste.captions = language
  }

  // toggle shows the captions that were shown last, or the first there are.
  let before = ''
  function toggle(): void {
    if (shown.value) before = shown.value.language
    choose(shown.value ? '' : (list().find((c) => c.language === before) ?? list()[0])?.language ?? '')
  }

  watch([video, shown, () => list().map((c) => c.url).join()], () => apply(), { flush: 'post', immediate: true })
  onBeforeUnmount(() => listened?.removeEventListener('cuechange', look))
  return { lines, shown, choose, toggle, apply }
}
