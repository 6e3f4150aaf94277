// The messages between the nodes, newest first.

import { byID, h, number } from './dom.js';

const kept = 1000, most = 100; // messages, rows

let all = [], unseen = 0;

export function prepare() {
  for (const id of ['log-filter', 'log-failed', 'log-paused']) byID(id).oninput = draw;
  draw();
}

export function add({ events, more }) {
  if (byID('log-paused').checked) return;
  all = [...[...events].reverse(), ...all].slice(0, kept);
  unseen += more;
  draw();
}

function draw() {
  if (byID('log-paused').checked && document.activeElement !== byID('log-filter') && byID('log').children.length) return;
  const words = byID('log-filter').value.toLowerCase().split(/\s+/).filter(Boolean), failedOnly = byID('log-failed').checked;
  const found = all.filter(e => (!failedOnly || e.status !== 200) && words.every(word => text(e).includes(word)));
  byID('log').replaceChildren(...found.slice(0, most).map(row));
  byID('log-more').textContent = [all.length ? '' : 'Nothing has been sent since the page was opened.',
    found.length > most ? `${most} of ${number(found.length)} are shown.` : '',
    unseen ? `${number(unseen)} more messages were only counted.` : ''].filter(Boolean).join(' ');
}

const answer = e => (e.status || 'no answer') + (e.fault ? ` (${e.fault})` : '');

const text = e => `${e.from} ${e.to} ${e.method} ${e.path} ${answer(e)}`.toLowerCase();

function row(e) {
  const failed = e.status === 200 ? '' : 'bad';
  return h('tr', {}, h('td', {}, clock(e.start)), h('td', {}, e.from), h('td', {}, e.to),
    h('td', { title: e.path }, `${e.method} ${e.path.split('/').at(-1)}`), h('td', { class: failed }, answer(e)), h('td', { class: 'num' }, (e.duration / 1e6).toFixed(2)));
}

const clock = start => new Date(start).toTimeString().slice(0, 8) + '.' + String(new Date(start).getMilliseconds()).padStart(3, '0');
