// What the staff ask of the API, beside what the shop's pages do.
import { problemOf, query, request } from '@/api'
import { credentials } from '@/credentials'
import type { List } from '@/types'
import type {
  Affected, AdminFront, APIKey, AuditRow, FrontBody, DeskCategory, HubStats, NewAPIKey, Person, PersonProfile, StaffNote, Violation, Webhook, NewWebhook, WebhookForm, WebhookDelivery,
  AdminPapers, AudienceCount, Broadcast, Course, CourseLearning, CourseRow, Ladder, LessonText, Media, MediaList, NewBroadcast, NoticeTemplate, OrderRow, OrderStory, PapersEdit,
  PolicyInput, Reconciliation, RefundPreview, RefundWish,
  Stats, Stray, Waiting, Wordings,
} from './types'

const id = encodeURIComponent

export const uploads = '/api/admin/uploads' // where tus finds them

export const desk = {
  media: (filter: { kind?: string; job?: string; cursor?: string; limit?: number }) => request<MediaList>('GET', '/admin/media' + query(filter)),
  oneMedia: (media: string) => request<Media>('GET', `/admin/media/${id(media)}`),
  deleteMedia: (media: string) => request<void>('DELETE', `/admin/media/${id(media)}`),
  endUpload: async (media: string) => {
    const res = await fetch(`${uploads}/${id(media)}`, { method: 'DELETE', headers: { Authorization: `Bearer ${credentials.token()}`, 'Tus-Resumable': '1.0.0', 'Accept-Language': 'zh-CN' } })
    if (!res.ok && res.status !== 404) throw await problemOf(res)
  },
  transcode: (media: string) => request<Media>('POST', `/admin/media/${id(media)}/transcode`),
  cancelTranscoding: (media: string) => request<Media>('DELETE', `/admin/media/${id(media)}/transcode`),

  categories: () => request<List<DeskCategory>>('GET', '/admin/categories'),
  createCategory: (name: string) => request<DeskCategory>('POST', '/admin/categories', { body: { name } }),
  putCategory: (category: string, body: { name?: string; hidden?: boolean; position?: number; v?: number }) => request<DeskCategory>('PUT', `/admin/categories/${id(category)}`, { body }),
  deleteCategory: (category: string, v: number) => request<void>('DELETE', `/admin/categories/${id(category)}` + query({ v })),

  front: () => request<AdminFront>('GET', '/admin/front'),
  putFront: (v: number, page: FrontBody) => request<AdminFront>('PUT', '/admin/front', { body: { v, ...page } }),

  courses: (filter: { state?: string; q?: string; cursor?: string; limit?: number }) => request<List<CourseRow>>('GET', '/admin/courses' + query(filter)),
  course: (course: string) => request<Course>('GET', `/admin/courses/${id(course)}`),
  createCourse: (body: { title: string; category_id: string; teacher: { name: string } }) => request<Course>('POST', '/admin/courses', { body }),
  putCourse: (course: string, body: object) => request<Course>('PUT', `/admin/courses/${id(course)}`, { body }),
  putPolicies: (course: string, body: { policies: PolicyInput[]; ladder: Ladder; v: number }) => request<Course>('PUT', `/admin/courses/${id(course)}/policies`, { body }),
  publish: (course: string) => request<Course>('POST', `/admin/courses/${id(course)}/publish`),
  unpublish: (course: string) => request<Course>('POST', `/admin/courses/${id(course)}/unpublish`),
  plan: (course: string, body: { publish_at: string; action: 'publish' | 'unpublish'; policies?: PolicyInput[]; ladder?: Ladder; v: number }) =>
    request<Course>('PUT', `/admin/courses/${id(course)}/plan`, { body }),
  withdrawPlan: (course: string) => request<Course>('DELETE', `/admin/courses/${id(course)}/plan`),
  copyCourse: (course: string, key: string) => request<Course>('POST', `/admin/courses/${id(course)}/copy`, { key }),
  affected: (course: string) => request<Affected>('GET', `/admin/courses/${id(course)}/affected`),
  learning: (course: string) => request<CourseLearning>('GET', `/admin/courses/${id(course)}/learning`),
  lessonText: (course: string, lesson: string) => request<LessonText>('GET', `/admin/courses/${id(course)}/lessons/${id(lesson)}/text`),
  putLessonText: (course: string, lesson: string, body: { text: string; version: number }) =>
    request<LessonText>('PUT', `/admin/courses/${id(course)}/lessons/${id(lesson)}/text`, { body }),

  orders: (filter: { state?: string; course?: string; referral?: string; from?: string; to?: string; q?: string; cursor?: string; limit?: number }) =>
    request<List<OrderRow>>('GET', '/admin/orders' + query(filter)),
  order: (order: string) => request<OrderStory>('GET', `/admin/orders/${id(order)}`),
  previewRefund: (order: string, body: RefundWish) => request<RefundPreview>('POST', `/admin/orders/${id(order)}/refunds?dry_run=1`, { body }),
  refund: (order: string, body: RefundWish, key: string) => request<OrderStory>('POST', `/admin/orders/${id(order)}/refunds`, { body, key }),
  resolve: (order: string, body: { how: 'grant' | 'refund'; reason: string }, key: string) => request<OrderStory>('POST', `/admin/orders/${id(order)}/resolve`, { body, key }),
  strays: () => request<List<Stray>>('GET', '/admin/strays'),
  resolveStray: (stray: string, body: { how: 'match' | 'refund' | 'dismiss'; order_id?: string; reason: string }, key: string) =>
    request<Stray>('POST', `/admin/unmatched/${id(stray)}/resolve`, { body, key }),
  people: (filter: { q?: string; staff?: string; cursor?: string; limit?: number }) => request<List<Person>>('GET', '/admin/users' + query(filter)),
  person: (user: string) => request<PersonProfile>('GET', `/admin/users/${id(user)}`),
  addNote: (user: string, text: string, key: string) => request<StaffNote>('POST', `/admin/users/${id(user)}/notes`, { body: { text }, key }),
  giveAccess: (user: string, body: { course_id: string; until?: string; reason: string }, key: string) => request<OrderStory>('POST', `/admin/users/${id(user)}/grants`, { body, key }),
  block: (user: string, reason: string) => request<PersonProfile>('POST', `/admin/users/${id(user)}/block`, { body: { reason } }),
  unblock: (user: string, reason: string) => request<PersonProfile>('POST', `/admin/users/${id(user)}/unblock`, { body: { reason } }),
  deletePerson: (user: string, reason: string) => request<void>('DELETE', `/admin/users/${id(user)}`, { body: { reason } }),
  setRoles: (user: string, roles: string[]) => request<unknown>('PUT', `/admin/users/${id(user)}/roles`, { body: { roles } }),
  audit: (filter: { object?: string; who?: string; what?: string; from?: string; to?: string; calls?: string; cursor?: string; limit?: number }) =>
    request<List<AuditRow>>('GET', '/admin/audit' + query(filter)),
  apiKeys: () => request<List<APIKey>>('GET', '/admin/api-keys'),
  createAPIKey: (body: { name: string; scopes: string[]; expires_at?: string }) => request<NewAPIKey>('POST', '/admin/api-keys', { body }),
  deleteAPIKey: (key: string) => request<void>('DELETE', `/admin/api-keys/${id(key)}`),
  webhooks: () => request<List<Webhook>>('GET', '/admin/webhooks'),
  createWebhook: (body: WebhookForm) => request<NewWebhook>('POST', '/admin/webhooks', { body }),
  editWebhook: (hook: string, body: WebhookForm) => request<Webhook>('PUT', `/admin/webhooks/${id(hook)}`, { body }),
  deleteWebhook: (hook: string) => request<void>('DELETE', `/admin/webhooks/${id(hook)}`),
  rotateWebhook: (hook: string, keepOld: boolean) => request<NewWebhook>('POST', `/admin/webhooks/${id(hook)}/rotate`, { body: { keep_old: keepOld } }),
  pauseWebhook: (hook: string) => request<Webhook>('POST', `/admin/webhooks/${id(hook)}/pause`),
  resumeWebhook: (hook: string) => request<Webhook>('POST', `/admin/webhooks/${id(hook)}/resume`),
  testWebhook: (hook: string) => request<WebhookDelivery>('POST', `/admin/webhooks/${id(hook)}/test`),
  webhookDeliveries: (hook: string, filter: { state?: string; cursor?: string }) => request<List<WebhookDelivery>>('GET', `/admin/webhooks/${id(hook)}/deliveries` + query(filter)),
  webhookDelivery: (hook: string, delivery: string) => request<WebhookDelivery>('GET', `/admin/webhooks/${id(hook)}/deliveries/${id(delivery)}`),
  replayDelivery: (hook: string, delivery: string) => request<WebhookDelivery>('POST', `/admin/webhooks/${id(hook)}/deliveries/${id(delivery)}/replay`),
  replayFailed: (hook: string, since: string) => request<{ replayed: number }>('POST', `/admin/webhooks/${id(hook)}/replay`, { body: { since } }),
  hubStats: () => request<HubStats>('GET', '/hub/stats'),
  invariants: () => request<{ whole: boolean; violations: Violation[]; orders: number; checked_at: string }>('GET', '/admin/invariants'),
  reconciliations: (filter: { state?: string; cursor?: string; limit?: number }) => request<List<Reconciliation>>('GET', '/admin/reconciliations' + query(filter)),
  reconcile: (day: string) => request<Reconciliation>('POST', '/admin/reconciliations', { body: { day } }),
  // exportFinance saves the movements of money of some days as a file.
  exportFinance: async (from: string, to: string, format: 'csv' | 'xlsx') => {
    const res = await fetch('/api/admin/finance' + query({ from, to, format }), { headers: { Authorization: `Bearer ${credentials.token()}`, 'Accept-Language': 'zh-CN' } })
    if (!res.ok) throw await problemOf(res)
    const link = document.createElement('a')
    link.href = URL.createObjectURL(await res.blob())
    link.download = `finance-${from}-${to}.${format}`
    link.click()
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000)
  },

  papers: () => request<AdminPapers>('GET', '/admin/papers'),
  putPapers: (v: number, papers: PapersEdit) => request<AdminPapers>('PUT', '/admin/papers', { body: { v, ...papers } }),

  broadcasts: (filter: { state?: string; cursor?: string; limit?: number }) => request<List<Broadcast>>('GET', '/hub/broadcasts' + query(filter)),
  broadcast: (broadcast: string) => request<Broadcast>('GET', `/hub/broadcasts/${id(broadcast)}`),
  countAudience: (body: NewBroadcast) => request<AudienceCount>('POST', '/hub/broadcasts?dry_run=1', { body }),
  sendBroadcast: (body: NewBroadcast, key: string) => request<Broadcast>('POST', '/hub/broadcasts', { body, key }),
  moveBroadcast: (broadcast: string, move: 'start' | 'pause' | 'cancel', key: string) => request<Broadcast>('POST', `/hub/broadcasts/${id(broadcast)}/${move}`, { key }),
  confirmBroadcast: (broadcast: string, audience: number, key: string) =>
    request<Broadcast>('POST', `/hub/broadcasts/${id(broadcast)}/confirm`, { body: { audience }, key }),
  stats: (days: number) => request<Stats>('GET', '/admin/stats' + query({ days })),
  waiting: () => request<Waiting>('GET', '/admin/waiting'),

  noticeTemplates: () => request<List<NoticeTemplate> & { limits: { title: number; body: number } }>('GET', '/admin/notice-templates'),
  putNoticeTemplate: (form: string, v: number, texts: Wordings) =>
    request<NoticeTemplate>('PUT', `/admin/notice-templates/${id(form)}`, { body: { v, texts } }),
  resetNoticeTemplate: (form: string, v: number) =>
    request<NoticeTemplate>('POST', `/admin/notice-templates/${id(form)}/reset`, { body: { v } }),
  previewNoticeTemplate: (form: string, texts: Wordings) =>
    request<{ texts: Wordings }>('POST', `/admin/notice-templates/${id(form)}/preview`, { body: { texts } }),
}
