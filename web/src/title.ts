// The title of the browser's tab: what the page shows, and whose shop it is.
import { watch } from 'vue'
import { usePapers } from './stores/papers'

let shown = ''

// showTitle names the page. A page of one thing calls it again once it knows the thing's name.
export function showTitle(title: string): void {
  shown = title
  write()
}

function write(): void {
  const name = usePapers().papers?.name
  document.title = [shown, name].filter(Boolean).join(' · ')
}

// keepTitle writes the title again once the shop's name is known.
export function keepTitle(): void {
  watch(() => usePapers().papers?.name, write)
}
