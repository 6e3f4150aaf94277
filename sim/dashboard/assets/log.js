// All messages between the nodes, in the order in which they were sent. Those that one request of an encryptor caused
// are indented beneath it.

import { arrange, byID, h, write } from './dom.js';
import { answered, bare, isOK, method } from './messages.js';
import { roving } from './roving.js';
import { clock, number } from './words.js';

const kept = 1000, most = 100; // messages, rows

const heads = [['sent', event => event.start], ['from → to', event => `${event.from} ${event.to}`], ['message', event => method(event)], ['answer', event => answered(event)], ['ms', event => event.duration]];

export class Log {
  // open is called with an event and its row.
  constructor(open) {
    Object.assign(this, { open, all: [], unseen: 0, by: 0, isDown: true, made: new Map() });
    this.rove = roving(byID('log'), 'button.cell', 'ArrowUp', 'ArrowDown');
    for (const id of ['log-filter', 'log-failed']) byID(id).oninput = () => this.draw();
    byID('log-pause').onclick = () => this.pause();
    byID('log-heads').replaceChildren(...heads.map(([name], i) => h('th', { scope: 'col' }, h('button', { type: 'button', class: 'sort', onclick: () => this.sort(i) }, name))));
    this.draw();
  }

  clear() {
    Object.assign(this, { all: [], unseen: 0, made: new Map() });
    this.draw();
  }

  pause() {
    this.isPaused = !this.isPaused;
    byID('log-pause').textContent = this.isPaused ? 'Resume' : 'Pause';
    byID('log-pause').setAttribute('aria-pressed', String(this.isPaused));
  }

  sort(i) {
    this.isDown = this.by === i ? !this.isDown : i === 0;
    this.by = i;
    this.draw();
  }

  add({ events, more }) {
    if (this.isPaused) return;
    this.all = [...events, ...this.all].slice(0, kept);
    this.unseen += more;
    this.draw();
  }

  draw() {
    const words = byID('log-filter').value.toLowerCase().split(/\s+/).filter(Boolean), isFailedOnly = byID('log-failed').checked, before = this.made;
    const found = this.all.filter(event => (!isFailedOnly || !isOK(event)) && words.every(word => text(event).includes(word)));
    this.made = new Map(this.ordered(found).slice(0, most).map(([event, isCaused]) => {
      const row = before.get(event) ?? this.row(event);
      row.classList.toggle('caused', isCaused);
      return [event, row];
    }));
    arrange(byID('log'), [...this.made.values()]);
    [...byID('log-heads').children].forEach((head, i) => head.setAttribute('aria-sort', i !== this.by ? 'none' : this.isDown ? 'descending' : 'ascending'));
    write(byID('log-more'), [this.all.length ? '' : 'Nothing has been sent since the page was opened.', found.length > most ? `${most} of ${number(found.length)} are shown.` : '',
      this.unseen ? `${number(this.unseen)} more messages were only counted.` : ''].filter(Boolean).join(' '));
    this.rove();
  }

  // ordered sorts the events; by time, a message comes right after its cause.
  ordered(events) {
    const value = heads[this.by][1], sign = this.isDown ? -1 : 1, compare = (a, b) => value(a) < value(b) ? -sign : value(a) > value(b) ? sign : 0;
    if (this.by !== 0) return events.toSorted(compare).map(event => [event, false]);
    const causes = causesOf(events), caused = new Map(events.map(event => [event, []])), roots = [];
    for (const event of events) (caused.get(causes(event)) ?? roots).push(event);
    return roots.sort(compare).flatMap(event => [[event, false], ...caused.get(event).sort((a, b) => a.start < b.start ? -1 : 1).map(other => [other, true])]);
  }

  row(event) {
    const name = h('button', { type: 'button', class: 'cell', 'aria-haspopup': 'dialog' }, clock(event.start, true));
    return h('tr', { class: 'pickable', onclick: () => { name.focus({ preventScroll: true }); this.open(event, name); } },
      h('td', { class: 'mono' }, name), h('td', {}, `${bare(event.from) || 'unknown'} → ${bare(event.to)}`), h('td', { title: event.path }, method(event)),
      h('td', {}, isOK(event) ? answered(event) : h('strong', { class: 'fail' }, answered(event))), h('td', { class: 'num' }, (event.duration / 1e6).toFixed(2)));
  }
}

// causesOf returns a function from a message about a key to the request of an encryptor that caused it. Either may be
// reported long before the other.
function causesOf(events) {
  const key = (kind, event) => `${kind} ${event.key_id}`;
  const requests = new Map(events.filter(event => event.kind === 'encryptor' && event.key_id).map(event => [key(event.path.endsWith('/enc_keys') ? 'share' : 'fetch', event), event]));
  return event => event.key_id && requests.get(key(event.kind, event));
}

const text = event => `${event.from} ${event.to} ${event.method} ${event.path} ${answered(event)}`.toLowerCase();
