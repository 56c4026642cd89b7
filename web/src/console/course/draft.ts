// A course as it is being written: texts and outline, with what the shop had last.
import { computed, reactive, ref } from 'vue'
import { desk } from '../api'
import type { Attachment, Caption, Chapter, Course, Lesson } from '../types'

// The keys tell chapters and lessons apart while they are moved; the shop gives ids only to what it has.
export type DraftLesson = Required<Lesson> & { key: number }
export interface DraftChapter { key: number; title: string; lessons: DraftLesson[] }

let keys = 0

export function newLesson(kind: Lesson['kind'] = 'video'): DraftLesson {
  return { key: ++keys, id: '', title: '', kind, duration_s: 0, preview: false, url: '', media_id: '', attachments: [], captions: [] }
}

export const newChapter = (title = ''): DraftChapter => ({ key: ++keys, title, lessons: [] })

export function useDraft() {
  const course = ref<Course>()
  const draft = reactive({
    title: '', subtitle: '', cover: '', category_id: '', level: '', description: '', teacher: { name: '', title: '', intro: '' }, chapters: [] as DraftChapter[],
  })
  const saved = ref('')

  const body = () => ({ ...draft, teacher: { ...draft.teacher }, chapters: draft.chapters.map(chapterBody) })
  const written = computed(() => JSON.stringify(body()))
  const changed = computed(() => !!course.value && written.value !== saved.value)

  // show puts the shop's state into the draft. What stays in its place keeps its key, so that the page does not jump.
  function show(c: Course): void {
    const before = draft.chapters
    Object.assign(draft, {
      title: c.title, subtitle: c.subtitle, cover: c.cover, category_id: c.category_id, level: c.level ?? '', description: c.description,
      teacher: { name: c.teacher.name, title: c.teacher.title ?? '', intro: c.teacher.intro ?? '' },
      chapters: c.chapters.map((ch, i) => ({
        key: before[i]?.key ?? ++keys, title: ch.title,
        lessons: (ch.lessons ?? []).map((l, j) => ({ ...newLesson(), ...copy(l), key: before[i]?.lessons[j]?.key ?? ++keys })),
      })),
    })
    take(c)
    saved.value = written.value
  }

  // take has a newer state of the course without touching the draft: prices and the sale are changed beside it.
  function take(c: Course): void {
    course.value = c
  }

  // save sends the draft. With force it goes over what another editor has written since.
  async function save(force = false): Promise<void> {
    if (!course.value) return
    const sent = written.value
    const v = force ? (await desk.course(course.value.id)).v : course.value.v
    const answer = await desk.putCourse(course.value.id, { ...(JSON.parse(sent) as object), v })
    if (written.value === sent) return show(answer)
    take(answer) // what was typed in between stays; new lessons have their ids
    const ids = new Map(answer.chapters.flatMap((ch, i) => (ch.lessons ?? []).map((l, j) => [draft.chapters[i]?.lessons[j]?.key, l.id] as const)))
    for (const l of draft.chapters.flatMap((ch) => ch.lessons)) l.id ||= ids.get(l.key) ?? ''
  }

  async function load(id: string): Promise<void> {
    show(await desk.course(id))
  }

  return { course, draft, changed, show, take, save, load }
}

export type Draft = ReturnType<typeof useDraft>['draft']

const copy = (l: Lesson): Lesson => JSON.parse(JSON.stringify(l)) as Lesson

function chapterBody(ch: DraftChapter): Chapter {
  return { title: ch.title, lessons: ch.lessons.map(lessonBody) }
}

// lessonBody leaves out what is empty.
function lessonBody({ key: _, attachments, captions, id, url, media_id, ...l }: DraftLesson): Lesson {
  return {
    ...l, duration_s: Math.round(l.duration_s || 0), ...(id && { id }), ...(l.kind !== 'text' && url && { url }), ...(l.kind !== 'text' && media_id && { media_id }),
    ...(attachments.length && { attachments: attachments.map((a: Attachment) => ({ ...a })) }), ...(captions.length && { captions: captions.map((c: Caption) => ({ ...c })) }),
  }
}
