// What the staff ask of the API, beside what the shop's pages do.
import { problemOf, query, request } from '@/api'
import { credentials } from '@/credentials'
import type { List } from '@/types'
import type { Media, MediaList, NoticeTemplate, Wordings } from './types'

const id = encodeURIComponent

export const uploads = '/api/admin/uploads' // where tus finds them

export const desk = {
  media: (filter: { kind?: string; cursor?: string; limit?: number }) => request<MediaList>('GET', '/admin/media' + query(filter)),
  oneMedia: (media: string) => request<Media>('GET', `/admin/media/${id(media)}`),
  deleteMedia: (media: string) => request<void>('DELETE', `/admin/media/${id(media)}`),
  endUpload: async (media: string) => {
    const res = await fetch(`${uploads}/${id(media)}`, { method: 'DELETE', headers: { Authorization: `Bearer ${credentials.token()}`, 'Tus-Resumable': '1.0.0', 'Accept-Language': 'zh-CN' } })
    if (!res.ok && res.status !== 404) throw await problemOf(res)
  },
  transcode: (media: string) => request<Media>('POST', `/admin/media/${id(media)}/transcode`),
  cancelTranscoding: (media: string) => request<Media>('DELETE', `/admin/media/${id(media)}/transcode`),

  noticeTemplates: () => request<List<NoticeTemplate> & { limits: { title: number; body: number } }>('GET', '/admin/notice-templates'),
  putNoticeTemplate: (form: string, v: number, texts: Wordings) =>
    request<NoticeTemplate>('PUT', `/admin/notice-templates/${id(form)}`, { body: { v, texts } }),
  resetNoticeTemplate: (form: string, v: number) =>
    request<NoticeTemplate>('POST', `/admin/notice-templates/${id(form)}/reset`, { body: { v } }),
  previewNoticeTemplate: (form: string, texts: Wordings) =>
    request<{ texts: Wordings }>('POST', `/admin/notice-templates/${id(form)}/preview`, { body: { texts } }),
}
