// An open message: what was sent, who verified it, and which bytes of PSRD it used. The drawer is not modal, and opens
// where it does not cover the list that it was opened from.

import { byID, h, whole } from './dom.js';
import { ask } from './api.js';
import { answered, bare, isOK } from './messages.js';
import { brief, number } from './words.js';

export class Drawer {
  constructor() {
    this.box = byID('drawer');
    this.box.addEventListener('keydown', event => this.key(event));
  }

  get isOpen() { return !this.box.hidden; }

  // show opens a message: its event, which side of it, and the sentence about it. Before and after, if given, are
  // called for the neighbouring messages, and closed when the drawer closes. Then the row gets the focus back.
  async show({ event, isAnswer, text, isViewer, before, after, closed, row }) {
    if (this.isOpen && this.closed !== closed) this.closed?.();
    Object.assign(this, { before, after, closed, row });
    this.number = event.number;
    const isShare = event.share && (event.kind === 'share' ? !isAnswer : event.kind === 'fetch' && isAnswer && isOK(event));
    const title = `${isShare ? `Share ${event.share}: ` : ''}${bare(isAnswer ? event.to : event.from)} → ${bare(isAnswer ? event.from : event.to)}`;
    this.place(row);
    this.box.replaceChildren(this.top(title), h('p', { class: 'quiet' }, 'Looking …'));
    this.box.hidden = false;
    this.box.focus({ preventScroll: true });
    const content = await opened(event, { isAnswer, text, isShare, isViewer });
    if (this.isOpen && this.number === event.number) this.box.replaceChildren(this.top(title), ...content);
  }

  // place puts the drawer at the side away from its row, or under it.
  place(row) {
    this.box.className = '';
    if (innerWidth < 1100) {
      const at = row?.getBoundingClientRect();
      if (at && (at.top < 80 || at.bottom > innerHeight * .36)) scrollBy({ top: at.top - innerHeight * .18 });
      return;
    }
    const at = row?.closest('.card')?.getBoundingClientRect();
    if (at && at.left + at.width / 2 > innerWidth * .56) this.box.className = 'left';
  }

  top(title) {
    const beside = (go, label, sign) => h('button', { type: 'button', class: 'small', disabled: !go, 'aria-label': label, onclick: () => go() }, sign);
    return h('div', { class: 'row top' }, h('h2', { id: 'drawer-title' }, title), ...(this.before || this.after ? [beside(this.before, 'Previous message', '▲'), beside(this.after, 'Next message', '▼')] : []),
      h('button', { type: 'button', class: 'small', 'aria-label': 'Close', onclick: () => this.close() }, '✕'));
  }

