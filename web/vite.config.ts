import { fileURLToPath } from 'node:url'
import vue from '@vitejs/plugin-vue'
import browserslistToEsbuild from 'browserslist-to-esbuild'
import { defineConfig, type Plugin } from 'vite'

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

export default defineConfig({
  plugins: [ownFontsOnly(), vue()],
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  build: {
    outDir: 'dist/app',
    emptyOutDir: true,
    target: browserslistToEsbuild(), // the browsers that package.json names, for scripts and styles
    // A polyfill for module preloading would be an inline script in old browsers.
    modulePreload: { polyfill: false },
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
})
