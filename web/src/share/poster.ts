// A course on a picture to pass on: cover, title, teacher, price and a code that leads to its page.
import QRCode from 'qrcode'

export interface Poster {
  cover: string
  title: string
  teacher: string
  price: { main: string; more: string } // as the course's card says it
  shop: string
  link: string
}

const width = 360
const edge = 24
const coverHeight = 202
const codeSize = 92
const fonts = '-apple-system, "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif'
const colours = { ink: '#222a1f', soft: '#6b7267', brand: '#1f4d3f', price: '#b3402a', line: '#e6e2d8' }

// wrap breaks a text into lines, between words where it has some; what does not fit into so many ends with an ellipsis.
export function wrap(text: string, most: number, fits: (line: string) => boolean): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.match(/[\x21-\x7e\u00c0-\u024f]+|\s+|.[，。：；！？、）》】”’…]*/gu) ?? []) {
    const parts = fits(word) ? [word] : [...word] // one word that is wider than a line
    for (const part of parts) {
      if (fits(line + part)) {
        line += part
        continue
      }
      lines.push(line.trimEnd())
      line = part.trimStart()
    }
  }
  if (line.trim()) lines.push(line.trimEnd())
  if (lines.length <= most) return lines
  let last = lines[most - 1] ?? ''
  while (last && !fits(last + '…')) last = [...last].slice(0, -1).join('')
  return [...lines.slice(0, most - 1), last.trimEnd() + '…']
}

// picture is the cover, or null where there is none that may be drawn here.
function picture(src: string): Promise<HTMLImageElement | null> {
  if (!src) return Promise.resolve(null)
  return new Promise((resolve) => {
    const img = new Image()
    if (new URL(src, location.href).origin !== location.origin) img.crossOrigin = 'anonymous' // else the canvas could not be saved
    img.onload = () => resolve(img.naturalWidth ? img : null)
    img.onerror = () => resolve(null)
    img.src = src
  })
}

function drawCover(c: CanvasRenderingContext2D, img: HTMLImageElement | null, p: Poster): void {
  if (img) {
    const scale = Math.max(width / img.naturalWidth, coverHeight / img.naturalHeight)
    const [w, h] = [width / scale, coverHeight / scale]
    return c.drawImage(img, (img.naturalWidth - w) / 2, (img.naturalHeight - h) / 2, w, h, 0, 0, width, coverHeight)
  }
  c.fillStyle = colours.brand
  c.fillRect(0, 0, width, coverHeight)
  c.fillStyle = 'rgb(255 255 255 / 14%)'
  c.beginPath()
  c.arc(width - 40, 30, 110, 0, 2 * Math.PI)
  c.fill()
  c.fillStyle = '#fff'
  c.font = `600 72px ${fonts}`
  c.textAlign = 'center'
  c.fillText([...p.title][0] ?? '', width / 2, coverHeight / 2 + 26)
  c.textAlign = 'left'
}

function drawCode(c: CanvasRenderingContext2D, link: string, x: number, y: number): void {
  const { modules } = QRCode.create(link, { errorCorrectionLevel: 'M' })
  const dot = codeSize / modules.size
  c.fillStyle = '#000'
  for (let row = 0; row < modules.size; row++) {
    for (let col = 0; col < modules.size; col++) {
      // Edges on the same fractions meet, and leave no hairlines.
      if (modules.get(row, col)) c.fillRect(x + col * dot, y + row * dot, dot + 0.05, dot + 0.05)
    }
  }
}

// draw makes the poster, at twice the pixels at least, and returns it as an address of its own.
export async function draw(p: Poster, scale = Math.min(3, Math.max(2, devicePixelRatio))): Promise<string> {
  const img = await picture(p.cover)
  const canvas = document.createElement('canvas')
  const c = canvas.getContext('2d')!
  const inner = width - 2 * edge
  const fitting = (font: string, room: number) => (line: string) => {
    c.font = font
    return c.measureText(line).width <= room
  }
  const titleFont = `700 21px ${fonts}`
  const [mainFont, moreFont] = [`700 24px ${fonts}`, `400 13px ${fonts}`]
  const title = wrap(p.title, 3, fitting(titleFont, inner))
  const teacher = wrap(p.teacher, 1, fitting(`400 14px ${fonts}`, inner))
  fitting(mainFont, 0)('')
  const mainWidth = (c.font = mainFont, c.measureText(p.price.main).width)
  const beside = !p.price.more || fitting(moreFont, inner - mainWidth - 10)(p.price.more)
  const more = wrap(p.price.more, 1, fitting(moreFont, beside ? inner : inner))
  const priceAt = coverHeight + 24 + title.length * 30 + (teacher.length ? 26 : 0) + 30
  const footAt = priceAt + (beside ? 24 : 46)
  const height = footAt + 20 + codeSize + edge

  canvas.width = width * scale
  canvas.height = height * scale
  c.scale(scale, scale)
  c.fillStyle = '#fff'
  c.fillRect(0, 0, width, height)
  drawCover(c, img, p)

  c.fillStyle = colours.ink
  c.font = titleFont
  title.forEach((line, n) => c.fillText(line, edge, coverHeight + 24 + 18 + n * 30))
  c.fillStyle = colours.soft
  c.font = `400 14px ${fonts}`
  teacher.forEach((line) => c.fillText(line, edge, coverHeight + 24 + title.length * 30 + 16))
  c.fillStyle = colours.price
  c.font = mainFont
  c.fillText(p.price.main, edge, priceAt)
  c.fillStyle = colours.soft
  c.font = moreFont
  more.forEach((line) => c.fillText(line, beside ? edge + mainWidth + 10 : edge, beside ? priceAt : priceAt + 24))

  c.fillStyle = colours.line
  c.fillRect(edge, footAt, inner, 1)
  drawCode(c, p.link, width - edge - codeSize, footAt + 20)
  c.fillStyle = colours.ink
  c.font = `600 16px ${fonts}`
  wrap(p.shop, 2, fitting(c.font, inner - codeSize - 16)).forEach((line, n) => c.fillText(line, edge, footAt + 48 + n * 22))
  c.fillStyle = colours.soft
  c.font = moreFont
  c.fillText('扫码或长按，看看这门课', edge, footAt + 20 + codeSize - 8)
  return canvas.toDataURL('image/png')
}
