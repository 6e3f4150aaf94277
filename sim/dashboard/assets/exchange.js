// Establishing a key: the form, and what came of it.

import { byID, h } from './dom.js';
import { ask } from './api.js';

// prepare fills the form. Done is called with each exchange.
export function prepare(network, done) {
  const encryptors = network.clients.flatMap(c => c.encryptors);
  for (const [id, chosen] of [['master', 0], ['slave', 1]]) {
    byID(id).replaceChildren(...encryptors.map((name, i) => h('option', { value: name, selected: i === chosen }, name)));
  }
  byID('exchange').onsubmit = event => {
    event.preventDefault();
    run(done);
  };
}

async function run(done) {
  const button = byID('exchange').querySelector('button'), result = byID('result');
  button.disabled = true;
  result.replaceChildren(h('p', { class: 'quiet' }, 'The shares are travelling …'));
  try {
    const exchange = await ask('POST', '/sim/v1/exchanges', { master: byID('master').value, slave: byID('slave').value });
    result.replaceChildren(...(exchange.match ? success(exchange) : failure(exchange)));
    await done(exchange);
  } catch (error) {
    result.replaceChildren(h('p', { class: 'bad' }, error.message));
  } finally {
    button.disabled = false;
  }
}

function success(exchange) {
  const button = h('button', { type: 'button', class: 'small', onclick: () => reveal(exchange, button) }, 'Reveal the key');
  return [h('p', { class: 'good verdict' }, '✓ Both have the same key'), ends(exchange), button];
}

function ends({ master, slave }) {
  return h('dl', { class: 'ends' }, ...[['Master', master], ['Slave', slave]].flatMap(([role, end]) => [
    h('dt', { class: 'role' }, role), h('dd', { class: 'role' }, `${end.encryptor} at ${end.client}`),
    h('dt', {}, 'key ID'), h('dd', { class: 'mono' }, end.key_id),
    h('dt', {}, 'fingerprint'), h('dd', { class: 'mono' }, end.fingerprint),
  ]));
}

// reveal shows the values, which nothing else on the page has.
async function reveal(exchange, button) {
  try {
    const values = await ask('POST', `/sim/v1/exchanges/${exchange.id}/values`);
    const hide = h('button', { type: 'button', class: 'small', onclick: () => { shown.replaceWith(button); button.focus(); } }, 'Hide');
    const shown = h('div', {}, h('dl', { class: 'ends' },
      h('dt', {}, 'master'), h('dd', { class: 'mono' }, values.master), h('dt', {}, 'slave'), h('dd', { class: 'mono' }, values.slave)), hide);
    button.replaceWith(shown);
    hide.focus();
  } catch (error) {
    button.replaceWith(h('p', { class: 'bad' }, error.message));
  }
}

function failure({ error, causes = [] }) {
  return [h('p', { class: 'bad verdict' }, '✗ No key'), h('p', {}, error),
    h('ul', {}, ...causes.map(cause => h('li', {}, cause)))];
}
