// The price policies of a course as they are being written, and how they go to the shop.
import type { Course, Ladder, PolicyInput, PolicyKind } from '../types'

export interface PriceRow {
  key: number
  id: string // '' for a new one
  kind: PolicyKind
  name: string
  stage: number
  unit: 'month' | 'day'
  count: number
  yuan: number | undefined
  isDefault: boolean
}

let keys = 0

export function rowOf(p: Partial<PolicyInput> & { kind: PolicyKind }): PriceRow {
  return {
    key: ++keys, id: p.id ?? '', kind: p.kind, name: p.name ?? '', stage: p.stage ?? 0, unit: p.period?.unit ?? 'month', count: p.period?.count ?? 1,
    yuan: p.price_fen === undefined ? undefined : p.price_fen / 100, isDefault: p.default ?? false,
  }
}

export const rowsOf = (c: Course): PriceRow[] => c.policies.map(rowOf)
export const ladderOf = (c: Course): Required<Ladder> => ({ credit_mode: c.ladder.credit_mode || 'none', lapse_after_days: c.ladder.lapse_after_days ?? 0 })

// body is what the API takes. A price that was left empty is left out: it is refused at its field, and never free.
export function body(rows: PriceRow[]): PolicyInput[] {
  return rows.map((r) => ({
    ...(r.id && { id: r.id }), kind: r.kind, name: r.name, ...(r.kind === 'stage' && { stage: r.stage }),
    ...(r.kind !== 'lifetime' && { period: { unit: r.unit, count: r.count } }),
    ...(r.yuan !== undefined && r.yuan !== null && { price_fen: Math.round(r.yuan * 100) }), ...(r.isDefault && { default: true }),
  }) as PolicyInput)
}

// next is a new row of a kind: a stage comes after the last one.
export function next(rows: PriceRow[], kind: PolicyKind): PriceRow {
  const stage = Math.max(0, ...rows.filter((r) => r.kind === 'stage').map((r) => r.stage)) + 1
  if (kind === 'stage') return rowOf({ kind, stage, name: `第 ${stage} 个月`, period: { unit: 'month', count: 1 } })
  if (kind === 'period') return rowOf({ kind, name: '1 年', period: { unit: 'month', count: 12 } })
  return rowOf({ kind, name: '永久' })
}

// The shop's usual ladder: a free month, then ¥200, ¥300, or the full price for ever.
export function usual(): PriceRow[] {
  return [
    rowOf({ kind: 'stage', stage: 1, name: '首月免费', price_fen: 0, default: true }), rowOf({ kind: 'stage', stage: 2, name: '第 2 个月', price_fen: 20_000 }),
    rowOf({ kind: 'stage', stage: 3, name: '第 3 个月', price_fen: 30_000 }), rowOf({ kind: 'lifetime', name: '永久', price_fen: 99_900 }),
  ]
}
