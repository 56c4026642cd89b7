// Full screen of a whole element, so that what lies over the picture is there too. Where the browser has that for
// videos alone, as on an iPhone and in WeChat, the element fills the page, turned where the phone is upright.
import { onBeforeUnmount, onMounted, ref, type Ref } from 'vue'

// Names that browsers have for one thing; the older ones know the prefixed ones only.
interface Screened {
  requestFullscreen?: () => Promise<void>
  webkitRequestFullscreen?: () => void
}
interface Screen {
  fullscreenElement?: Element | null
  webkitFullscreenElement?: Element | null
  exitFullscreen?: () => Promise<void>
  webkitExitFullscreen?: () => void
}
interface Turning {
  orientation?: { lock?: (to: string) => Promise<void>; unlock?: () => void }
}

const page = document as unknown as Screen
const device = screen as unknown as Turning
const shown = () => page.fullscreenElement ?? page.webkitFullscreenElement ?? null

export type Filled = '' | 'screen' | 'page' | 'turned'

export function useFullscreen(element: Ref<HTMLElement | null>, wide: () => boolean) {
  const filled = ref<Filled>('')

  function look(): void {
    if (shown() === element.value && shown()) filled.value = 'screen'
    else if (filled.value === 'screen') filled.value = ''
  }

  // turn fits what fills the page to how the phone is held now.
  function turn(): void {
    if (filled.value === 'page' || filled.value === 'turned') filled.value = wide() && innerHeight > innerWidth ? 'turned' : 'page'
  }

  async function enter(): Promise<void> {
    const target = element.value as Screened | null
    try {
      if (target?.requestFullscreen) await target.requestFullscreen()
      else if (target?.webkitRequestFullscreen) target.webkitRequestFullscreen()
      else throw new Error('for videos alone')
      if (wide()) await device.orientation?.lock?.('landscape').catch(() => {}) // only phones turn
    } catch {
      filled.value = 'page'
      turn()
    }
  }

  function leave(): void {
    if (shown()) {
      device.orientation?.unlock?.()
      void (page.exitFullscreen?.() ?? page.webkitExitFullscreen?.())
    }
    filled.value = ''
  }

  const changes = ['fullscreenchange', 'webkitfullscreenchange']
  onMounted(() => {
    for (const change of changes) document.addEventListener(change, look)
    addEventListener('resize', turn)
  })
  onBeforeUnmount(() => {
    for (const change of changes) document.removeEventListener(change, look)
    removeEventListener('resize', turn)
    if (filled.value) leave()
  })
  // The browser knows before its event says so.
  const full = () => filled.value || (!!shown() && shown() === element.value)
  return { filled, toggle: () => (full() ? leave() : void enter()), leave }
}
