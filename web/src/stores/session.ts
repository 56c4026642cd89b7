import { closeCode } from '@client'
import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import { api, Problem } from '@/api'
import { credentials, type Session } from '@/credentials'
import type { Login } from '@/types'
import { useLive } from './live'

// How long a refused tab waits for another tab of this browser to hand over its new token.
const handOver = 800 // ms

export const useSession = defineStore('session', () => {
  const session = ref<Session | null>(credentials.read())
  const notice = ref('') // why the session ended, shown on the login page
  const user = computed(() => session.value?.user ?? null)
  const live = useLive()
  let left = '' // the token that this tab logged out

  let isLive = false

  function start(): void {
    isLive = true
    live.start(session.value?.token ?? '')
  }

  function adopt(): void {
    const before = session.value?.token ?? ''
    session.value = credentials.read()
    if (session.value) notice.value = ''
    if ((session.value?.token ?? '') === before) return
    if (before) navigator.serviceWorker?.controller?.postMessage({ do: 'forget' }) // what is kept of the person goes with the session
    start()
  }

  function enter({ token, user }: Login): void {
    credentials.save({ token, user })
    adopt()
  }

  const login = async (username: string, password: string) => enter(await api.login(username, password))
  const register = async (...args: Parameters<typeof api.register>) => enter(await api.register(...args))

  const phoneLogin = async (...args: Parameters<typeof api.phoneLogin>) => enter(await api.phoneLogin(...args))
  const resetPassword = async (...args: Parameters<typeof api.resetPassword>) => enter(await api.resetPassword(...args))

  const weChatLogin = async (...args: Parameters<typeof api.weChatLogin>) => enter(await api.weChatLogin(...args))

  async function logout(): Promise<void> {
    const mine = credentials.token()
    left = mine
    try {
      await api.logout()
    } finally {
      if (credentials.token() === mine) credentials.clear() // else another tab has logged in since
      adopt()
    }
  }

  // forget leaves the account that this browser was logged in to: it is there no more.
  function forget(): void {
    credentials.clear()
    adopt()
  }

  // forSameUser passes an answer on only to the user that asked: another user may be logged in by then.
  async function forSameUser<T>(asked: Promise<T>): Promise<T> {
    const asker = user.value?.id
    const answer = await asked
    if (user.value?.id !== asker) throw new Problem(0, 'ANOTHER_LEARNER', '登录的账号变了，请重试')
    return answer
  }

  // lost drops a token that the server no longer takes, unless another tab has a newer one by then. Of one that this tab
  // logged out it says so, however the server's refusal arrives.
  function lost(token: string, why: string): void {
    setTimeout(() => {
      if (session.value?.token !== token) return
      if (credentials.token() === token) {
        credentials.clear()
        notice.value = token === left ? '已退出登录' : why
      }
      adopt()
    }, handOver)
  }

  // begin takes part in the live link once the page has read what it shows.
  function begin(hasRead: Promise<unknown> = Promise.resolve()): void {
    credentials.whenChanged(adopt)
    credentials.whenRefused((token) => lost(token, '登录已失效，请重新登录'))
    live.whenEnded((code, token) => {
      if (token && code === closeCode.replaced) lost(token, '账号在别处登录了，这里已退出')
      else if (token && code === closeCode.loggedOut) lost(token, '这里已退出登录，是在另一台设备上操作的')
      else if (token && code !== closeCode.misuse) lost(token, '登录已失效，请重新登录')
    })
    void hasRead.then(() => isLive || start())
  }

  return { user, notice, enter, forget, login, register, phoneLogin, resetPassword, weChatLogin, logout, forSameUser, begin }
})
