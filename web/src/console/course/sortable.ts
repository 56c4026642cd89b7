// Lists whose rows are dragged, by SortableJS. The library moves the elements; here they are put back at once and the
// data is moved in their place, so that Vue stays the only one to arrange the page.
import Sortable from 'sortablejs'
import { onBeforeUnmount, onMounted, type Ref } from 'vue'

export interface Place { list: number; index: number } // the list's data-list, the row's place in it

export function useSortable(el: Ref<HTMLElement | null>, name: string, move: (from: Place, to: Place) => void): void {
  let sortable: Sortable | undefined
  let after: Node | null = null // what stood behind the row that is dragged
  onMounted(() => {
    if (!el.value) return
    sortable = Sortable.create(el.value, {
      group: name, handle: `.handle-${name}`, draggable: `.row-${name}`, animation: 150, ghostClass: 'ghost',
      onStart: (e) => void (after = e.item.nextSibling),
      onEnd(e) {
        e.from.insertBefore(e.item, after)
        const from = { list: Number(e.from.dataset.list), index: e.oldDraggableIndex ?? 0 }
        const to = { list: Number(e.to.dataset.list), index: e.newDraggableIndex ?? 0 }
        if (from.list !== to.list || from.index !== to.index) move(from, to)
      },
    })
  })
  onBeforeUnmount(() => sortable?.destroy())
}
