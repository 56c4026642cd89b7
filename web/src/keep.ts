// What the pages keep in the browser. Where it forbids that or has no room, this tab keeps it for itself.
type Store = 'localStorage' | 'sessionStorage'

const own = new Map<string, string>()

export const keep = {
  read(store: Store, name: string): string | null {
    try {
      return own.get(name) ?? window[store].getItem(name)
    } catch {
      return null
    }
  },

  write(store: Store, name: string, text: string): void {
    try {
      window[store].setItem(name, text)
      own.delete(name)
    } catch {
      own.set(name, text)
    }
  },

  remove(store: Store, name: string): void {
    own.delete(name)
    try {
      window[store].removeItem(name)
    } catch {
      // then nothing is kept there
    }
  },
}
