// The REST calls of the learning room.
import { id, request } from '@/api'
import { credentials } from '@/credentials'
import type { CourseProgress } from '@/types'

export interface Report {
  lesson_id: string
  position_s: number
  done?: boolean
}

const progressOf = (course: string) => `/enrolments/${id(course)}/progress`

export const learning = {
  putProgress: (course: string, report: Report) => request<CourseProgress>('PUT', progressOf(course), { body: report }),
  leaveProgress: (course: string, report: Report) => leave(progressOf(course), report),
}

// leave puts a last word while the page goes: a fetch that outlives it, or, where the browser has none, a
// request that the page waits for.
function leave(path: string, body: unknown): void {
  if ('keepalive' in Request.prototype) return void request('PUT', path, { body }).catch(() => {})
  const xhr = new XMLHttpRequest()
  xhr.open('PUT', '/api' + path, false)
  xhr.setRequestHeader('Content-Type', 'application/json')
  xhr.setRequestHeader('Authorization', `Bearer ${credentials.token()}`)
  try {
    xhr.send(JSON.stringify(body))
  } catch {
    // the page is gone; its next visit goes on a few seconds earlier
  }
}
