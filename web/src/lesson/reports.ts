// Where a person is in a lesson, reported to the shop: one request at a time, and of what came up since,
// the latest only.
import { Problem } from '@/api'
import { shopNow } from '@/clock'
import type { CourseProgress } from '@/types'
import { learning, type Report } from './api'

export const reportEvery = 10_000 // ms

export class Reports {
  private latest = ''
  private waiting: Report | undefined
  private underWay = false
  private shut = false // the shop keeps no progress of this person here

  constructor(
    private readonly course: string,
    private readonly lesson: string,
    private readonly told: (now: CourseProgress) => void,
  ) {}

  note(position: number, done = false): void {
    const report = this.word(position, done)
    if (report) void this.send(report)
  }

  // leave reports as the page goes, beside what may be under way.
  leave(position: number, done = false): void {
    const report = this.word(position, done) ?? this.waiting
    if (report) learning.leaveProgress(this.course, report)
  }

  // word is what there is to report, unless it was said already.
  private word(position: number, done: boolean): Report | undefined {
    const place = { lesson_id: this.lesson, position_s: Math.floor(position), ...(done && { done }) }
    const text = JSON.stringify(place)
    if (this.shut || text === this.latest) return undefined
    this.latest = text
    return { ...place, at: new Date(shopNow()).toISOString() }
  }

  private async send(report: Report): Promise<void> {
    this.waiting = report
    if (this.underWay) return
    this.underWay = true
    while (this.waiting && !this.shut) {
      const now: Report = this.waiting
      this.waiting = undefined
      try {
        this.told(await learning.putProgress(this.course, now))
      } catch (err) {
        if (err instanceof Problem && err.settled) this.shut = true
        else if (!this.waiting) this.latest = '' // the next report says it again
      }
    }
    this.underWay = false
  }
}
