// The messages of an exchange in the order of time: a table whose middle column is drawn. Words are in a column of
// their own, so that labels never overlap.

import { byID, h, s, unused } from './dom.js';
import { about, bare, came, sent, together } from './messages.js';
import { roving } from './roving.js';

const height = 25, tight = 50; // pixels: height of a row, and lane width below which names are turned

export class Ladder {
  // open is called with a selected row.
  constructor(open) {
    this.open = open;
    this.box = byID('ladder-scroll');
    this.rove = roving(this.box, 'button.cell', 'ArrowUp', 'ArrowDown');
    byID('group').onchange = () => this.draw();
    new ResizeObserver(() => { if (this.exchange && this.box.clientWidth !== this.width) this.draw(); }).observe(this.box);
  }

  show(exchange) {
    const isNew = this.exchange?.id !== exchange.id, marked = isNew ? undefined : this.rows[this.marked];
    this.exchange = exchange;
    this.rows = rowsOf(exchange);
    this.marked = marked && this.rows.find(row => name(row) === name(marked))?.index;
    if (isNew) byID('group').checked = exchange.hubs.length > 8 || innerWidth < 620;
    byID('ladder-card').hidden = false;
    byID('ladder-about').textContent = about(exchange, this.rows.length, this.rows.filter(row => row.tone === 'bad').length);
    if (isNew) byID('ladder-files').replaceChildren('Save as ', ...[['svg', 'SVG'], ['mmd', 'Mermaid'], ['txt', 'text']].flatMap(([end, name], i) => [i ? ' ' : '',
      h('a', { href: `/sim/v1/exchanges/${exchange.id}/ladder.${end}`, download: `ladder.${end}` }, name)]));
    unused(this.box, () => this.draw());
  }

  draw() {
    const { box, exchange } = this, full = Math.max(200, box.clientWidth - 4), isNarrow = full < 640, w = isNarrow ? full : Math.round(full * .64);
    this.width = box.clientWidth;
    const lanes = new Lanes(exchange, w);
    const groups = grouped(this.rows, byID('group').checked);
    const [top, left] = [box.scrollTop, document.activeElement?.dataset.message];
    box.replaceChildren(h('table', {}, h('thead', {}, h('tr', {}, h('th', { class: 't' }, 'ms'), h('th', { class: 'd' }, h('span', { class: 'sr' }, 'from, to'), lanes.head()), h('th', {}, 'message'))),
      h('tbody', {}, ...groups.map(group => this.row(group, lanes, isNarrow)))));
    box.scrollTop = top;
    if (left) box.querySelector(`[data-message="${left}"]`)?.focus({ preventScroll: true });
    this.rove();
    this.mark(this.marked);
  }

  row(group, lanes, isNarrow) {
    const [first] = group, last = group.at(-1), isMany = group.length > 1, text = isMany ? together(first.group, group) : first.text;
    const tone = group.some(row => row.tone === 'bad') ? 'bad' : group.some(row => row.tone === 'soft') ? 'soft' : '';
    const time = isMany && !isNarrow ? `${ms(first.at)}–${ms(last.at)}` : ms(first.at);
    const button = h('button', { type: 'button', class: `cell ${tone}`, 'data-row': first.index, 'data-message': name(first), 'aria-haspopup': 'dialog',
      'aria-label': `${bare(first.from)} to ${isMany && !first.isAnswer ? 'hubs' : bare(first.to)}: ${text}` }, text);
    return h('tr', { class: 'pickable', onclick: () => { button.focus({ preventScroll: true }); this.open(first); } }, h('td', { class: 't' }, time), h('td', { class: 'd' }, lanes.draw(group)), h('td', {}, button));
  }

  // mark highlights the row of the open message; undefined: none.
  mark(index) {
    this.marked = index;
    for (const row of this.box.querySelectorAll('tr.on')) row.classList.remove('on');
    const button = index === undefined ? null : [...this.box.querySelectorAll('button.cell')].findLast(one => Number(one.dataset.row) <= index);
    button?.closest('tr').classList.add('on');
    return button;
  }
}

// name identifies a row.
const name = row => `${row.event.number} ${row.isAnswer}`;
const ms = at => (at / 1e6).toFixed(2);

// rowsOf makes two rows of every event, for the message and for its answer.
export function rowsOf(exchange) {
  const rows = [], began = exchange.events.map(event => event.start).reduce((a, b) => since(b, a) < 0 ? b : a, exchange.events[0]?.start);
  exchange.events.forEach((event, order) => {
    const at = since(event.start, began), [text, group] = sent(event, exchange), [reply, replyGroup, tone] = came(event, exchange);
    rows.push({ at, order, from: event.from, to: event.to, text, group, event, tone: '', isAnswer: false });
    rows.push({ at: at + event.duration, order, from: event.to, to: event.from, text: reply, group: replyGroup, event, tone, isAnswer: true });
  });
  return rows.sort((a, b) => a.at - b.at || a.order - b.order).map((row, index) => ({ ...row, index }));
}

