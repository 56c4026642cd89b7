// Announces an activity to every learner and waits until it is sent. Node 20, no packages.
// SHOP is the shop's address, KEY an API key with the scope hub:broadcast.
const { SHOP, KEY } = process.env

// ask answers the decoded body. A refusal throws with its stable code.
async function ask(method, path, body, headers = {}) {
  const answer = await fetch(SHOP + path, {
    method,
    headers: { Authorization: `Bearer ${KEY}`, 'Content-Type': 'application/json', ...headers },
    body: body && JSON.stringify(body),
    signal: AbortSignal.timeout(15_000),
  })
  const said = await answer.json()
  if (!answer.ok) throw new Error(`${said.code}: ${said.detail}`)
  return said
}

let broadcast = await ask('POST', '/api/hub/broadcasts', {
  title: '新课上线',
  body: '首月免费，随时可以开始。',
  link: '/?sort=new',
  audience: { kind: 'all' },
  channels: ['live', 'inbox'],
}, { 'Idempotency-Key': 'new-courses-2026-06-01' })

while (['scheduled', 'sending'].includes(broadcast.state)) {
  await new Promise((done) => setTimeout(done, 500))
  broadcast = await ask('GET', `/api/hub/broadcasts/${broadcast.id}`)
}
console.log(broadcast.state, broadcast.counts)
