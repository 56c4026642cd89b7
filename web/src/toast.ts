// Where a message may lie: on nothing that can be pressed, and rather on nothing that is read.
import { showToast } from 'vant'

const controls = 'a, button, input, select, textarea, label, [role="button"], [role="tab"]'

// weight is how much is covered at a point.
function weight(x: number, y: number, own?: Element): number {
  const under = document.elementsFromPoint(x, y).find((el) => !own?.contains(el) && !el.contains(own ?? null))
  if (!under) return 0
  if (under.closest(controls)) return 100
  return under.matches('img, svg, video, canvas, i') || [...under.childNodes].some((n) => n.nodeType === Node.TEXT_NODE && n.textContent?.trim()) ? 1 : 0
}

// covered is how much lies under a box of the window, in pixels.
export function covered(box: { left: number; top: number; width: number; height: number }, own?: Element): number {
  let sum = 0
  for (let y = box.top + 4; y < box.top + box.height; y += 14) {
    for (let x = box.left + 4; x < box.left + box.width; x += 28) sum += weight(x, y, own)
  }
  return sum
}

// freeTop is the lowest place for a box that covers least.
export function freeTop(box: { left: number; width: number; height: number }, own: Element): number {
  const bottom = innerHeight - box.height - 12
  let best = bottom
  let least = Infinity
  for (let top = bottom; top >= 12 && least > 0; top -= 12) {
    const sum = covered({ ...box, top }, own)
    if (sum < least) [best, least] = [top, sum]
  }
  return best
}

const places = { middle: 0.5, top: 0.2, bottom: 0.8 } as const // of the window's height, as Vant has them

// say shows a line for two seconds, where it lies on no button.
export function say(message: string): void {
  const width = Math.min(innerWidth * 0.7, 32 + 15 * message.length)
  const sums = (Object.keys(places) as (keyof typeof places)[]).map((position) => ({
    position, sum: covered({ left: (innerWidth - width) / 2, top: innerHeight * places[position] - 30, width, height: 60 }),
  }))
  const { position } = sums.reduce((a, b) => (b.sum < a.sum ? b : a))
  showToast({ message, position, wordBreak: 'break-word' })
}
