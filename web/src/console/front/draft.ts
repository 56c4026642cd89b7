// The front page as it is being arranged. The keys tell banners and rows apart while they are moved.
import type { Rule } from '../kit/faults'
import type { AdminFront, FrontBody, FrontLink } from '../types'

export interface DraftBanner { key: number; picture: string; title: string; alt: string; link: FrontLink; from: string; until: string }
export interface DraftRow { key: number; title: string; courses: string[] }
export interface FrontDraft { banners: DraftBanner[]; rows: DraftRow[] }

let keys = 0

export const newBanner = (picture: string): DraftBanner => ({ key: ++keys, picture, title: '', alt: '', link: { kind: 'none', to: '' }, from: '', until: '' })
export const newRow = (): DraftRow => ({ key: ++keys, title: '', courses: [] })

export function draftOf(page: AdminFront): FrontDraft {
  return {
    banners: page.banners.map((b) => ({ key: ++keys, picture: b.picture, title: b.title, alt: b.alt, link: { ...b.link }, from: b.from ?? '', until: b.until ?? '' })),
    rows: page.rows.map((r) => ({ key: ++keys, title: r.title, courses: [...r.courses] })),
  }
}

export function bodyOf(draft: FrontDraft): FrontBody {
  return {
    banners: draft.banners.map((b) => ({ picture: b.picture, title: b.title, alt: b.alt, link: b.link, ...(b.from && { from: b.from }), ...(b.until && { until: b.until }) })),
    rows: draft.rows.map((r) => ({ title: r.title, courses: r.courses })),
  }
}

export const rules: Rule[] = [
  [/\.title$/, '请填写标题，1–40 个字'],
  [/\.alt$/, '最多 100 个字，不能换行'],
  [/\.picture$/, '请选择一张不超过 2 MB 的图片'],
  [/\.link\.to$/, '请选择课程或分类，或填写搜索词、https 地址'],
  [/\.until$/, '结束时间要晚于开始时间'],
  [/\.courses$/, '请选择 1–12 门课程，每门一次'],
]
