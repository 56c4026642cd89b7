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

createApp(App).use(createPinia()).use(router).mount('#app')
