// The calls of WeChat's JS-SDK that the shop's pages make: wx.config is checked by the sandbox as WeChat's app does, and a card
// can be set once it was taken. wx.cards are those that stand for the page, by call.
(() => {
  const origin = new URL(document.currentScript.src).origin
  let readied = []
  let failed = () => {}
  let state = ''
  let wanted = []
  const cards = {}

  function config({ appId, timestamp, nonceStr, signature, jsApiList }) {
    wanted = jsApiList ?? []
    const script = document.createElement('script')
    script.src = `${origin}/weixin/config.js?${new URLSearchParams({ appId, timestamp, nonceStr, signature, url: location.href.split('#')[0] })}`
    document.head.append(script)
  }

  function answered(said) {
    state = said
    if (said !== 'config:ok') return failed({ errMsg: said })
    for (const act of readied.splice(0)) act()
  }

  const card = (name) => ({ title, desc, link, imgUrl, success, fail }) => {
    const own = new URL(link).host === location.host || new URL(link).host === new URL(document.baseURI).host
    if (state !== 'config:ok' || !wanted.includes(name)) return fail?.({ errMsg: `${name}:fail, permission denied` })
    if (!own) return fail?.({ errMsg: `${name}:fail, invalid link domain` })
    cards[name] = { title, desc, link, imgUrl }
    success?.({ errMsg: `${name}:ok` })
  }

  window.wx = window.jWeixin = {
    config,
    answered,
    cards,
    ready: (act) => (state === 'config:ok' ? act() : readied.push(act)),
    error: (act) => (failed = act),
    updateAppMessageShareData: card('updateAppMessageShareData'),
    updateTimelineShareData: card('updateTimelineShareData'),
  }
})()
