// The words for a message and for its answer, from its event and its exchange.

import { brief } from './words.js';

const last = path => path.includes('/encryptors/') ? path.slice(path.indexOf('encryptors/')) : path.split('/').at(-1);
export const bare = node => node.slice(node.indexOf('/') + 1);
export const isOK = event => event.status >= 200 && event.status < 300;
export const answered = event => (event.status || 'no answer') + (event.fault ? ` (${event.fault})` : '');
export const method = event => event.method ? `${event.method} ${last(event.path)}` : 'TLS handshake';

// sent returns the words of a message, and the group of similar ones.
export function sent(event, exchange) {
  const to = bare(event.to);
  switch (event.kind) {
    case 'encryptor': return [`${last(event.path)}${last(event.path) === 'enc_keys' ? ` for ${exchange?.slave.encryptor ?? 'another'}` : ', this ID'}`, ''];
    case 'share': return [`share ${event.share} to ${to}${event.again ? ' once more' : ''}`, event.again ? '' : 'post'];
    case 'fetch': return [`${to}, your share?`, 'get'];
    case 'registration': return [`registers at ${to} again`, ''];
    case 'psrd': return [`asks ${to} for PSRD`, ''];
    default: return [method(event), ''];
  }
}

// came returns the words of the answer, its group, and its tone: bad, soft (it will be repaired, or does not fit) or
// none.
export function came(event, exchange) {
  const to = bare(event.to);
  if (!isOK(event)) return [failure(event), event.kind === 'share' || event.kind === 'fetch' ? { share: 'ack', fetch: 'share' }[event.kind] : '', event.reason?.code === 403 || event.status === 403 ? 'soft' : 'bad'];
  const hub = exchange?.hubs.find(one => one.name === to);
  switch (event.kind) {
    case 'encryptor': return [last(event.path) === 'enc_keys' ? 'the key and its ID' : 'the key', '', ''];
    case 'share': return [`${to} has it`, event.again ? '' : 'ack', ''];
    case 'fetch': return [`share ${event.share}${hub?.fits === false ? ': does not fit' : ''}`, 'share', hub?.fits === false ? 'soft' : ''];
    case 'psrd': return ['PSRD comes by courier', '', ''];
    default: return [String(event.status), '', ''];
  }
}

function failure(event) {
  if (event.reason?.text) return `${event.status || 'no answer'}: ${event.reason.text}`;
  return `${answered(event)}${event.status === 503 ? `: ${bare(event.to)} is stopped` : ''}`;
}

// together returns the line for several similar ones. A hub that was asked again counts once.
export function together(group, rows) {
  const hubs = of => new Set(of.map(row => row.isAnswer ? row.from : row.to)).size, n = hubs(rows);
  const good = hubs(rows.filter(row => row.tone !== 'bad')), soft = hubs(rows.filter(row => row.tone === 'soft'));
  switch (group) {
    case 'post': return `${n} shares to ${n} hubs`;
    case 'ack': return `${hubs(rows.filter(row => !row.tone))} of ${n} hubs have it`;
    case 'get': return `asks ${n} hubs`;
    default: return `${good} share${good === 1 ? '' : 's'} come${good === 1 ? 's' : ''}${soft ? `, ${soft} ${soft > 1 ? 'do' : 'does'} not fit` : ''}`;
  }
}

export const about = (exchange, rows, failed) => `${exchange.master.encryptor} to ${exchange.slave.encryptor}, ` +
  `${exchange.master.key_id ? `key ${brief(exchange.master.key_id)}` : 'no key'}. ${rows} messages and answers${failed ? `, ${failed} failed` : ''}. Time runs down; dashed lines are answers. Choose one to open it.`;
