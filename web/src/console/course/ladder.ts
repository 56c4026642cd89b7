// The ladder as a drawing: month by month, what a learner that goes that way has paid.
import type { PriceRow } from './prices'

export interface Step { name: string; from: number; until: number; fen: number; total: number }
export interface Drawing { months: number; most: number; steps: Step[]; full?: number; periods: { name: string; until: number; fen: number }[] }

const daysOfMonth = 30
const fenOf = (r: PriceRow) => Math.round((r.yuan ?? 0) * 100)
const lengthOf = (r: PriceRow) => (r.unit === 'day' ? r.count / daysOfMonth : r.count)

// drawingOf adds the stages up in their order. A learner of all stages has paid the last total; full is the price for ever.
export function drawingOf(rows: PriceRow[]): Drawing {
  const steps: Step[] = []
  let at = 0
  let total = 0
  for (const r of rows.filter((x) => x.kind === 'stage').sort((a, b) => a.stage - b.stage)) {
    total += fenOf(r)
    steps.push({ name: r.name, from: at, until: at + lengthOf(r), fen: fenOf(r), total })
    at += lengthOf(r)
  }
  const periods = rows.filter((r) => r.kind === 'period').map((r) => ({ name: r.name, until: lengthOf(r), fen: fenOf(r) }))
  const whole = rows.filter((r) => r.kind === 'lifetime').map(fenOf)
  const full = whole.length ? Math.min(...whole) : undefined
  return { months: Math.max(at + 1, ...periods.map((p) => p.until), 1), most: Math.max(total, full ?? 0, ...periods.map((p) => p.fen), 1), steps, periods, ...(full !== undefined && { full }) }
}
