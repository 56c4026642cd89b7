// The address of the local WeChat's phone page, from a meta element that the server adds; against
// the real WeChat there is none.
const base = document.querySelector<HTMLMetaElement>('meta[name="mstm-sandbox"]')?.content ?? ''

export function phonePage(codeUrl: string): string {
  return base && `${base.replace(/\/$/, '')}/phone?code_url=${encodeURIComponent(codeUrl)}`
}
