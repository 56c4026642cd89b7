// The console is built by itself, beside the storefront: what the two have in common is in both, so that nothing the
// staff need makes a buyer's page heavier.
import { fileURLToPath } from 'node:url'
import { defineConfig, mergeConfig } from 'vite'
import { shared } from './vite.config.ts'

export default mergeConfig(shared, defineConfig({

  build: {
    emptyOutDir: false,
    copyPublicDir: false, // the storefront's build has copied it
    rolldownOptions: { input: { console: fileURLToPath(new URL('./console.html', import.meta.url)) } },
  },
}))
