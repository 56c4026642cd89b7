// The address of the local WeChat's phone page, from a meta element that the server adds; against
// the real WeChat there is none.
const base = document.querySelector<HTMLMetaElement>('meta[name="mstm-sandbox"]')?.content ?? ''
export const sandbox = base.replace(/\/$/, '')

export function phonePage(codeUrl: string): string {
  return base && `${sandbox}/phone?code_url=${encodeURIComponent(codeUrl)}`
}
