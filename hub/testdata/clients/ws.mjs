// node ws.mjs WEB_FOLDER URL TOKEN LAST: a session with npm's ws; what happens goes to standard output.
import { createRequire } from 'node:module'
import process from 'node:process'
import { session } from './session.mjs'

const [folder, url, token, last] = process.argv.slice(2)
const { WebSocket } = createRequire(folder + '/')('ws')
session(WebSocket, { url, token, last: Number(last) }, (news) => console.log(JSON.stringify(news)))
