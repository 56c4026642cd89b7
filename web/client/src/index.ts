// The client of an MSTM shop for browsers: REST by its contract, and live events over one link that all tabs share.
export type { components, operations, paths } from './contract'
export { Live, type DataOf, type Events, type Heard, type LiveConfig } from './live'
export type { Answer, Input, Method, Path } from './operations'
export { offline, Problem, problemOf, words, type Words } from './problem'
export { placesOf, type Places } from './place'
export { query, Rest, type RequestOptions, type RestConfig } from './rest'
export { openHub } from './share'
export { closeCode, HubSocket, watchPage, type Hub, type HubEvent, type Listener } from './socket'
