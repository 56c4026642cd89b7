import { createPinia } from 'pinia'
import { createApp } from 'vue'
import 'vant/es/count-down/style'
import 'vant/es/dialog/style'
import 'vant/es/icon/style'
import 'vant/es/list/style'
import 'vant/es/loading/style'
import 'vant/es/switch/style'
import 'vant/es/toast/style'
import './style.css'
import App from './App.vue'
import { router } from './router'

const app = createApp(App).use(createPinia()).use(router)
const mount = () => app.mount('#app')

// What the server has put into the page stays until the page's own part is here.
if (document.querySelector('#app > *')) router.isReady().then(mount, mount)
else mount()
