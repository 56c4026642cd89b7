// A session over any WebSocket that has a browser's interface: it says hello, remembers its
// position, waits for as long as the server asks and comes back, until the last number has arrived.
// Each step is reported to tell.
export function session(WebSocket, { url, token, last }, tell) {
  let since = {}
  let heard = 0

  function connect() {
    let end = { code: 0 }
    let greeted = false // later readys name single topics
    const ws = new WebSocket(url, 'mstm.v1')
    ws.onopen = () => ws.send(JSON.stringify({ op: 'hello', token, since }))
    ws.onerror = () => {}
    ws.onmessage = ({ data }) => {
      const frame = JSON.parse(data)
      if (frame.op === 'ready' && !greeted) {
        greeted = true
        tell({ what: 'ready', user: frame.user, protocol: ws.protocol, resumed: frame.topics.activity.resumed })
      }
      if (frame.topic !== 'activity' || frame.type !== 'number') return
      since = { activity: frame.pos }
      heard = frame.data.n
      tell({ what: 'number', n: heard })
      if (heard >= last) ws.close(1000)
    }
    ws.onclose = ({ code, reason }) => {
      end = code >= 4000 ? { code, ...JSON.parse(reason), word: JSON.parse(reason).code, what: 'closed' } : end
      if (end.code) tell({ ...end, code })
      if (heard < last) setTimeout(connect, end.retry_ms ?? 100)
    }
  }

  connect()
}
