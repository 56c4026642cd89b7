import type { Course } from '../types'

// shownCover is the address of a course's picture. The shop draws one for everybody, and so none for a draft.
export const shownCover = (cover: string, state?: Course['state']): string | undefined =>
  (state === 'draft' && cover.startsWith('/covers/')) || !cover ? undefined : cover
