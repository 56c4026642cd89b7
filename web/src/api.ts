// What the pages ask of the API: every call goes through request.
import { Problem, problemOf as readProblem, query, Rest, type RequestOptions } from '@client'
import { noteServerDate } from './clock'
import { credentials } from './credentials'
import { deviceID } from './device'
import type { Challenge, Proof } from './proof'
import { reads } from './reads'
import { referral } from './referral'
import type {
  Binding, Cart, CartLine, Category, Course, CourseCard, Enrolment, Inbox, Lesson, List, Login, LoginWays, Me, Notifications, Order, OrderNow, OrderRefund, Paper, PaperEdition, PaperKind, Papers, PlacedOrder, Quote, SearchResult, Session, Suggestion, WantedLine,
} from './types'
import { channel } from './wechat'

export { offline, Problem, query } from '@client'

const rest = new Rest({
  login: credentials.read,
  answered(res, asker, since) {
    if (reads.noted(res, asker, since)) noteServerDate(res.headers.get('Date'))
  },
  refused: (asker) => {
    // Another tab may have logged in again since: its token is this tab's as well, if it is of the same
    // user.
    const now = credentials.read()
    if (now && now.token !== asker.token && now.user.id === asker.user.id) return true
    credentials.refused(asker.token)
    return false
  },
})

// request asks a path below /api.
export function request<T>(method: string, path: string, opts?: RequestOptions): Promise<T> {
  const asked = rest.request<T>(method, '/api' + path, opts)
  return method === 'GET' ? reads.during(asked) : asked
}

// problemOf reads the refusal in an answer that did not come by request.
export const problemOf = (res: Response): Promise<Problem> => readProblem(res, rest.words)

const proofs = 3 // for one request; a challenge may end, or its proof be used, before the answer is here

// withProof asks, and where the shop wants a proof of work, does the work and asks again.
async function withProof<T>(ask: (proof?: Proof) => Promise<T>): Promise<T> {
  let proof: Proof | undefined
  for (let left = proofs; ; left--) {
    try {
      return await ask(proof)
    } catch (err) {
      if (!(err instanceof Problem) || err.code !== 'PROOF_REQUIRED' || !left) throw err
      const { solve } = await import('./proof') // few are ever asked for one
      proof = await solve(err.extra.challenge as Challenge)
    }
  }
}

// messageOf is the sentence to show for whatever was thrown.
export function messageOf(err: unknown): string {
  if (err instanceof Problem) return err.message
  console.error(err)
  return '页面出错了，请刷新重试'
}

export const id = encodeURIComponent

export interface CourseFilter {
  category?: string
  q?: string
  sort?: 'new' | 'popular' | 'price'
  cursor?: string
  limit?: number
}

// What a search is narrowed to and sorted by, named as in the address and in the API.
export interface SearchFilter {
  q?: string
  category?: string
  price?: string
  free_month?: string
  length?: string
  level?: string
  sort?: string
  dir?: string
}

