import type { Chapter, Enrolment, LessonRow } from './types'
import { lastDay } from './words'

// opens reports whether an enrolment lets its learner in now. The server decides
// for every lesson; this only chooses what the page offers first.
export function opens(e: Enrolment | undefined): boolean {
  return e?.state === 'active'
}

export const enrolmentStates: Record<Enrolment['state'], string> = {
  active: '已开通', scheduled: '尚未开始', expired: '已到期', frozen: '退款处理中', revoked: '已退款',
}

export function openUntil(e: Enrolment): string {
  if (e.state === 'expired' && e.until) return `学习期已于 ${lastDay(e.until)} 结束`
  if (!opens(e)) return '暂不可学习'
  return e.until ? `可学习至 ${lastDay(e.until)}` : '永久有效'
}

export function lessonsOf(chapters: Chapter[]): LessonRow[] {
  return chapters.flatMap((c) => c.lessons)
}
