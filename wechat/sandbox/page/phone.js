// The phone's and the panel's buttons. What changes by itself is read again every two seconds
// and put into its place, so that nothing typed, scrolled or framed is lost.
const find = (selector) => document.querySelector(selector);
const note = find('#note'), now = find('#now');
const shown = Number(document.body.dataset.now), opened = Date.now();
const businessNow = () => shown + Date.now() - opened;
const framed = top !== self; // by a browser of the phone, where nothing is stored
if (framed) document.documentElement.classList.add('framed');

async function call(method, path, body) {
  const res = await fetch(path, { method, body: typeof body === 'string' ? body : JSON.stringify(body) });
  const out = await res.json();
  if (!res.ok) throw new Error(out.message || out.code);
  return out;
}

let fading;
function say(text, bad) {
  note.textContent = text;
  note.className = bad ? 'bad' : 'good';
  clearTimeout(fading);
  fading = setTimeout(() => { note.className = ''; }, 4000);
}

// go leaves for another page, which says what was done.
function go(where, text) {
  if (text && !framed) sessionStorage.setItem('said', text);
  if (where) location.assign(where);
  else location.reload();
}

async function refresh() {
  const page = new DOMParser().parseFromString(await (await fetch(location.href)).text(), 'text/html');
  for (const part of document.querySelectorAll('[data-live]')) {
    const fresh = page.getElementById(part.id);
    if (fresh && fresh.innerHTML !== part.innerHTML) part.replaceChildren(...fresh.childNodes);
  }
  const set = page.getElementById('faults').value;
  if (document.activeElement !== faults && faults.value === asRead) faults.value = set;
  asRead = set;
  mark();
}

// What the shop said to an event of the account.
const taken = (out) => {
  const last = out.deliveries?.at(-1);
  return !last || (last.status === 200 && (last.body === 'success' || !last.body)) ? '' : `，但商店没有接受（${last.status || last.error}）`;
};

const acts = {
  '#pay': (b) => call('POST', '/sandbox/pay', b.dataset.pay).then(() => go()),
  '#scan': (b) => call('POST', '/sandbox/scan', { url: b.dataset.url }).then((out) => go('/phone?tab=messages', '已扫码' + taken(out))),
  '#fail': () => { find('#ask').hidden = true; find('#failed').hidden = false; },
  '#again': () => { find('#ask').hidden = false; find('#failed').hidden = true; },
  '[data-leap]': (b) => call('PUT', '/sandbox/clock', { now: new Date(businessNow() + b.dataset.leap * 1000).toISOString() }).then(() => go()),
  '#today': () => call('PUT', '/sandbox/clock', { now: new Date().toISOString() }).then(() => go()),
  '[data-fault]': (b) => call('PUT', '/sandbox/faults', toggled(b)).then(refresh),
  '#heal': () => call('PUT', '/sandbox/faults', '{}').then(refresh),
  '#apply': () => call('PUT', '/sandbox/faults', faults.value).then((set) => { asRead = faults.value = JSON.stringify(set, null, 2); mark(); say('已应用'); }),
  '[data-press]': (b) => call(b.dataset.method || 'POST', b.dataset.press, b.dataset.body || '{}').then(async (out) => { await refresh(); say(b.dataset.done + taken(out), taken(out)); }),
  '[data-owner]': (b) => call('PUT', '/sandbox/owner', { openid: b.dataset.owner }).then(() => go()),
  '[data-resend]': (b) => call('POST', '/sandbox/callbacks/' + encodeURIComponent(b.dataset.resend), {}).then(async (out) => { await refresh(); say('已重发，商店应答 ' + (out.deliveries.at(-1)?.status ?? '无')); }),
  '[data-refund]': (b) => call('POST', '/sandbox/refunds/' + encodeURIComponent(b.dataset.refund), { status: b.dataset.status }).then(refresh),
};
document.addEventListener('click', async (event) => {
  const button = event.target.closest('button');
  const act = button && Object.entries(acts).find(([selector]) => button.matches(selector))?.[1];
  if (!act) return;
  event.preventDefault();
  button.disabled = true;
  try {
    await act(button);
  } catch (e) {
    say(e.message, true);
  } finally {
    button.disabled = false;
  }
});

// Faults add up: a button adds its own to those in force, or takes them out again. How often one
// still happens does not make it another.
const faults = find('#faults');
let asRead = faults.value;
const sorted = (rule) => JSON.stringify(Object.entries({ ...rule, times: 0 }).sort());
const same = (a, b) => sorted(a) === sorted(b);
const within = (rules, of) => (rules ?? []).every((rule) => (of ?? []).some((known) => same(rule, known)));
function active(set, now) {
  return within(set.api, now.api) && within(set.callback, now.callback)
    && (!set.refund || now.refund?.settle === set.refund.settle) && (!set.clock_skew_s || now.clock_skew_s === set.clock_skew_s)
    && (!set.close_after_s || now.close_after_s === set.close_after_s);
}
function toggled(button) {
  const set = JSON.parse(button.dataset.fault), now = JSON.parse(asRead), on = !active(set, now);
  for (const list of ['api', 'callback']) {
    const others = (now[list] ?? []).filter((rule) => !(set[list] ?? []).some((mine) => same(mine, rule)));
    now[list] = on ? [...(set[list] ?? []), ...others] : others;
  }
  for (const one of ['refund', 'clock_skew_s', 'close_after_s']) {
    if (!(one in set)) continue;
    if (on) now[one] = set[one];
    else delete now[one];
  }
  return now;
}
function mark() {
  const now = JSON.parse(asRead);
  find('#faulty').hidden = !Object.keys(now).length;
  for (const button of document.querySelectorAll('[data-fault]')) button.setAttribute('aria-pressed', active(JSON.parse(button.dataset.fault), now));
  const newest = find('#newest').textContent;
  if (location.search.includes('tab=messages')) localStorage.setItem('phone.seen', newest);
  const dot = find('#tab-messages .dot');
  if (dot) dot.hidden = newest === '0' || newest === localStorage.getItem('phone.seen');
}

// The shop's tab comes back to where its browser was.
const frame = find('#shop');
if (frame) {
  const slot = 'phone.at.' + frame.dataset.browser, here = new URL(frame.dataset.src);
  const at = new URLSearchParams(location.search).has('to') ? '' : sessionStorage.getItem(slot);
  frame.src = at ? here.origin + at : here.href;
  addEventListener('message', (e) => {
    if (e.source === frame.contentWindow && e.origin === here.origin) sessionStorage.setItem(slot, e.data.at);
  });
}

if (!framed) {
  const said = sessionStorage.getItem('said');
  sessionStorage.removeItem('said');
  if (said) say(said, said.includes('没有接受'));
  mark();
  setInterval(() => { now.textContent = new Date(businessNow() + 8 * 3600e3).toISOString().slice(0, 19).replace('T', ' '); }, 500);
  setInterval(() => { if (!document.hidden) refresh().catch(() => {}); }, 2000);
}