// since returns the nanoseconds between two times in the network's format; Date only has milliseconds.
function since(time, began) {
  const [a, b] = [time, began].map(text => ({ whole: Date.parse(text.replace(/\.\d+/, '')), rest: Number((text.match(/\.(\d+)/)?.[1] ?? '').padEnd(9, '0').slice(0, 9)) }));
  return (a.whole - b.whole) * 1e6 + a.rest - b.rest;
}

// grouped combines similar rows, up to the answer to an encryptor that they have made possible.
function grouped(rows, isOn) {
  const groups = [], open = new Map();
  for (const row of rows) {
    const key = row.group && `${row.group} ${row.isAnswer}`;
    if (row.event.kind === 'encryptor' && row.isAnswer) open.delete('share true');
    if (isOn && open.has(key)) {
      open.get(key).push(row);
      continue;
    }
    groups.push([row]);
    if (key) open.set(key, groups.at(-1));
  }
  return groups;
}

// Lanes draws a vertical line for each participant.
class Lanes {
  constructor({ master, slave, hubs }, width) {
    const hubNames = hubs.map(hub => `hub/${hub.name}`), clients = [`client/${master.client}`, `client/${slave.client}`];
    this.names = [`sae/${master.encryptor}`, clients[0], ...hubNames, ...(clients[0] === clients[1] ? [] : [clients[1]]), `sae/${slave.encryptor}`];
    this.isTurned = width / this.names.length < tight;
    Object.assign(this, { width, hubNames, step: (width - (this.isTurned ? 20 : 0)) / this.names.length });
  }

  x(name) { return (Math.max(0, this.names.indexOf(name)) + .5) * this.step; }

  head() {
    const tall = this.isTurned ? 82 : 40, svg = s('svg', { viewBox: `0 0 ${this.width} ${tall}`, height: tall, 'aria-hidden': 'true' });
    const every = Math.ceil(14 / this.step); // turned names still need their height
    for (const [i, name] of this.names.entries()) {
      if (i % every) continue;
      const at = this.isTurned ? { transform: `translate(${this.x(name) + 4} ${tall - 5}) rotate(-62)` } : { x: this.x(name), y: 34, 'text-anchor': 'middle', 'font-weight': 600 };
      svg.append(s('text', at, shortened(bare(name), this.isTurned ? 10 : Math.floor(this.step / 7.4))));
    }
    const [first, second] = this.names, [, before] = this.names.toReversed();
    for (const [name, from, to] of [['master', first, second], ['hubs', this.hubNames[0], this.hubNames.at(-1)], ['slave', before, this.names.at(-1)]]) {
      svg.append(s('text', { x: Math.max(20, (this.x(from) + this.x(to)) / 2), y: 12, class: 'kind', 'text-anchor': 'middle' }, name), s('path', { d: `M${this.x(from) - 8} 17H${this.x(to) + 8}`, class: 'life' }));
    }
    return svg;
  }

  draw(group) {
    const y = height / 2, svg = s('svg', { viewBox: `0 0 ${this.width} ${height}`, height, 'aria-hidden': 'true' });
    svg.append(...this.names.map(name => s('path', { d: `M${this.x(name)} -20V${height + 20}`, class: 'life' }))); // also through a row with two lines of words
    svg.append(...(group.length > 1 ? this.bundle(group, y) : this.arrow(group[0], y)));
    return svg;
  }

  arrow(row, y) {
    const a = this.x(row.from), b = this.x(row.to), d = Math.sign(b - a), isLost = row.isAnswer && !row.event.status;
    if (isLost) return [s('path', { d: `M${(a + b) / 2 - 5} ${y - 5}l10 10m0 -10l-10 10`, class: 'arrow bad' })];
    return [s('path', { d: `M${a} ${y}H${b - d * 6}`, class: `arrow ${row.isAnswer ? 'back' : ''} ${row.tone}` }), s('path', { d: `M${b} ${y}l${-d * 8}-4v8z`, class: `tip ${row.tone}` })];
  }

  // bundle draws one line with a head or a dot for each of the hubs.
  bundle(group, y) {
    const { isAnswer } = group[0], ends = group.map(row => this.x(isAnswer ? row.from : row.to)), base = this.x(isAnswer ? group[0].to : group[0].from);
    const far = ends.reduce((a, b) => Math.abs(b - base) > Math.abs(a - base) ? b : a), d = Math.sign(far - base);
    return [s('path', { d: `M${base + (isAnswer ? d * 6 : 0)} ${y}H${far - (isAnswer ? 0 : d * 6)}`, class: `arrow ${isAnswer ? 'back' : ''}` }),
      isAnswer && s('path', { d: `M${base} ${y}l${d * 8}-4v8z`, class: 'tip' }),
      ...group.map((row, i) => isAnswer ? s('circle', { cx: ends[i], cy: y, r: 3.5, class: `tip ${row.tone}` }) : s('path', { d: `M${ends[i]} ${y}l${-d * 8}-4v8z`, class: `tip ${row.tone}` }))].filter(Boolean);
  }
}

const shortened = (name, letters) => name.length > Math.max(letters, 4) ? `${name.slice(0, Math.max(letters, 4) - 1)}…` : name;
