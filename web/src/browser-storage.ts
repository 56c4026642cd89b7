// What the pages store in the browser. Where the browser forbids that or has no room, this tab's memory
// takes its place.
type Store = 'localStorage' | 'sessionStorage'

const inMemory = new Map<string, string>()

export const browserStorage = {
  read(store: Store, name: string): string | null {
    try {
      return inMemory.get(name) ?? window[store].getItem(name)
    } catch {
      return null
    }
  },

  write(store: Store, name: string, text: string): void {
    try {
      window[store].setItem(name, text)
      inMemory.delete(name)
    } catch {
      inMemory.set(name, text)
    }
  },

  remove(store: Store, name: string): void {
    inMemory.delete(name)
    try {
      window[store].removeItem(name)
    } catch {
      // then nothing is stored there
    }
  },
}
