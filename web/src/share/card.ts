// The card by which a page is shared inside WeChat, set by WeChat's own script (JS-SDK). Where the shop has no official account,
// or WeChat does not answer, WeChat makes a card of its own.
import { query, request } from '@/api'
import { sandbox } from '@/sandbox'
import { usePapers } from '@/stores/papers'
import type { Course } from '@/types'
import { landedAt } from '@/wechat'
import { courseLink, pictureOf } from './link'

interface Card {
  title: string
  desc: string
  link: string
  imgUrl: string
}

interface SDK {
  config(signed: object): void
  ready(act: () => void): void
  error(act: (said: { errMsg: string }) => void): void
  updateAppMessageShareData(card: Card): void
  updateTimelineShareData(card: Omit<Card, 'desc'>): void
}

declare global {
  interface Window {
    wx?: SDK
  }
}

const calls = ['updateAppMessageShareData', 'updateTimelineShareData'] as const

let script: Promise<SDK> | null = null

function load(): Promise<SDK> {
  script ??= new Promise<SDK>((resolve, reject) => {
    const tag = document.createElement('script')
    tag.src = `${sandbox || 'https://res.wx.qq.com'}/open/js/jweixin-1.6.0.js`
    tag.onload = () => (window.wx ? resolve(window.wx) : reject(new Error('a script without wx')))
    tag.onerror = () => {
      script = null
      reject(new Error('WeChat’s script does not come'))
    }
    document.head.append(tag)
  })
  return script
}

let turn = 0

// show sets a card, unless another page wanted one since.
async function show(card: Card): Promise<void> {
  const mine = ++turn
  // On iOS WeChat knows the page by the address at which it was opened.
  const page = (/iPhone|iPad|iPod/.test(navigator.userAgent) ? landedAt : location.href).split('#')[0]
  const signed = await request<object>('GET', '/wechat/js-config' + query({ url: page }))
  const wx = await load()
  if (mine !== turn) return
  wx.error(() => {}) // WeChat's own card will do
  wx.config({ debug: false, ...signed, jsApiList: calls })
  wx.ready(() => {
    if (mine !== turn) return
    wx.updateAppMessageShareData(card)
    wx.updateTimelineShareData(card)
  })
}

export async function showCourse(course: Course): Promise<void> {
  const link = await courseLink(course.id)
  await show({ title: course.title, desc: course.subtitle || course.description.slice(0, 60), link, imgUrl: pictureOf(course.cover) }).catch(() => {})
}

// showShop takes the place of a course's card once its page is left.
export async function showShop(): Promise<void> {
  const { papers } = usePapers()
  await show({ title: papers?.name ?? document.title, desc: papers?.slogan ?? '', link: location.origin + '/', imgUrl: pictureOf('') }).catch(() => {})
}
