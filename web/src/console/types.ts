// The words of the contract as the console uses them, see src/types.ts.
import type { components } from '@client'
import type { List } from '@/types'

type Schemas = components['schemas']

export type Media = Schemas['Media']
export type MediaKind = NonNullable<Media['kind']>
export type MediaList = List<Media> & { transcodes: boolean; used_bytes?: number; quota_bytes?: number }
export type MediaChange = Schemas['Events']['media.progress']
export type NoticeTemplate = Schemas['NoticeTemplate']
export type Wordings = Schemas['Wordings']
export type AdminPapers = Schemas['AdminPapers']
export type PapersEdit = Pick<AdminPapers, 'name' | 'slogan' | 'logo' | 'company' | 'icp' | 'police' | 'contact' | 'terms' | 'privacy' | 'refunds'>
export type Course = Schemas['AdminCourse']
export type CourseRow = Schemas['AdminCourseCard']
export type CourseState = Schemas['CourseState']
export type Category = Schemas['Category']
export type AdminFront = Schemas['AdminFront']
export type FrontLink = Schemas['BannerLink']
export type FrontBody = { banners: Schemas['BannerEdit'][]; rows: Schemas['FrontRowEdit'][] }
export type DeskCategory = Schemas['AdminCategory']
export type Chapter = Course['chapters'][number]
export type Lesson = NonNullable<Chapter['lessons']>[number]
export type LessonKind = Lesson['kind']
export type Attachment = NonNullable<Lesson['attachments']>[number]
export type Caption = NonNullable<Lesson['captions']>[number]
export type PolicyInput = Schemas['PolicyInput']
export type PolicyKind = Schemas['PolicyKind']
export type Ladder = Schemas['Ladder']
export type LessonText = Schemas['LessonText']
export type CourseLearning = Schemas['LearningCounts']
export type OrderRow = Schemas['AdminOrderItem']
export type OrderStory = Schemas['AdminOrder']
export type OrderChange = Schemas['Events']['order.changed']
export type OrderState = Schemas['OrderState']
export type LineStanding = Schemas['LineStanding']
export type RefundPreview = Schemas['RefundPreview']
export type RefundWish = { lines?: { course_id: string; amount_fen?: number }[]; reason?: string; later?: boolean }
export type Stats = Schemas['Stats']
export type StatsDay = Schemas['StatsDay']
export type StatsFigures = Schemas['StatsFigures']
export type Stray = Schemas['Stray']
export type Broadcast = Schemas['Broadcast']
export type BroadcastState = Schemas['BroadcastState']
export type BroadcastChannel = 'live' | 'inbox' | 'wechat'
export type Audience = Schemas['Audience']
export type AudienceCount = Schemas['AudienceCount']
export type NewBroadcast = Schemas['NewBroadcast']
export type Person = Schemas['AdminUser']
export type PersonProfile = Schemas['Profile']
export type StaffNote = Schemas['StaffNote']
export type AuditRow = Schemas['AuditRow']
export type APIKey = Schemas['APIKey']
export type NewAPIKey = Schemas['NewAPIKey']
export type HubStats = Schemas['HubStats']
export type Violation = Schemas['Violation']
export type Reconciliation = Schemas['Reconciliation']
