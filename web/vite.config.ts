import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import vue from '@vitejs/plugin-vue'
import browserslistToEsbuild from 'browserslist-to-esbuild'
import { defineConfig, mergeConfig, type Plugin, type UserConfig } from 'vite'

// The icon font is in Vant's stylesheet as data; the copy on another server beside it is refused
// by our content security policy anyway.
function ownFontsOnly(): Plugin {
  return {
    name: 'own-fonts-only',
    enforce: 'pre',
    transform(code, id) {
      if (!id.includes('/vant/') || !id.includes('.css')) return
      return { code: code.replace(/,\s*url\((?:https?:)?\/\/[^)]*\)\s*format\([^)]*\)/g, ''), map: null }
    },
  }
}

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
  plugins: [ownFontsOnly(), consoleAddresses(), vue()],
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)), '@client': fileURLToPath(new URL('./client/src/index.ts', import.meta.url)) } },
  build: {
    outDir: 'dist/app',
    target: browserslistToEsbuild(), // the browsers that package.json names, for scripts and styles
    // A polyfill for module preloading would be an inline script in old browsers.
    modulePreload: { polyfill: false },
  },
}

// The server answers an address that is no page of the router with 404: the build tells it which there are.
function routesForServer(): Plugin {
  return {
    name: 'routes-for-server',
    generateBundle() {
      const router = readFileSync(new URL('./src/router.ts', import.meta.url), 'utf8')
      const paths = [...router.matchAll(/\{ path: '([^']+)'/g)].map((m) => m[1]!).filter((path) => !path.includes('*'))
      this.emitFile({ type: 'asset', fileName: 'routes.json', source: JSON.stringify(paths) })
    },
  }
}

export default mergeConfig(shared, defineConfig({
  plugins: [routesForServer()],
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
