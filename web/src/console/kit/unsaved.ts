import { ElMessageBox } from 'element-plus'
import { onBeforeUnmount } from 'vue'
import { onBeforeRouteLeave, onBeforeRouteUpdate } from 'vue-router'

// sure asks a question and reports whether the answer was yes.
export const sure = (question: string, yes = '确定', title = '请确认'): Promise<boolean> =>
  ElMessageBox.confirm(question, title, { confirmButtonText: yes, cancelButtonText: '取消', type: 'warning' }).then(() => true, () => false)

export const leaveQuestion = '修改还没有保存，确定放弃吗？'

// useUnsaved warns before a page with unsaved changes is left, by a link, by the back button, or by closing the tab.
// Going from one address to another of the same thing is no leaving: same says which those are.
export function useUnsaved(changed: () => boolean, same: (to: string, from: string) => boolean = () => false): void {
  const mayLeave = () => !changed() || sure(leaveQuestion, '放弃修改')
  onBeforeRouteLeave(mayLeave)
  onBeforeRouteUpdate((to, from) => same(to.path, from.path) || mayLeave())
  const warn = (e: BeforeUnloadEvent) => {
    if (changed()) e.preventDefault()
  }
  addEventListener('beforeunload', warn)
  onBeforeUnmount(() => removeEventListener('beforeunload', warn))
}