  key(event) {
    const act = { Escape: () => this.close(), ArrowDown: this.after, ArrowUp: this.before }[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  }

  close() {
    if (!this.isOpen) return;
    this.box.hidden = true;
    this.closed?.();
    this.row?.focus({ preventScroll: true });
  }
}

// opened returns what the network still has of a message.
async function opened(event, shown) {
  try {
    const message = await ask('GET', `/sim/v1/messages/${event.number}`);
    return parts(event, message, shown);
  } catch (error) {
    return [sentence(event, shown), verdict(event, event, shown.isAnswer), h('p', { class: 'quiet' }, error.message)];
  }
}

function parts(event, message, shown) {
  const isRefused = Boolean(message.reason) && !isOK(event), uses = (message.uses ?? []).filter(use => use.answer === shown.isAnswer || isRefused);
  return [
    isRefused ? h('div', { class: 'why' }, h('strong', {}, ...whole(message.reason.text)), helps(message.reason)) : sentence(event, shown),
    verdict(event, message, shown.isAnswer),
    section(isRefused ? 'What came' : 'What was sent', ...sentParts(event, message, shown.isAnswer && !isRefused)),
    message.caller && section('Who called', caller(message.caller)),
    isRefused && section('What went back', ...answerParts(message)),
    uses.length > 0 && section('PSRD that it used', ...uses.flatMap(used)),
    shown.isShare && !shown.isViewer && section('The share itself', reveal(event)),
  ].filter(Boolean);
}

const section = (title, ...children) => h('section', {}, h('h3', {}, title), ...children);

export const helps = reason => reason.helps?.length ? h('div', {}, h('strong', {}, 'What helps'), h('ol', {}, ...reason.helps.map(text => h('li', {}, ...whole(text))))) : null;

function sentence(event, { isShare, isAnswer, text }) {
  if (!isShare) return h('p', {}, `${text ?? answered(event)}.`);
  if (event.fits === false) return h('p', {}, `${bare(event.to)} hands out a share that does not fit the others. The signature is right, so it was ${bare(event.to)} itself that changed it.`);
  return h('p', {}, `Sealed with a one-time pad. Who reads it on the way learns nothing: every share is equally likely.`);
}

function verdict(event, { verified }, isAnswer) {
  const failed = isAnswer && !isOK(event), unsigned = verified === undefined || verified === null;
  const words = failed ? `✗ ${answered(event)}` : unsigned ? '' : verified ? isAnswer ? '✓ 200, signature verified' : '✓ signature verified by the receiver' : '✗ the signature is wrong: refused by the receiver';
  return h('p', { class: 'verdict' }, words ? h('strong', { class: failed || verified === false ? 'fail' : 'good' }, words) : `${isAnswer ? answered(event) : 'not signed'}`,
    h('span', { class: 'quiet' }, ` · ${(event.duration / 1e6).toFixed(2)} ms till the answer`));
}

function sentParts(event, message, isAnswer) {
  if (isAnswer) return answerParts(message);
  return [h('pre', {}, message.url ? `${event.method} ${message.url}` : message.handshake ?? 'TLS handshake'), ...content(message.request_headers, message.request_body)];
}

const answerParts = message => [h('pre', {}, message.status ? `${message.status} ${message.status_text ?? ''}` : message.alert ?? 'nothing: the connection ended'), ...content(message.response_headers, message.response_body)];

function content(headers, body) {
  return [headers?.length && h('pre', {}, headers.join('\n')), body && h('pre', {}, indented(body))].filter(Boolean);
}

function indented(body) {
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return body;
  }
}

function caller({ address, taken_as: takenAs, certificate }) {
  const item = (name, text) => text ? [h('dt', {}, name), h('dd', {}, text)] : [];
  return h('dl', {}, ...item('from', address), ...item('certificate', certificate && `${certificate.subject}, issued by ${certificate.issuer}, valid until ${certificate.not_after?.slice(0, 10)}`), ...item('taken as', takenAs));
}

// used draws a bar of a block: the bytes used before, and those of this message.
function used({ end, purpose, block, from, to, size, left }) {
  const percent = bytes => `${Math.min(100, 100 * bytes / size)}%`, before = h('i', { class: 'used' }), own = h('i', { class: purpose === 'pad' ? 'pad' : 'key' });
  before.style.width = percent(from);
  own.style.left = percent(from);
  own.style.width = `max(3px, ${percent(to - from)})`;
  return [h('p', { class: 'quiet' }, `${purpose === 'pad' ? 'Pad' : 'Signing key'}: block ${brief(block)} of ${end}`),
    h('div', { class: 'block', role: 'img', 'aria-label': `Bytes ${number(from)} to ${number(to - 1)} of ${number(size)} are this ${purpose}` }, before, own),
    h('dl', {}, h('dt', {}, 'bytes'), h('dd', {}, `${number(from)}–${number(to - 1)}, destroyed at both ends`), ...(left === undefined ? [] : [h('dt', {}, 'left'), h('dd', {}, `${number(left)} bytes`)]))];
}

function reveal(event) {
  const place = h('p', { class: 'quiet' }, 'Secret. Whoever sees this screen would see it too. ');
  const button = h('button', { type: 'button', class: 'small', onclick: async () => {
    try {
      const { share } = await ask('POST', `/sim/v1/messages/${event.number}/reveal`);
      button.replaceWith(h('code', {}, share));
      byID('drawer').focus({ preventScroll: true }); // the button had it
    } catch (error) {
      button.replaceWith(h('span', { class: 'fail' }, error.message));
    }
  } }, `Reveal share ${event.share}`);
  return h('div', {}, place, button);
}
