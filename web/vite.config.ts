import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import vue from '@vitejs/plugin-vue'
import browserslistToEsbuild from 'browserslist-to-esbuild'
import { defineConfig, mergeConfig, type Plugin, type UserConfig } from 'vite'
import { drawnIcons } from './icons/plugin'
import { serviceWorker } from './sw/plugin'

// The development server answers the console's addresses with its page, as the program does.
function consoleAddresses(): Plugin {
  return {
    name: 'console-addresses',
    configureServer(server) {
      server.middlewares.use((req, _res, next) => {
        if (/^\/console(\/|$|\?)/.test(req.url ?? '')) req.url = '/console.html'
        next()
      })
    },
  }
}

// What the storefront's build and the console's have in common.
export const shared: UserConfig = {
  plugins: [drawnIcons(), consoleAddresses(), vue()],
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)), '@client': fileURLToPath(new URL('./client/src/index.ts', import.meta.url)) } },
  optimizeDeps: { exclude: ['vant'] }, // else the development server bundles Vant with its own icons
  build: {
    outDir: 'dist/app',
    target: browserslistToEsbuild(), // the browsers that package.json names, for scripts and styles
    // A polyfill for module preloading would be an inline script in old browsers.
    modulePreload: { polyfill: false },
  },
}

// The server answers an address that is no page of the router with 404, and names the files of each page in its HTML, so
// that they come with the first ones: the build tells it which there are.
function routesForServer(): Plugin {
  return {
    name: 'routes-for-server',
    generateBundle(_options, bundle) {
      const router = readFileSync(new URL('./src/router.ts', import.meta.url), 'utf8')
      const chunks = Object.values(bundle).filter((file) => file.type === 'chunk')
      const first = new Set<string>()
      const below = (name: string, seen: Set<string>) => {
        const chunk = chunks.find((c) => c.fileName === name)
        if (!chunk || seen.has(name)) return
        seen.add(name)
        for (const css of chunk.viteMetadata?.importedCss ?? []) seen.add(css)
        chunk.imports.forEach((n) => below(n, seen))
      }
      chunks.filter((c) => c.isEntry && c.name === 'index').forEach((c) => below(c.fileName, first))
      const routes = [...router.matchAll(/\{ path: '([^']+)'.*?import\('\.\/([^']+)'\)/g)].map(([, path, page]) => {
        const files = new Set<string>()
        chunks.filter((c) => c.facadeModuleId?.endsWith(`/src/${page}`)).forEach((c) => below(c.fileName, files))
        return { path: path!, files: [...files].filter((name) => !first.has(name)) }
      })
      const known = routes.filter((r) => !r.path.includes('*'))
      this.emitFile({ type: 'asset', fileName: 'routes.json', source: JSON.stringify(known) })
    },
  }
}

export default mergeConfig(shared, defineConfig({
  plugins: [routesForServer(), serviceWorker()],
  build: {
    emptyOutDir: true,
    // Swagger UI comes as one file, which only /docs loads.
    chunkSizeWarningLimit: 1800,
    rolldownOptions: {
      input: {
        index: fileURLToPath(new URL('./index.html', import.meta.url)),
        docs: fileURLToPath(new URL('./docs.html', import.meta.url)),
      },
    },
  },
  server: {
    proxy: {
      '/api': 'http://127.0.0.1:8080',
      '/covers': 'http://127.0.0.1:8080',
      // The hub takes sockets from its own pages only, so they must seem to come from there.
      '/ws': { target: 'ws://127.0.0.1:8080', ws: true, changeOrigin: true, rewriteWsOrigin: true },
    },
  },
}))
