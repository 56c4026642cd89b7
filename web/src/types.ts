// The REST and socket contract, as far as the pages use it. Money is fen.

export interface List<T> {
  items: T[]
  next_cursor?: string
}

export interface User {
  id: string
  username: string
  name: string
  roles: string[]
}

// A learner's own account. Somebody who came by WeChat has no username until they choose one.
export interface Me extends User {
  wechat_bound: boolean
  notifications: Notifications
}

// Which topics somebody wants: as WeChat messages, and activities in the inbox too.
export interface Notifications {
  orders: boolean
  reminders: boolean
  activities: boolean
}

// A code that binds the WeChat which scans it.
export interface Binding {
  ticket: string
  url: string
  image_url: string
  expires_at: string
}

export interface Login {
  token: string
  expires_at: string
  user: User
}

export interface Category {
  id: string
  name: string
  courses: number
}

export interface Teacher {
  name: string
  title: string
  intro?: string
}

export interface CourseCard {
  id: string
  title: string
  subtitle: string
  cover: string
  category_id: string
  teacher: Teacher
  price_fen: number
  from_fen?: number
  learners: number
  lessons: number
  free_stage?: boolean
  on_sale: boolean
}

export interface LessonRow {
  id: string
  title: string
  kind: string
  duration_s: number
  preview: boolean
}

export interface Chapter {
  title: string
  lessons: LessonRow[]
}

export interface Course extends Omit<CourseCard, 'lessons'> {
  lessons: number
  description: string
  chapters: Chapter[]
  offers: Offer[]
  enrolment?: Enrolment
}

export interface Lesson {
  course_id: string
  id: string
  title: string
  kind: string
  duration_s: number
  url?: string
  text?: string
}

export type PolicyKind = 'stage' | 'period' | 'lifetime'

export interface Period {
  unit: 'month' | 'day'
  count: number
}

export interface Offer {
  policy_id: string
  version: number
  kind: PolicyKind
  name: string
  stage?: number
  period?: Period
  price_fen: number
  list_price_fen: number
  credit_fen: number
  available: boolean
  reason?: string
}

// A policy as the select of a cart line offers it, at this learner's own price.
export interface CartPolicy {
  id: string
  kind: PolicyKind
  name: string
  stage?: number
  period?: Period
  price_fen: number
}

// What the buyer must know about a line before buying it.
export interface LineProblem {
  code: string
  params?: { seen_fen: number } // of PRICE_CHANGED: the price that was chosen
  detail?: string
  suggestion?: string // a policy to choose instead
}

export interface CartLine {
  course_id: string
  title: string
  cover: string
  policies: CartPolicy[]
  policy_id: string
  price_fen: number
  added_at: string
  problem?: LineProblem
}

export interface Cart {
  version: number
  lines: CartLine[]
  total_fen: number
}

export interface WantedLine {
  course_id: string
  policy_id: string
}

export interface QuoteLine extends WantedLine {
  title: string
  name: string
  price_fen: number
  list_price_fen: number
  credit_fen: number
}

export interface QuoteProblem {
  course_id: string
  policy_id?: string
  code: string
  detail?: string
}

export interface Quote {
  lines: QuoteLine[]
  problems: QuoteProblem[]
  total_fen: number
}

export type OrderState =
  | 'pending'
  | 'closing'
  | 'closed'
  | 'paid'
  | 'fulfilled'
  | 'refunding'
  | 'partially_refunded'
  | 'refunded'
  | 'exception'

export interface OrderLine {
  course_id: string
  title: string
  policy_id: string
  policy_name?: string
  version: number
  kind: PolicyKind
  stage?: number
  price_fen: number
  refunded_fen?: number
  result?: 'granted' | 'refused' // of a paid line: refused is paid back
}

export interface Order {
  id: string
  state: OrderState
  lines: OrderLine[]
  total_fen: number
  paid_fen: number
  refunded_fen: number
  close_reason?: string
  created_at: string
  expires_at: string
  paid_at?: string
}

export type Channel = 'native' | 'jsapi' | 'h5'

// The argument of WeixinJSBridge; the capitals are WeChat's.
export interface JSAPIParams {
  appId: string
  timeStamp: string
  nonceStr: string
  package: string
  signType: string
  paySign: string
}

export interface Payment {
  channel: Channel
  out_trade_no: string
  code_url?: string // native
  jsapi?: JSAPIParams
  h5_url?: string
  expires_at: string
}

export interface PlacedOrder {
  order: Order
  payment?: Payment
  reused?: boolean
}

// An order read again, or told of by order.changed, has its open payment among its own members.
export interface OrderNow extends Order {
  payment?: Payment
}

export interface Grant {
  order_id: string
  policy_id: string
  kind: PolicyKind
  stage?: number
  from: string
  until: string | null
  state: string
}

export interface Enrolment {
  course_id: string
  title?: string // in lists only, as are cover and lessons
  cover?: string
  lessons?: number
  state: 'active' | 'scheduled' | 'expired' | 'frozen' | 'revoked'
  until: string | null
  stage: number
  grants: Grant[]
}

export interface Wording {
  title: string
  body: string
}

// By language.
export type Wordings = Record<'zh-CN' | 'en', Wording>

// How one form of the shop's own notices is worded.
export interface NoticeTemplate {
  form: string
  placeholders: { name: string; type: string; sample: Record<'zh-CN' | 'en', string> }[]
  texts: Wordings
  default: Wordings
  edited: boolean
  v: number
  edited_by?: string
  edited_at?: string
}

export interface Notice {
  id: string
  kind: string
  title: string
  body: string
  link?: string
  created_at: string
  read: boolean
  fleeting?: boolean // shown, and in no inbox
}

export interface Inbox extends List<Notice> {
  unread: number
  activities: boolean // the reader wants to hear of activities
}
