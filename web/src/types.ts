// The words of the contracts as the pages use them. contract.ts is generated from both; here are
// names for what the pages handle, and nothing is described a second time. Money is fen.
import type { components, Events } from '@client'

type Schemas = components['schemas']

// The data of each type of event.
export type { Events }

export interface List<T> {
  items: T[]
  next_cursor?: string
}

export type User = Schemas['User']
export type Me = Schemas['Me']
export type Notifications = Me['notifications']
export type Binding = Schemas['Binding']
export type Login = Schemas['Session']
export type LoginWays = Schemas['LoginWays']
export type LoginCode = Schemas['LoginCode']
export type WaitingPage = Schemas['WaitingPage']
// A session in the list of its user's.
export type Session = Schemas['ListedSession']
export type Category = Schemas['Category']
export type CourseCard = Schemas['CourseCard']
export type Front = Schemas['Front']
export type FoundCourse = Schemas['FoundCourse']
export type SearchResult = Schemas['SearchResult']
export type Suggestion = Schemas['Suggestion']
export type Range = Schemas['Ranges'][number]
export type Course = Schemas['Course']
export type Chapter = Course['chapters'][number]
export type LessonRow = Chapter['lessons'][number]
// What plays has an address of a type; the text of a lesson is in the lesson itself.
export type Playback = Schemas['Playback'] & Required<Pick<Schemas['Playback'], 'url' | 'type'>>
export type Caption = Schemas['OpenedCaption']
export type Attachment = Schemas['OpenedAttachment']
// A place as an event says it has less than as an answer does.
export type Place = Pick<Schemas['LessonProgress'], 'position_s' | 'furthest_s' | 'done' | 'updated_at'>
export type Done = Schemas['ProgressSummary']
export type CourseProgress = Omit<Schemas['Progress'], 'lessons'> & { lessons: Record<string, Place> }
export type Note = Schemas['Note']
export type Lesson = Omit<Schemas['OpenedLesson'], 'playback'> & { playback?: Playback }
export type PolicyKind = Schemas['PolicyKind']
export type Period = Schemas['Period']
export type Offer = Schemas['Offer']
export type Cart = Schemas['Cart']
export type CartLine = Schemas['CartLine']
export type LineProblem = NonNullable<CartLine['problem']>
export type Quote = Schemas['Quote']
export type QuoteLine = Schemas['QuoteLine']
export type QuoteProblem = Schemas['QuoteProblem']
export type Order = Schemas['Order']
export type OrderState = Schemas['OrderState']
export type OrderLine = Schemas['OrderLine']
export type Channel = Schemas['Channel']
export type Payment = Schemas['Payment']
export type JSAPIParams = NonNullable<Payment['jsapi']>
export type PlacedOrder = Schemas['Placed']
// What an order would give back now, by line and in all.
export type OrderRefund = Schemas['OrderRefund']
export type RefundLine = Schemas['RefundLine']
export type OrderNow = Schemas['OrderWithPayment']
export type Grant = Schemas['Grant']
export type Enrolment = Schemas['Enrolment'] & Partial<Schemas['EnrolmentItem']>
// A notice as an event shows it, which says more than the inbox: fleeting ones are in none.
export type Notice = Events['notice.posted']
export type Inbox = Omit<Schemas['Inbox'], 'items'> & List<Notice>

export type Papers = Schemas['Papers']
export type Paper = Schemas['Paper']
export type PaperKind = Paper['paper']
export type PaperEdition = Schemas['PaperEdition']
export type Agreement = Schemas['Agreement']

export type WantedLine = Pick<QuoteLine, 'course_id' | 'policy_id'>
