// What is shared of a course: its address with the tag of the person that shares it, and its picture.
import { api } from '@/api'
import { useSession } from '@/stores/session'

const own = new Map<string, string>() // tags by user id

// courseLink is the address of a course; a visitor, or a learner whose tag cannot be had now, shares it without a tag.
export async function courseLink(course: string): Promise<string> {
  const link = new URL(`/courses/${encodeURIComponent(course)}`, location.origin)
  const reader = useSession().user?.id
  if (reader) {
    const tag = own.get(reader) ?? await api.me().then((me) => (me.id === reader ? me.referral : ''), () => '')
    if (tag) {
      own.set(reader, tag)
      link.searchParams.set('from', tag)
    }
  }
  return link.href
}

// pictureOf is a picture that other programs may show; they draw no SVG.
export function pictureOf(cover: string): string {
  return new URL(!cover || /\.svg($|\?)/.test(cover) ? '/icon-512.png' : cover, location.origin).href
}
