// Vant's Icon, drawn as SVG; see icons/plugin.ts, which puts it in the place of Vant's own.
import { defineComponent, h, shallowRef } from 'vue'
import first from 'virtual:icons'

const outlines = shallowRef(first)
let asked = false

// outline is the drawing of an icon; those that the first view does not need come when one of them is shown.
function outline(name = ''): string | undefined {
  if (!(name in outlines.value) && !asked) {
    asked = true
    void import('virtual:icons-later').then((all) => (outlines.value = { ...first, ...all.default }), () => (asked = false))
  }
  return outlines.value[name]
}

const lengthOf = (size: string | number | undefined) => (size === undefined || isNaN(Number(size)) ? size : `${size}px`)

export const Icon = defineComponent({
  name: 'VanIcon',
  props: { name: String, size: [String, Number], color: String },
  setup: (props, { slots }) => () =>
    h('i', { class: ['van-icon', `van-icon-${props.name}`], style: { color: props.color, fontSize: lengthOf(props.size) } }, [
      h('svg', { viewBox: '0 0 100 100', 'aria-hidden': 'true', focusable: 'false' }, [h('path', { d: outline(props.name) })]),
      slots.default?.(),
    ]),
})

export const iconProps = {}
export default Icon
