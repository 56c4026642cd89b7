// A refusal of the shop (RFC 9457), and what a caller sees where no answer came.

// Problem is a refusal as the server words it. Its message is `detail`, written for people; `code` is
// what programs switch on.
export class Problem extends Error {
  constructor(
    readonly status: number, // of HTTP; 0 without an answer
    readonly code: string,
    detail: string,
    readonly extra: Record<string, unknown> = {},
  ) {
    super(detail)
  }

  // settled: the server has decided, so asking again with the same key only
  // repeats the answer. Otherwise the outcome of the request is unknown.
  get settled(): boolean {
    return this.status >= 400 && this.status < 500 && this.status !== 408 && this.status !== 429
  }
}

// offline is the code of a Problem without an answer.
export const offline = 'OFFLINE'

// Words are the sentences of refusals that the server had no part in.
export interface Words {
  offline: string
  failed(status: number): string // an answer that is no problem document
}

export const words: Record<'zh-CN' | 'en', Words> = {
  'zh-CN': { offline: '网络不通，请检查后重试', failed: (status) => `请求失败（${status}）` },
  en: { offline: 'There is no connection. Check it and try again.', failed: (status) => `The request failed (${status}).` },
}

// problemOf reads the refusal in an answer.
export async function problemOf(res: Response, { failed }: Words): Promise<Problem> {
  try {
    const { status, code, detail, title, ...extra } = await res.json()
    return new Problem(status ?? res.status, code ?? '', detail || title || failed(res.status), extra)
  } catch {
    return new Problem(res.status, '', failed(res.status))
  }
}
