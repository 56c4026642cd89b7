// The REST calls of a person's account that few pages need.
import { Problem, problemOf, request } from '@/api'
import { credentials } from '@/credentials'
import { deviceID } from '@/device'
import type { Agreement, Login, LoginCode, PaperEdition, WaitingPage } from '@/types'

export const account = {
  consents: () => request<Agreement>('GET', '/me/consents'),
  giveConsents: (consents: PaperEdition[]) => request<Agreement>('POST', '/me/consents', { body: { consents } }),
  loginCode: () => request<LoginCode>('POST', '/login/codes'),
  // enterByCode has no answer as long as the page was not let in.
  enterByCode: ({ code, secret }: LoginCode) => request<Login | undefined>('POST', '/login/code', { body: { code, secret, client: 'web', device: deviceID() } }),
  waitingPage: (code: string) => request<WaitingPage>('GET', `/login/codes/${encodeURIComponent(code)}`),
  letPageIn: (code: string) => request<void>('POST', `/login/codes/${encodeURIComponent(code)}`),
  refusePage: (code: string) => request<void>('DELETE', `/login/codes/${encodeURIComponent(code)}`),
  removePhone: () => request<void>('DELETE', '/me/phone'),
}

// exportData is the file with what the shop keeps of the person.
export async function exportData(): Promise<Blob> {
  const res = await fetch('/api/me/export', { headers: { Authorization: `Bearer ${credentials.token()}`, 'Accept-Language': 'zh-CN' } }).catch(() => null)
  if (!res) throw new Problem(0, 'OFFLINE', '网络不通，请检查后重试')
  if (!res.ok) throw await problemOf(res)
  return res.blob()
}
