// Reads the shop's two contracts with the ecosystem's own tools, and writes the TypeScript
// types that follow from them:
//
//   node contract/read.mjs FOLDER check     FOLDER has openapi.yaml and asyncapi.yaml
//   node contract/read.mjs FOLDER types     prints the types
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import process from 'node:process'
import { Parser } from '@asyncapi/parser'
import spectral from '@stoplight/spectral-core'
import parsers from '@stoplight/spectral-parsers'
import { asyncapi, oas } from '@stoplight/spectral-rulesets'
import openapiTS, { astToString } from 'openapi-typescript'
import { parse } from 'yaml'

const [folder, what] = process.argv.slice(2)
const file = (name) => readFile(join(folder, name), 'utf8')

// A shop's contract names no person to write to, a summary says what a short operation does, and a
// WebSocket's handshake succeeds with 101.
const rules = {
  'openapi.yaml': { extends: [[oas, 'recommended']], rules: { 'operation-description': 'off', 'info-contact': 'off', 'operation-success-response': 'off' } },
  'asyncapi.yaml': { extends: [[asyncapi, 'recommended']], rules: { 'asyncapi-info-contact': 'off' } },
}

async function lint(name) {
  const linter = new spectral.Spectral()
  linter.setRuleset(new spectral.Ruleset(rules[name]))
  const found = await linter.run(new spectral.Document(await file(name), parsers.Yaml, join(folder, name)))
  return found.map((f) => `${name}:${f.range.start.line + 1} ${f.code} ${f.message}`)
}

async function readLive() {
  const { document, diagnostics } = await new Parser().parse(await file('asyncapi.yaml'), { source: join(folder, 'asyncapi.yaml') })
  const faults = diagnostics.filter((d) => d.severity < 2).map((d) => `asyncapi.yaml ${d.path.join('.')} ${d.message}`)
  return document ? faults : [...faults, 'asyncapi.yaml cannot be read']
}

// types: those of REST are the document's; a frame of the socket is the payload of its message. A message that fixes
// the type of its event is a row of Events, which has the data of each type.
async function types() {
  const rest = parse(await file('openapi.yaml'))
  const live = parse((await file('asyncapi.yaml')).replaceAll('openapi.yaml#/', '#/'))
  const frames = {}
  const events = {}
  for (const [name, { summary, payload }] of Object.entries(live.components.messages)) {
    const type = payload.properties?.type?.const
    if (type) events[type] = { description: summary.trim(), allOf: [payload.properties.data] }
    else frames[`Frame_${name}`] = payload
  }
  const Events = { type: 'object', description: 'The data of each type of event', required: Object.keys(events), properties: events }
  const schemas = { ...rest.components.schemas, ...live.components.schemas, ...frames, Events }
  const source = astToString(await openapiTS({ ...rest, components: { ...rest.components, schemas } }))
  return `// Generated from handlers/openapi and hub/asyncapi.yaml by \`make types\`. Do not edit.\n${source}`
}

if (what === 'types') process.stdout.write(await types())
else {
  const faults = [...(await lint('openapi.yaml')), ...(await lint('asyncapi.yaml')), ...(await readLive())]
  for (const f of faults) console.error(f)
  process.exit(faults.length ? 1 : 0)
}
