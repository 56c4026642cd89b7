// The oldest browsers that the pages serve stand in package.json ("browserslist"). This file
// answers, from MDN's compatibility data, what those browsers lack; the lint rule, the build
// and the play with the missing parts removed all ask here.
import bcd from '@mdn/browser-compat-data/forLegacyNode'
import browserslist from 'browserslist'

// The names of caniuse, which browserslist speaks, in MDN's words.
const mdnNames = { chrome: 'chrome', edge: 'edge', firefox: 'firefox', safari: 'safari', ios_saf: 'safari_ios' }

// oldest maps MDN's name of a browser to the oldest version served, such as { chrome: 86 }.
export const oldest = oldestOf(browserslist(null, { path: import.meta.dirname }))

function oldestOf(served) {
  const found = {}
  for (const entry of served) {
    const [name, versions] = entry.split(' ')
    const version = Number.parseFloat(versions)
    const mdn = mdnNames[name]
    if (!mdn) throw new Error(`package.json names the browser ${name}, which web/lint/oldest.js does not know`)
    found[mdn] = Math.min(found[mdn] ?? Infinity, version)
  }
  return found
}

// lacks answers the first served browser without a feature, such as "chrome 86", or "".
export function lacks(feature) {
  const support = feature?.__compat?.support
  if (!support) return ''
  for (const [browser, version] of Object.entries(oldest)) {
    const said = [support[browser] ?? []].flat()
    if (said.length && !said.some((s) => covers(s, version))) return `${browser} ${version}`
  }
  return ''
}

// covers: an entry with a prefix, another name or a flag is no support for code that uses the plain name.
function covers({ version_added, version_removed, prefix, alternative_name, flags }, version) {
  if (!version_added || version_added === 'preview' || prefix || alternative_name || flags) return false
  if (version_removed && version_removed !== true && Number.parseFloat(version_removed) <= version) return false
  return version_added === true || Number.parseFloat(String(version_added).replace('≤', '')) <= version
}

// featureOf is the data on an interface's member, or, without a member, on a global.
export function featureOf(owner, member, isStatic = false) {
  if (!member) return bcd.api[owner] ?? bcd.javascript.builtins[owner] ?? bcd.api.Window[owner]
  const members = bcd.api[owner] ?? bcd.javascript.builtins[owner] ?? {}
  return (isStatic && members[member + '_static']) || members[member]
}

// missing lists what the served browsers lack: ['structuredClone'] is a global, ['AbortSignal', 'timeout']
// a static member, ['URLSearchParams', 'prototype', 'size'] one of its instances. The data does not
// tell the two apart for the language's own built-ins, so both places are named for those.
export function missing() {
  return [
    ...missingIn(bcd.api, (member) => member.endsWith('_static') ? [[member.slice(0, -'_static'.length)]] : [['prototype', member]]),
    ...missingIn(bcd.javascript.builtins, (member) => [[member], ['prototype', member]]),
  ]
}

function missingIn(root, places) {
  return Object.entries(root).flatMap(([owner, data]) =>
    lacks(data) ? [[owner]] : missingMembers(data).flatMap((member) => places(member).map((place) => [owner, ...place])))
}

const missingMembers = (data) => Object.keys(data)
  .filter((name) => name !== '__compat' && !name.endsWith('_event') && lacks(data[name]))
