// The SharedWorker that holds the links of a browser's tabs.
import { Rooms, type Tab } from './rooms'
import type { Brought, Said } from './share'
import { HubSocket } from './socket'

const rooms = new Rooms((listener) => new HubSocket(location.origin, listener))
addEventListener('connect', (e) => {
  const port = (e as MessageEvent).ports[0]
  if (!port) return
  const tab: Tab = { room: null, topics: new Set(), bring: (what: Brought) => port.postMessage(what) }
  port.onmessage = (m: MessageEvent<Said>) => {
    if (m.data.do !== 'watch') return rooms.hear(tab, m.data)
    // eslint-disable-next-line mstm/no-newer-api -- tabs without it do not share
    void navigator.locks.request(m.data.lock, () => rooms.leave(tab))
  }
  tab.bring({ is: 'here' })
})
