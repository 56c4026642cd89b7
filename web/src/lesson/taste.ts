// How a person likes to watch, kept in the browser: speed, loudness, captions, and whether the next lesson comes by
// itself.
import { reactive, watch } from 'vue'
import { browserStorage } from '@/browser-storage'

const name = 'mstm.player'
const usual = { rate: 1, volume: 1, muted: false, captions: '', goesOn: true }

function read(): typeof usual {
  try {
    return { ...usual, ...JSON.parse(browserStorage.read('localStorage', name) ?? '{}') as object }
  } catch {
    return { ...usual }
  }
}

export const taste = reactive(read())
watch(taste, () => browserStorage.write('localStorage', name, JSON.stringify(taste)))

export const rates = [0.75, 1, 1.25, 1.5, 2]
