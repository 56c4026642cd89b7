import { newKey } from '@/random'

// useKeyed gives what is done once its Idempotency-Key: the same for the same wish until it was answered, so that
// pressing again after a lost answer does nothing a second time.
export function useKeyed() {
  let pending = { wish: '', key: '' }
  return async function once<T>(wish: unknown, send: (key: string) => Promise<T>): Promise<T> {
    const text = JSON.stringify(wish)
    if (pending.wish !== text) pending = { wish: text, key: newKey() }
    const answer = await send(pending.key)
    pending = { wish: '', key: '' }
    return answer
  }
}
