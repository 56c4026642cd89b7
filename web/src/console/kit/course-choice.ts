// A course that is chosen from those found by what is typed. The chosen one may be known by its id alone, from the address
// or a kept draft.
import { ref, watch, type Ref } from 'vue'
import { api } from '@/api'

export interface CourseChoice {
  courses: Ref<{ id: string; title: string }[]>
  looking: Ref<boolean>
  findCourses(q: string): Promise<void>
}

export function useCourseChoice(chosen: () => string | undefined): CourseChoice {
  const courses: CourseChoice['courses'] = ref([])
  const looking = ref(false)

  async function findCourses(q: string): Promise<void> {
    looking.value = true
    courses.value = (await api.courses({ q, limit: 20 }).catch(() => ({ items: [] }))).items
    looking.value = false
  }

  watch(chosen, async (course) => {
    if (!course || courses.value.some((c) => c.id === course)) return
    const found = await api.course(course).catch(() => ({ id: course, title: course }))
    courses.value = [{ id: found.id, title: found.title }, ...courses.value]
  }, { immediate: true })

  return { courses, looking, findCourses }
}
