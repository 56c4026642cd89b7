// Where the local WeChat's phone page is, told by the server in the page's head;
// against the real WeChat there is none.
const base = document.querySelector<HTMLMetaElement>('meta[name="mstm-sandbox"]')?.content ?? ''

export function phonePage(codeUrl: string): string {
  return base && `${base.replace(/\/$/, '')}/phone?code_url=${encodeURIComponent(codeUrl)}`
}
