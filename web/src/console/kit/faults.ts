import { reactive } from 'vue'
import { messageOf, Problem } from '@/api'
import { ElMessage } from 'element-plus'

// What each field may hold, by the end of its path in the API: chapters[0].lessons[3].title.
const rules: Rule[] = [
  [/^name$/, '请填写店名，1–20 个字'],
  [/^slogan$/, '最多 60 个字，不能换行'],
  [/^logo$/, '请填写 https 地址，或本站以 / 开头的路径'],
  [/^icp$/, '格式如 京ICP备12345678号-1'],
  [/^police$/, '格式如 京公网安备11010502030000号'],
  [/^contact\.phone$/, '请填写电话号码'],
  [/^contact\.email$/, '请填写邮箱地址'],
  [/^contact\./, '不能换行，不能太长'],
  [/^(terms|privacy|refunds)$/, '不能为空，最多 30000 个字，不能有图片'],
  [/^title$/, '请填写课程名，1–80 个字'],
  [/^subtitle$/, '最多 120 个字，不能换行'],
  [/^cover$/, '请填写 https 地址，或本站以 / 开头的路径'],
  [/^category_id$/, '请选择一个分类'],
  [/^teacher\.name$/, '请填写讲师的名字，1–80 个字'],
  [/^teacher\.title$/, '最多 80 个字，不能换行'],
  [/^teacher\.intro$/, '最多 2000 个字'],
  [/^description$/, '最多 20000 个字'],
  [/^chapters$/, '最多 100 章'],
  [/\.lessons$/, '一章最多 200 节'],
  [/lessons\[\d+\]\.title$/, '请填写课时名，1–80 个字'],
  [/chapters\[\d+\]\.title$/, '请填写章名，1–80 个字'],
  [/\.duration_s$/, '时长在 0 到 24 小时之间'],
  [/\.url$/, '请填写 https 地址，或本站以 / 开头的路径'],
  [/media_id$/, '这个文件不存在或还没有准备好，请重新选择'],
  [/attachments\[\d+\]\.name$/, '请填写附件名，1–80 个字'],
  [/attachments/, '附件不正确：最多 20 个，每个文件一次'],
  [/captions/, '字幕不正确：每种语言一个，语言如 zh-CN、en'],
  [/\.kind$/, '这种方式不能这样用：永久只能有一个，已发布的方案不能改方式'],
  [/\.name$/, '请填写方案名，1–40 个字'],
  [/\.stage$/, '阶段从 1 开始，不能重复，也不能跳过'],
  [/\.price_fen$/, '请填写价格，0 元到 1000 万元'],
  [/\.period$/, '请填写期限'],
  [/\.period\.count$/, '期限：1–120 个月，或 1–3660 天'],
  [/\.default$/, '只能有一个默认方案'],
  [/^policies$/, '请至少填写一个、最多 20 个价格方案'],
  [/lapse_after_days$/, '0–3660 天'],
  [/amount_fen$/, '请填写金额，至少 0.01 元'],
  [/^until$/, '请选择今天以后、十年以内的日期'],
  [/^course_id$/, '请选择一门课程'],
  [/^scopes/, '请至少选择一项权限'],
  [/^expires_at$/, '请选择 366 天以内的日期'],
  [/^reason$/, '请填写原因，1–200 个字'],
  [/^text$/, '正文太长，最多 200 KB'],
]

export type Rule = [end: RegExp, rule: string]

// useFaults keeps what the API has refused, each at its field. A form's own rules go before those of all.
export function useFaults(own: Rule[] = []) {
  const faults = reactive(new Map<string, string>())

  // note shows a refusal at its field, and reports whether it names one; any other error is the caller's.
  function note(err: unknown): boolean {
    if (!(err instanceof Problem) || !err.extra.param) return false
    const at = String(err.extra.param)
    const rule = err.code === 'INVALID_FIELD' ? [...own, ...rules].find(([end]) => end.test(at))?.[1] : undefined
    faults.clear()
    faults.set(at, rule ?? messageOf(err))
    return true
  }

  // take is note with a message, for a form whose field may be out of view.
  function take(err: unknown): boolean {
    if (!note(err)) return false
    ElMessage.error(of(first()))
    return true
  }

  const of = (path: string): string => faults.get(path) ?? ''
  // within reports whether a field below a path was refused.
  const within = (path: string): boolean => [...faults.keys()].some((at) => at.startsWith(path))
  const first = (): string => [...faults.keys()][0] ?? ''
  return { take, note, of, within, first, clear: () => faults.clear() }
}

export type Faults = ReturnType<typeof useFaults>
