// The shop's clock. A device's clock may be wrong by hours; the end of an order's or a code's life
// goes by the shop's.
import { ref } from 'vue'

const ahead = ref(0) // ms from the device's clock to the shop's

// noteServerDate takes the Date header of an answer. It has whole seconds and was on its way for a
// while, so a small difference is ignored.
export function noteServerDate(date: string | null): void {
  const difference = Date.parse(date ?? '') - Date.now()
  if (Math.abs(difference - ahead.value) > 3000) ahead.value = difference
}

// shopNow is the time at the shop, in ms.
export const shopNow = (): number => Date.now() + ahead.value
