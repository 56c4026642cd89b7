// The build's service worker: the files of the shell are known once all is built, and its name for them is a hash of those.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Plugin } from 'vite'

const largest = 60_000 // bytes of a file in the shell; larger ones (the player) are kept once they were needed

export function serviceWorker(): Plugin {
  return {
    name: 'service-worker',
    apply: 'build',
    generateBundle: {
      order: 'post',
      handler(_options, bundle) {
        const all = Object.values(bundle)
        const wanted = new Set<string>()
        const add = (name: string): void => {
          const file = bundle[name]
          if (!file || wanted.has(name)) return
          if (file.type !== 'chunk') return void wanted.add(name)
          if (file.code.length > largest && !file.isEntry && file.isDynamicEntry) return
          wanted.add(name)
          for (const next of [...file.imports, ...file.dynamicImports, ...(file.viteMetadata?.importedCss ?? [])]) add(next)
        }
        all.forEach((file) => file.type === 'chunk' && file.isEntry && file.name === 'index' && add(file.fileName))
        const paths = [...wanted].sort().map((name) => '/' + name)
        const worker = readFileSync(new URL('./worker.js', import.meta.url), 'utf8')
        const index = all.find((file) => file.fileName === 'index.html')
        const revision = createHash('sha256').update(worker + paths.join() + (index?.type === 'asset' ? String(index.source) : '')).digest('hex').slice(0, 12)
        const source = worker
          .replace(/^\/\* global .*\n/m, `const SHELL = ${JSON.stringify(paths)}\nconst REVISION = '${revision}'\n`)
        this.emitFile({ type: 'asset', fileName: 'sw.js', source })
      },
    },
  }
}
