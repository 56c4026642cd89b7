// A learner's progress in a course, kept in step with what other pages and devices report.
import { reactive, ref, watch } from 'vue'
import { useEvent } from '@/stores/live'
import { useSession } from '@/stores/session'
import type { CourseProgress, Done, Events, Place } from '@/types'
import { learning } from './api'

export function useProgress(course: string, moved: (to: Events['progress.changed']) => void = () => {}) {
  const session = useSession()
  const places = reactive<Record<string, Place>>({})
  const sum = ref<Done | null>(null)

  // take notes what an answer says, unless an event that came first is newer.
  function take(now: CourseProgress): void {
    for (const [lesson, place] of Object.entries(now.lessons)) {
      const known = places[lesson]
      if (!known?.updated_at || !place.updated_at || place.updated_at >= known.updated_at) places[lesson] = place
    }
    if (now.progress && (now.progress.updated_at ?? '') >= (sum.value?.updated_at ?? '')) sum.value = now.progress
  }

  async function read(): Promise<void> {
    if (session.user) await learning.progress(course).then(take, () => {}) // the lesson is there without marks too
  }

  function hear(e: Events['progress.changed']): void {
    if (e.course_id !== course) return
    const { course_id, lesson_id, position_s, furthest_s, done, updated_at, lessons_done, lessons, finished } = e
    take({
      course_id, lessons: { [lesson_id]: { position_s, furthest_s, done, updated_at } },
      progress: { lessons_done, lessons, finished, updated_at, last_lesson_id: lesson_id },
    })
    moved(e)
  }

  watch(() => session.user?.id, () => {
    for (const lesson of Object.keys(places)) delete places[lesson]
    sum.value = null
    void read()
  }, { immediate: true })
  useEvent('progress.changed', hear)
  useEvent('stale:user', read)
  return { places, sum, take }
}
