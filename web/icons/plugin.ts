// Vant's icons are a font of 259 glyphs, 27 KB of a stylesheet that holds the first view up. The pages use few of them:
// those are drawn as SVG from the glyphs' outlines in vant.json (of Vant 4.10, MIT), and the font is left out.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Plugin } from 'vite'

const virtual = 'virtual:icons' // those of the first view, and of every page
const later = 'virtual:icons-later' // all others, fetched when one is shown
const atOnce = /^(App\.vue|components\/(NavBar|NoticeToast|EmptyNote)\.vue|pages\/Courses\.vue)$/
const ours = fileURLToPath(new URL('../src/icons/icon.ts', import.meta.url))
const sources = fileURLToPath(new URL('../src', import.meta.url))
const alsoUsed = ['success', 'fail'] // by Vant itself, on its toasts
const css = '.van-icon{position:relative;display:inline-block;font-size:inherit;line-height:1}.van-icon>svg{display:block;width:1em;height:1em;fill:currentColor}'

// drawn are the outlines of the icons that the pages' sources name: those of the first view, or the others.
function drawn(first: boolean): Record<string, string> {
  const all: Record<string, string> = JSON.parse(readFileSync(new URL('./vant.json', import.meta.url), 'utf8'))
  const named = new Set(alsoUsed)
  const seen = new Set<string>()
  for (const file of readdirSync(sources, { recursive: true, encoding: 'utf8' })) {
    if (file.startsWith('console') || file === 'contract.ts' || !/\.(vue|ts)$/.test(file)) continue
    for (const line of readFileSync(join(sources, file), 'utf8').split('\n')) {
      // A name of one word may be any word elsewhere.
      for (const [, word] of line.matchAll(/['"]([a-z0-9-]+)['"]/g)) if (word! in all && (word!.includes('-') || /icon/i.test(line))) (atOnce.test(file) ? seen : named).add(word!)
    }
  }
  const wanted = first ? [...seen] : [...named].filter((name) => !seen.has(name))
  return Object.fromEntries(wanted.sort().map((name) => [name, all[name]!]))
}

export function drawnIcons(): Plugin {
  return {
    name: 'drawn-icons',
    enforce: 'pre',
    async resolveId(source, importer) {
      if (source === virtual || source === later) return '\0' + source
      if (!source.endsWith('icon/index.mjs')) return null
      const found = await this.resolve(source, importer, { skipSelf: true })
      return found?.id.includes('/vant/es/icon/index.mjs') ? ours : found
    },
    load(id) {
      return id === '\0' + virtual || id === '\0' + later ? `export default ${JSON.stringify(drawn(id === '\0' + virtual))}` : null
    },
    transform(_code, id) {
      return /\/vant\/es\/icon\/index\.css/.test(id) ? { code: css, map: null } : null
    },
  }
}
