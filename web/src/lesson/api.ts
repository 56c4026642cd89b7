// The REST calls of the learning room.
import { id, request } from '@/api'
import { credentials } from '@/credentials'
import type { CourseProgress, Note } from '@/types'

export interface Report {
  lesson_id: string
  position_s: number
  done?: boolean
  at: string // when it was true, by the shop's clock
}

export interface NoteText { text: string; at_s?: number }

const progressOf = (course: string) => `/enrolments/${id(course)}/progress`
const notesOf = (course: string, lesson: string) => `/courses/${id(course)}/lessons/${id(lesson)}/notes`

export const learning = {
  progress: (course: string) => request<CourseProgress>('GET', progressOf(course)),
  putProgress: (course: string, report: Report) => request<CourseProgress>('PUT', progressOf(course), { body: report }),
  leaveProgress: (course: string, report: Report) => leave(progressOf(course), report),
  notes: (course: string, lesson: string) => request<{ items: Note[] }>('GET', notesOf(course, lesson)),
  addNote: (course: string, lesson: string, note: NoteText, key: string) => request<Note>('POST', notesOf(course, lesson), { body: note, key }),
  putNote: (course: string, lesson: string, note: string, text: NoteText) => request<Note>('PUT', `${notesOf(course, lesson)}/${id(note)}`, { body: text }),
  removeNote: (course: string, lesson: string, note: string) => request<void>('DELETE', `${notesOf(course, lesson)}/${id(note)}`),
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
