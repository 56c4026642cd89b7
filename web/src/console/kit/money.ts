// Amounts as they are typed, in yuan, and as the API has them, in fen.

// fenOf reads 12.34 as 1234. What is no amount is 0, which the API refuses at its field: left out it would be all there is.
export function fenOf(text: string): number {
  const parts = /^(\d{1,8})(?:\.(\d{1,2}))?$/.exec(text.trim().replace(/^¥/, ''))
  return parts ? Number(parts[1]) * 100 + Number((parts[2] ?? '').padEnd(2, '0')) : 0
}

export const yuanText = (fen: number): string => (fen % 100 ? (fen / 100).toFixed(2) : String(fen / 100))
