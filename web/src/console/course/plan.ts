// The plan of a course: when it goes on or off sale by itself.
import { moment } from '@/words'
import type { CoursePlan } from '../types'

// instant is a time of the form field, which is Beijing's.
export const instant = (at: string): string => new Date(`${at}:00+08:00`).toISOString()

// local is a time as the form field has it.
export const local = (ms: number): string => new Date(ms + 8 * 3_600_000).toISOString().slice(0, 16)

const what = (p: CoursePlan) => (p.action === 'unpublish' ? '下架' : p.policies ? '按新价格上架' : '上架')
const reasons: Record<string, string> = {
  NO_POLICIES: '课程没有价格', EDIT_CONFLICT: '价格在这之前被人改过', COURSE_TAKEN_DOWN: '课程因法律原因下架', INVALID_FIELD: '计划的价格不再有效',
}

export function planText(p: CoursePlan): string {
  const by = p.by_name ? `（${p.by_name}）` : ''
  if (p.state === 'waiting') return `将在 ${moment(p.publish_at)} ${what(p)}${by}`
  if (p.state === 'done') return `已按计划在 ${moment(p.ended_at ?? p.publish_at)} ${what(p)}${by}`
  return `${moment(p.publish_at)} 的${what(p)}计划没有执行：${reasons[p.reason ?? ''] ?? p.reason}${by}`
}
