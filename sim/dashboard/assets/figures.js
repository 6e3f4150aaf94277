// How many keys there are, and how long encryptors wait for them.

import { byID, h, number } from './dom.js';

const rate = n => n < 10 ? n.toFixed(1) : number(Math.round(n));

export function update(state) {
  byID('rates').replaceChildren(...[
    ['made per second', rate(state.made_rate)], ['delivered per second', rate(state.delivered_rate)],
    ['made', number(state.keys_made)], ['delivered', number(state.keys_delivered)],
  ].map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, value))));
  byID('latencies').replaceChildren(...[['enc_keys: make', state.making], ['dec_keys: fetch', state.fetching]].map(([name, p]) =>
    h('tr', {}, h('th', { scope: 'row' }, name), ...[p.p50, p.p95, p.p99].map(ms => h('td', { class: 'num' }, p.count ? ms.toFixed(2) : '–')))));
}
