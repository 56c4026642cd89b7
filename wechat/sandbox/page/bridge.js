// What WeChat's browser, or a phone's, is to a page: its user agent, and inside WeChat the
// bridge with the sheet to pay on. The sandbox puts this before everything else on a page.
(() => {
  const known = 'KNOWN'; // {agent, openid: of the WeChat that is open, phone: the sandbox's address}
  Object.defineProperty(navigator, 'userAgent', { get: () => known.agent });

  // The phone remembers where its browser was.
  if (parent !== window) {
    const tell = () => parent.postMessage({ at: location.pathname + location.search }, '*');
    addEventListener('load', tell);
    for (const name of ['pushState', 'replaceState']) {
      const real = history[name];
      history[name] = function (...args) { real.apply(this, args); tell(); };
    }
    addEventListener('popstate', tell);
  }
  if (!known.openid) return;

  const post = async (path, body) => {
    const res = await fetch(path, { method: 'POST', body: JSON.stringify(body) });
    const out = await res.json();
    if (!res.ok) throw new Error(out.message || out.code);
    return out;
  };

  // part makes an element. Styles go through the DOM, which no content security policy forbids.
  const part = (name, style, text = '', within = null) => {
    const e = document.createElement(name);
    Object.assign(e.style, style);
    e.textContent = text;
    within?.append(e);
    return e;
  };
  const press = { font: 'inherit', border: '0', borderRadius: '9px', cursor: 'pointer', display: 'block', width: '100%', padding: '13px', marginTop: '10px' };

  // sheet shows a payment and resolves to how its sheet was left: ok, cancel or fail.
  const sheet = (params) => new Promise((leave) => {
    const back = part('div', { position: 'fixed', inset: '0', zIndex: '99999', background: 'rgb(0 0 0 / 55%)', display: 'flex', alignItems: 'flex-end',
      font: '15px/1.5 -apple-system,"PingFang SC","Noto Sans CJK SC","Microsoft YaHei",sans-serif', color: '#191919' });
    back.id = 'weixin-sheet';
    const card = part('div', { boxSizing: 'border-box', width: '100%', maxWidth: '480px', margin: '0 auto', padding: '20px 20px 26px', borderRadius: '14px 14px 0 0', background: '#f7f7f7', textAlign: 'center' }, '', back);
    const done = (how) => { back.remove(); leave(how); };
    const button = (id, text, style, act) => {
      const b = part('button', { ...press, ...style }, text, card);
      b.id = id;
      b.addEventListener('click', act);
      return b;
    };
    const title = part('div', { color: '#555' }, '微信支付', card);
    const sum = part('div', { fontSize: '40px', fontWeight: '600', margin: '4px 0 2px' }, '…', card);
    const what = part('div', { color: '#888', fontSize: '14px', overflowWrap: 'anywhere', marginBottom: '12px' }, '', card);
    const pay = button('weixin-pay', '立即支付', { background: '#07c160', color: '#fff', fontSize: '17px' }, async () => {
      pay.disabled = true;
      try {
        await post('/weixin/pay', { jsapi: params, openid: known.openid });
      } catch (e) {
        return refused(e);
      }
      sum.textContent = '支付成功';
      sum.style.color = '#07c160';
      what.textContent = '';
      pay.remove(); cancel.remove(); fail.remove();
      button('weixin-done', '完成', { background: '#07c160', color: '#fff', fontSize: '17px' }, () => done('ok'));
    });
    let given = 'cancel';
    const cancel = button('weixin-cancel', '取消', { background: '#fff' }, () => done(given));
    const fail = button('weixin-fail', '支付失败（沙箱）', { background: 'none', color: '#888', fontSize: '13px', padding: '6px' }, () => done('fail'));
    const refused = (e) => {
      sum.textContent = '无法支付';
      what.textContent = e.message;
      pay.remove(); fail.remove();
      cancel.textContent = '知道了';
      given = 'fail';
    };
    pay.disabled = true;
    document.body.append(back);
    post('/weixin/look', { jsapi: params, openid: known.openid }).then((t) => {
      title.textContent = t.merchant;
      sum.textContent = '¥' + (t.total_fen / 100).toFixed(2);
      what.textContent = t.description;
      pay.disabled = false;
    }).catch(refused);
  });

  // The bridge comes after the page, as WeChat's does.
  const begin = () => setTimeout(() => {
    window.WeixinJSBridge = {
      invoke(name, params, answer) {
        if (name !== 'getBrandWCPayRequest') return answer({ err_msg: name + ':fail' });
        sheet(params).then((how) => answer({ err_msg: 'get_brand_wcpay_request:' + how }));
      },
    };
    document.dispatchEvent(new Event('WeixinJSBridgeReady'));
  }, 200);
  if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', begin);
  else begin();
})();
