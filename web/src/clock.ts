// The shop's clock. A device's own may be wrong by hours, and until when an order can be paid or a
// code be scanned is said by the shop's.
import { ref } from 'vue'

const ahead = ref(0) // ms from the device's clock to the shop's

// heardDate takes the Date of an answer. It has whole seconds and was on its way for a while, so a
// small difference is none.
export function heardDate(date: string | null): void {
  const difference = Date.parse(date ?? '') - Date.now()
  if (Math.abs(difference - ahead.value) > 3000) ahead.value = difference
}

// shopNow is the time at the shop, in ms.
export const shopNow = (): number => Date.now() + ahead.value
