// Another implementation of WeChat Pay, npm's wechatpay-axios-plugin, on either side of ours:
//
//	node peer.mjs merchant SETTINGS   a shop of theirs at our sandbox; ends with an error at the first surprise
//	node peer.mjs wechat SETTINGS     a WeChat of theirs for our client; prints its address and serves
//
// SETTINGS is JSON: base_url, mchid, appid, serial, private_key_file, apiv3_key, public_key_id,
// public_key_file and, for wechat, platform_key_file.
import assert from 'node:assert/strict';
import { createPublicKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import wechatpay from 'wechatpay-axios-plugin';

const { Wechatpay, Formatter, Rsa, Aes } = wechatpay;
const { AesGcm } = Aes;

const [role, raw] = process.argv.slice(2);
const settings = JSON.parse(raw);
const merchantKey = Rsa.from(readFileSync(settings.private_key_file), Rsa.KEY_TYPE_PRIVATE);

function listen(handler) {
  return new Promise((resolve) => {
    const server = createServer((req, res) => {
      const chunks = [];
      req.on('data', (c) => chunks.push(c));
      req.on('end', () => handler(req, res, Buffer.concat(chunks).toString('utf8')));
    });
    server.listen(0, '127.0.0.1', () => resolve({ server, url: `http://127.0.0.1:${server.address().port}` }));
  });
}

async function control(path, body) {
  const res = await fetch(settings.base_url + path, { method: 'POST', body: JSON.stringify(body) });
  assert.equal(res.status, 200, `${path}: ${await res.clone().text()}`);
  return res.json();
}

// open verifies a callback of the sandbox and decrypts it.
function open(req, body, keys) {
  const h = req.headers;
  const serial = h['wechatpay-serial'];
  assert.ok(keys[serial], `a callback signed with ${serial}, which nobody knows`);
  const message = Formatter.response(h['wechatpay-timestamp'], h['wechatpay-nonce'], body);
  assert.ok(Rsa.verify(message, h['wechatpay-signature'], keys[serial]), 'a callback whose signature does not verify');
  assert.ok(!Rsa.verify(message + ' ', h['wechatpay-signature'], keys[serial]), 'a signature of anything');
  const { event_type: type, resource } = JSON.parse(body);
  const plain = AesGcm.decrypt(resource.ciphertext, settings.apiv3_key, resource.nonce, resource.associated_data);
  return { type, ...JSON.parse(plain) };
}

// platformKeys fetches the certificates as their library does: the first answer is trusted because it decrypts.
async function platformKeys() {
  const uri = '/v3/certificates';
  const [timestamp, nonce] = [String(Formatter.timestamp()), Formatter.nonce()];
  const signature = Rsa.sign(Formatter.request('GET', uri, timestamp, nonce), merchantKey);
  const res = await fetch(settings.base_url + uri, { headers: {
    Accept: 'application/json', Authorization: Formatter.authorization(settings.mchid, nonce, signature, timestamp, settings.serial),
  } });
  assert.equal(res.status, 200);
  const keys = {};
  for (const { serial_no: serial, encrypt_certificate: e } of (await res.json()).data) {
    keys[serial] = Rsa.from(AesGcm.decrypt(e.ciphertext, settings.apiv3_key, e.nonce, e.associated_data), Rsa.KEY_TYPE_PUBLIC);
  }
  return keys;
}

async function merchant() {
  const certificates = await platformKeys();
  const publicKey = { [settings.public_key_id]: Rsa.from(readFileSync(settings.public_key_file), Rsa.KEY_TYPE_PUBLIC) };
  for (const [mode, keys] of Object.entries({ 'public key': publicKey, 'platform certificates': certificates })) {
    const heard = [];
    let wake;
    const { server, url } = await listen((req, res, body) => {
      try {
        heard.push(open(req, body, keys));
      } catch (err) {
        heard.push({ type: String(err) });
      }
      res.writeHead(204).end();
      wake?.();
    });
    const await_ = async (n) => { while (heard.length < n) await new Promise((r) => { wake = r; }); return heard[n - 1]; };
    await story(mode, keys, url, await_);
    server.closeAllConnections();
    server.close();
    console.log(`${mode}: ordered, queried, paid, told, refunded, told, closed`);
  }
}

// story is a shop's day with one key mode.
async function story(mode, keys, notify, heard) {
  const serial = Object.keys(keys).at(-1);
  const client = new Wechatpay({ mchid: settings.mchid, serial: settings.serial, privateKey: merchantKey, certs: keys, baseURL: settings.base_url, headers: { 'Wechatpay-Serial': serial } });
  const trade = (no) => ({ appid: settings.appid, mchid: settings.mchid, description: '从零学会摄影', out_trade_no: no, notify_url: `${notify}/paid`, amount: { total: 19900, currency: 'CNY' } });
  const run = `${mode === 'public key' ? 'PEERA' : 'PEERB'}${Formatter.nonce(10)}`;

  const ordered = await client.chain('v3/pay/transactions/native').post(trade(`${run}1`));
  assert.match(ordered.data.code_url, /^weixin:\/\//);
  const open_ = await client.chain(`v3/pay/transactions/out-trade-no/${run}1`).get({ params: { mchid: settings.mchid } });
  assert.equal(open_.data.trade_state, 'NOTPAY');
  await control('/sandbox/pay', { code_url: ordered.data.code_url });
  const paid = await heard(1);
  assert.deepEqual([paid.type, paid.out_trade_no, paid.trade_state, paid.amount?.total], ['TRANSACTION.SUCCESS', `${run}1`, 'SUCCESS', 19900]);

  const refund = await client.chain('v3/refund/domestic/refunds').post({ out_trade_no: `${run}1`, out_refund_no: `${run}R`, notify_url: `${notify}/refunded`, reason: '不合适', amount: { refund: 19900, total: 19900, currency: 'CNY' } });
  assert.equal(refund.data.status, 'PROCESSING');
  await control(`/sandbox/refunds/${run}R`, { status: 'SUCCESS' });
  const back = await heard(2);
  assert.deepEqual([back.type, back.out_refund_no, back.refund_status], ['REFUND.SUCCESS', `${run}R`, 'SUCCESS']);

  await client.chain('v3/pay/transactions/native').post(trade(`${run}2`));
  const closed = await client.chain(`v3/pay/transactions/out-trade-no/${run}2/close`).post({ mchid: settings.mchid });
  assert.equal(closed.status, 204);
}

// weChat answers our client and calls our callback address back.
async function weChat() {
  const merchantPublic = createPublicKey(merchantKey);
  const platformKey = Rsa.from(readFileSync(settings.platform_key_file), Rsa.KEY_TYPE_PRIVATE);
  const signed = (body) => {
    const [timestamp, nonce] = [String(Formatter.timestamp()), Formatter.nonce()];
    return { 'Wechatpay-Timestamp': timestamp, 'Wechatpay-Nonce': nonce, 'Wechatpay-Serial': settings.public_key_id,
      'Wechatpay-Signature': Rsa.sign(Formatter.response(timestamp, nonce, body), platformKey), 'Content-Type': 'application/json' };
  };
  const { url } = await listen(async (req, res, body) => {
    if (req.url === '/callback') { // steered by the test: {url, content, spoil?}
      const { url: to, content, spoil } = JSON.parse(body);
      const nonce = Formatter.nonce(12);
      const letter = JSON.stringify({ id: `EV-${nonce}`, create_time: new Date().toISOString(), resource_type: 'encrypt-resource', event_type: 'TRANSACTION.SUCCESS', summary: '支付成功',
        resource: { original_type: 'transaction', algorithm: 'AEAD_AES_256_GCM', associated_data: 'transaction', nonce, ciphertext: AesGcm.encrypt(JSON.stringify(content), settings.apiv3_key, nonce, 'transaction') } });
      const answer = await fetch(to, { method: 'POST', headers: signed(letter), body: spoil ? letter.replace('支付', '付支') : letter });
      res.end(JSON.stringify({ status: answer.status }));
      return;
    }
    if (req.url === '/verify') { // steered by the test: {message, signature} of the merchant
      const { message, signature } = JSON.parse(body);
      res.end(JSON.stringify({ verified: Rsa.verify(message, signature, merchantPublic) }));
      return;
    }
    const pairs = Object.fromEntries([...req.headers.authorization.matchAll(/([a-z_]+)="([^"]*)"/g)].map((m) => [m[1], m[2]]));
    const message = Formatter.request(req.method, req.url, pairs.timestamp, pairs.nonce_str, body);
    const genuine = req.headers.authorization.startsWith('WECHATPAY2-SHA256-RSA2048 ') && pairs.mchid === settings.mchid
      && pairs.serial_no === settings.serial && Rsa.verify(message, pairs.signature, merchantPublic);
    if (!genuine) {
      res.writeHead(401, { 'Content-Type': 'application/json' }).end('{"code":"SIGN_ERROR","message":"签名错误"}');
      return;
    }
    const out = JSON.stringify(req.url.endsWith('/jsapi') ? { prepay_id: 'wx201410272009395522657a690389285100' } : { code_url: `weixin://wxpay/bizpayurl/up?pr=${JSON.parse(body).out_trade_no}` });
    res.writeHead(200, signed(out)).end(out);
  });
  console.log(url);
}

await { merchant, wechat: weChat }[role]();
