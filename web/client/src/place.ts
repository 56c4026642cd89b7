// A place says how far something has come in a topic: what Hub-Position says of an answer, and what the link goes on from.

// Places are places by topic.
export type Places = Record<string, string>

interface Point {
  epoch: string
  offset: number
}

// pointOf leaves out the marks of single events behind the point.
function pointOf(place: string): Point | null {
  const [, epoch, offset] = /^(.+)-(\d+)(?:\.|$)/.exec(place) ?? []
  return epoch === undefined ? null : { epoch, offset: Number(offset) }
}

// covers reports whether what was read at one place has all that happened up to another.
export function covers(read: string | undefined, up: string | undefined): boolean {
  if (!read || !up || up.includes('.')) return read !== undefined && read !== '' && read === up
  const [r, u] = [pointOf(read), pointOf(up)]
  return !!r && !!u && r.epoch === u.epoch && r.offset >= u.offset
}

// older is the earlier of two places, '' where they cannot be compared.
export function older(a: string, b: string): string {
  if (a === b) return a
  const [p, q] = [pointOf(a), pointOf(b)]
  if (!p || !q || p.epoch !== q.epoch) return ''
  return `${p.epoch}-${Math.min(p.offset, q.offset)}`
}

// placesOf reads the header Hub-Position.
export function placesOf(header: string | null): Places {
  try {
    return header ? JSON.parse(header) as Places : {}
  } catch {
    return {}
  }
}
