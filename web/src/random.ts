// newKey is 128 random bits. crypto.randomUUID is missing where the page came
// over plain http from another machine.
export function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, '0')).join('')
}