export const api = {
  search: (filter: SearchFilter, page: { cursor?: string; limit: number }, signal?: AbortSignal) =>
    request<SearchResult>('GET', '/search' + query({ ...filter, ...page }), { signal }),
  suggest: (q: string, signal?: AbortSignal) => request<List<Suggestion>>('GET', '/search/suggest' + query({ q }), { signal }),
  categories: () => request<List<Category>>('GET', '/categories'),
  courses: (filter: CourseFilter, signal?: AbortSignal) =>
    request<List<CourseCard>>('GET', '/courses' + query({ ...filter }), { signal }),
  course: (course: string) => request<Course>('GET', `/courses/${id(course)}`),
  // here ends the device that began to play first, where there are too many.
  lesson: (course: string, lesson: string, here = false) =>
    request<Lesson>('GET', `/courses/${id(course)}/lessons/${id(lesson)}` + query({ continue_here: here ? 1 : undefined })),

  papers: () => request<Papers>('GET', '/papers'),
  paper: (paper: PaperKind, version?: number) => request<Paper>('GET', `/papers/${paper}` + query({ version })),

  // All tabs of a browser are one device and share its token.
  register: (username: string, password: string, consents?: PaperEdition[]) =>
    withProof((proof) => request<Login>('POST', '/register', { body: { username, password, client: 'web', device: deviceID(), proof, consents } })),
  login: (username: string, password: string) =>
    request<Login>('POST', '/login', { body: { username, password, client: 'web', device: deviceID() } }),
  logout: () => request<void>('POST', '/logout'),
  me: () => request<Me>('GET', '/me'),
  setNotifications: (notifications: Partial<Notifications>) => request<Me>('PATCH', '/me', { body: { notifications } }),
  setCredentials: (username: string, password: string) =>
    request<Login>('PUT', '/me/password', { body: { username, password } }),
  loginWays: () => request<LoginWays>('GET', '/login/ways'),
  smsCode: (phone: string, purpose: 'login' | 'reset' | 'bind') =>
    withProof((proof) => request<void>('POST', '/sms-codes', { body: { phone, purpose, device: deviceID(), proof } })),
  phoneLogin: (phone: string, code: string, consents?: PaperEdition[]) =>
    request<Login>('POST', '/login/phone', { body: { phone, code, client: 'web', device: deviceID(), consents } }),
  resetPassword: (phone: string, code: string, password: string) =>
    request<Login>('POST', '/password/reset', { body: { phone, code, password, client: 'web', device: deviceID() } }),
  changePhone: (phone: string, code: string) => request<Me>('PUT', '/me/phone', { body: { phone, code, device: deviceID() } }),
  changePassword: (current_password: string, password: string) =>
    request<Login>('PUT', '/me/password', { body: { current_password, password } }),
  deleteAccount: (password: string) => request<void>('DELETE', '/me', { body: { password } }),
  sessions: () => request<List<Session>>('GET', '/me/sessions'),
  endSession: (session: string) => request<void>('DELETE', `/me/sessions/${id(session)}`),
  endOtherSessions: () => request<void>('DELETE', '/me/sessions'),

  bindWeChat: () => request<Binding>('POST', '/wechat/bindings'),
  unbindWeChat: (password: string) => request<void>('DELETE', '/wechat/bindings', { body: { password } }),
  weChatLogin: (body: { code: string; state: string } | { confirm: string; password?: string; fresh?: boolean; consents?: PaperEdition[] }) =>
    request<Login>('POST', '/wechat/login', { body: { ...body, device: deviceID() } }),

  cart: () => request<Cart>('GET', '/cart'),
  putCartLine: (course: string, policy?: string) =>
    request<Cart>('PUT', `/cart/${id(course)}`, { body: policy ? { policy_id: policy } : {} }),
  removeCartLine: (course: string) => request<Cart>('DELETE', `/cart/${id(course)}`),
  emptyCart: () => request<Cart>('DELETE', '/cart'),
  mergeCart: (lines: Pick<CartLine, 'course_id' | 'policy_id' | 'added_at'>[]) => request<Cart>('POST', '/cart/merge', { body: { lines } }),

  quote: (lines: WantedLine[]) => request<Quote>('POST', '/quotes', { body: { lines } }),
  place: (lines: WantedLine[], total_fen: number, key: string) =>
    request<PlacedOrder>('POST', '/orders', { body: { lines, total_fen, channel, referral: referral() }, key }),
  orders: (cursor?: string) => request<List<Order>>('GET', '/orders' + query({ cursor, limit: 20 })),
  order: async (order: string) => placed(await request<OrderNow | PlacedOrder>('GET', `/orders/${id(order)}`)),
  pay: async (order: string, authorise?: boolean) =>
    placed(await request<OrderNow | PlacedOrder>('POST', `/orders/${id(order)}/pay`, { body: { channel, authorise } })),
  cancel: async (order: string) => placed(await request<OrderNow | PlacedOrder>('POST', `/orders/${id(order)}/cancel`)),

  refundQuote: (order: string) => request<OrderRefund>('GET', `/orders/${id(order)}/refund`),
  refund: async (order: string, reason: string, amount_fen: number, key: string) =>
    placed(await request<OrderNow | PlacedOrder>('POST', `/orders/${id(order)}/refund`, { body: { reason, amount_fen }, key })),

  enrolments: () => request<List<Enrolment>>('GET', '/enrolments'),
  notices: (cursor?: string) => request<Inbox>('GET', '/notices' + query({ cursor, limit: 20 })),
  unread: () => request<Inbox>('GET', '/notices' + query({ unread: 1, limit: 100 })),
  readNotice: (notice: string | 'all', clicked = false) =>
    request<void>('POST', `/notices/${id(notice)}/read`, clicked ? { body: { clicked } } : {}),

  stepUp: (password: string) => request<{ until: string }>('POST', '/me/step-up', { body: { password } }),
}

// placed makes one shape of an order with its payment inside and one with it beside.
export function placed(answer: OrderNow | PlacedOrder): PlacedOrder {
  return 'order' in answer ? answer : { order: answer, payment: answer.payment }
}
