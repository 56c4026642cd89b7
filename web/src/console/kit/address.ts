// The filters of a page are in its address: a reload, a link that is passed on and the back button show the same.
import { computed, onBeforeUnmount, type ComputedRef } from 'vue'
import { useRoute, useRouter } from 'vue-router'

export function useAddress<Name extends string>(names: readonly Name[]) {
  const route = useRoute()
  const router = useRouter()
  const here = route.path
  const values = computed(() => Object.fromEntries(names.map((name) => [name, String(route.query[name] ?? '')]))) as ComputedRef<Record<Name, string>>
  const any = computed(() => names.some((name) => values.value[name]))

  function to(change: Partial<Record<Name, string>>) {
    const all: Record<string, string> = { ...values.value, ...change }
    return { query: Object.fromEntries(Object.entries(all).filter(([, value]) => value)) }
  }

  // choose goes to the changed filter, a step that the back button takes back.
  const choose = (change: Partial<Record<Name, string>>) => void router.push(to(change))

  // type waits for the end of the typing, and is no step of its own.
  let typing: number | undefined
  function type(change: Partial<Record<Name, string>>): void {
    clearTimeout(typing)
    typing = window.setTimeout(() => route.path === here && void router.replace(to(change)), 300)
  }
  onBeforeUnmount(() => clearTimeout(typing))

  const clear = () => void router.push({ query: {} })
  return { values, any, choose, type, clear }
}
