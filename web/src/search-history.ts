// What was searched for in this browser, newest first.
import { ref } from 'vue'
import { browserStorage } from './browser-storage'

const name = 'searches'
const most = 8

function read(): string[] {
  try {
    const all: unknown = JSON.parse(browserStorage.read('localStorage', name) ?? '[]')
    return Array.isArray(all) ? all.filter((s): s is string => typeof s === 'string').slice(0, most) : []
  } catch {
    return []
  }
}

const searches = ref(read())

function write(all: string[]): void {
  searches.value = all
  browserStorage.write('localStorage', name, JSON.stringify(all))
}

export const searchHistory = {
  searches,
  add: (text: string) => write([text, ...read().filter((s) => s !== text)].slice(0, most)),
  clear: () => write([]),
}
