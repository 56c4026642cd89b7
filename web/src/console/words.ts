// How sizes and states read in the console.
import type { CourseState, LessonKind, Media, MediaKind, PolicyKind } from './types'

export const mediaKinds: Record<MediaKind, string> = { video: '视频', audio: '音频', image: '图片', document: '文档', caption: '字幕' }

export const courseStates: Record<CourseState, { word: string; tone: 'success' | 'info' | 'warning' }> = {
  draft: { word: '草稿', tone: 'warning' }, on_sale: { word: '在售', tone: 'success' }, off_sale: { word: '已下架', tone: 'info' },
}
export const lessonKinds: Record<LessonKind, string> = { video: '视频', audio: '音频', text: '图文' }
export const policyKinds: Record<PolicyKind, string> = { stage: '阶段', period: '按期', lifetime: '永久' }

// bytes shows a size: 1234567 → 1.2 MB.
export function bytes(n: number): string {
  const units = ['B', 'KB', 'MB', 'GB', 'TB']
  let i = 0
  while (n >= 1024 && i < units.length - 1) {
    n /= 1024
    i++
  }
  return `${i === 0 || n >= 100 ? Math.round(n) : n.toFixed(1)} ${units[i]}`
}

export const percent = (part: number, whole: number): number => (whole > 0 ? Math.min(100, Math.floor((part / whole) * 100)) : 0)

// The reasons for which a file is refused; what was found stands behind the code.
const reasons: Record<string, string> = {
  MEDIA_TOO_LARGE: '文件超过了这一类型的大小上限', MEDIA_REFUSED: '不支持这种文件',
}

export function refusal(reason: string | undefined): string {
  const [code, ...rest] = (reason ?? '').split(': ')
  return (reasons[code ?? ''] ?? code ?? '') + (rest.length ? `（${rest.join(': ')}）` : '')
}

// failure is why a video was not made: the file itself was refused, or ffmpeg has failed, which may go well another time.
export function failure(error: string | undefined): string {
  return error?.startsWith('MEDIA_') ? refusal(error) : `转码程序出错（${error ?? ''}）`
}

// standing is how far a file has come, in a word, with a tone and, while something is under way, the percentage.
export function standing(m: Media, transcodes: boolean): { word: string; tone: 'success' | 'info' | 'warning' | 'danger'; percent?: number } {
  if (m.state === 'uploading') return { word: '上传中', tone: 'warning', percent: percent(m.offset, m.size) }
  if (m.state === 'checking') return { word: '检查中', tone: 'warning' }
  if (m.state === 'refused') return { word: '已拒绝', tone: 'danger' }
  if (m.state === 'deleting') return { word: '删除中', tone: 'info' }
  if (m.kind !== 'video' || !m.job) return { word: '可用', tone: 'success' }
  switch (m.job.state) {
    case 'queued': if (transcodes && m.job.error) return { word: '等待重试', tone: 'warning', percent: 0 }
      return transcodes ? { word: '等待转码', tone: 'warning', percent: 0 } : { word: '可用', tone: 'success' }
    case 'running': return { word: '转码中', tone: 'warning', percent: m.job.progress }
    case 'failed': return { word: '转码失败', tone: 'danger' }
    case 'cancelled': return { word: '转码已取消', tone: 'info' }
    default: return { word: '可用', tone: 'success' }
  }
}
