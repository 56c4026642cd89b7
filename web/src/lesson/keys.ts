// The keys of a player, as players have them everywhere. A key that is typed into a field, or that presses
// a button, is not for the player.
import { onBeforeUnmount, onMounted } from 'vue'

export interface Keyed {
  toggle(): void
  jump(seconds: number): void
  louder(by: number): void
  mute(): void
  fullscreen(): void
  captions(): void
  to(share: number): void // of the length
  escape(): void
}

function typed(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || target.matches('textarea, select, input:not([type="range"])'))
}

const pressed = (target: EventTarget | null) => target instanceof HTMLElement && target.matches('button, a, summary')

export function useKeys(player: Keyed, active: () => boolean): void {
  const acts: Record<string, () => void> = {
    ' ': player.toggle, k: player.toggle,
    ArrowLeft: () => player.jump(-5), ArrowRight: () => player.jump(5),
    j: () => player.jump(-10), l: () => player.jump(10),
    ArrowUp: () => player.louder(0.1), ArrowDown: () => player.louder(-0.1),
    m: player.mute, f: player.fullscreen, c: player.captions, Escape: player.escape,
    Home: () => player.to(0), End: () => player.to(1),
  }

  function key(e: KeyboardEvent): void {
    if (!active() || e.ctrlKey || e.metaKey || e.altKey || e.isComposing || typed(e.target)) return
    if ((e.key === ' ' || e.key === 'Enter') && pressed(e.target)) return
    const act = acts[e.key.length === 1 ? e.key.toLowerCase() : e.key]
    if (!act) return
    if (e.key !== 'Escape') e.preventDefault()
    act()
  }

  onMounted(() => document.addEventListener('keydown', key))
  onBeforeUnmount(() => document.removeEventListener('keydown', key))
}
