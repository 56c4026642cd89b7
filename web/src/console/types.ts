// The words of the contract as the console uses them, see src/types.ts.
import type { components } from '@/contract'
import type { List } from '@/types'

type Schemas = components['schemas']

export type Media = Schemas['Media'] & { poster?: string }
export type MediaKind = NonNullable<Media['kind']>
export type MediaList = List<Media> & { transcodes: boolean; used_bytes?: number; quota_bytes?: number }
export type MediaChange = Schemas['Events']['media.progress']
export type NoticeTemplate = Schemas['NoticeTemplate']
export type Wordings = Schemas['Wordings']
