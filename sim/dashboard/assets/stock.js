// The stock of PSRD: one matrix for networks of every size, hubs by clients.

import { byID, h, s } from './dom.js';
import { ask } from './api.js';
import { number } from './words.js';

const grades = ['none', 'low', 'mid', 'high'], most = 60; // maximum number of associations with numbers

const clamp = (x, least, top) => Math.max(least, Math.min(top, x));
const steps = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000];

// columnsIn returns how many columns fit into a width, each at least three pixels wide.
export const columnsIn = width => Math.max(20, Math.min(600, Math.floor((width - 70) / 3)));

export class Stock {
  constructor(network) {
    Object.assign(this, { network, cursor: [0, 0], lit: [], from: 0, to: network.clients.length, sizes: null, asked: 0 });
    this.canvas = byID('stock');
    this.canvas.onpointermove = event => { const at = this.at(event); if (at) this.move(at); };
    this.canvas.onclick = event => { const at = this.at(event); if (at) { this.move(at); this.enter(); } };
    this.canvas.onkeydown = event => this.key(event);
    byID('stock-back').onclick = () => this.leave();
    this.observer = new ResizeObserver(() => this.draw());
    this.observer.observe(this.canvas.parentElement);
    this.scheme = matchMedia('(prefers-color-scheme: dark)');
    this.recolour = () => this.draw();
    this.scheme.addEventListener('change', this.recolour);
    this.leave();
  }

  // end releases the page for another network.
  end() {
    this.observer.disconnect();
    this.scheme.removeEventListener('change', this.recolour);
  }

  get isPart() { return this.from > 0 || this.to < this.network.clients.length; }

  // grade returns the digit of a cell, 0 to 3, or undefined if there is no association; rows have spaces there.
  grade(hub, column) {
    if (this.isPart) return this.part?.[hub]?.[column]?.grade;
    const digit = this.network.levels.rows[hub]?.[column];
    return digit === undefined || digit === ' ' ? undefined : Number(digit);
  }

  // size fits the matrix into a width.
  size(width) {
    const { hubs, clients } = this.network, count = this.to - this.from, bin = this.isPart ? 1 : Math.max(1, this.network.levels.bin || 1), columns = Math.ceil(count / bin);
    const longest = Math.max(...hubs.map(name => name.length)), left = Math.min(Math.max(58, longest * 7 + 14), 110, width * .3);
    const isUpright = count <= 12 && (width - left) / count < 60, top = isUpright ? 56 : count <= 8 ? 28 : 34;
    const cell = (width - left) / columns, row = clamp(Math.floor(320 / hubs.length), hubs.length > 40 ? 4 : 16, 44);
    return { left, top, cell, row, bin, columns, count, isUpright, width, height: top + row * hubs.length + 4, names: clients.slice(this.from, this.to).map(client => client.name) };
  }

  draw() {
    const width = this.canvas.parentElement.clientWidth;
    if (!width || !this.network.levels.rows.length) return;
    const size = this.sizes = this.size(width), ratio = devicePixelRatio || 1, { canvas } = this;
    Object.assign(canvas, { width: width * ratio, height: size.height * ratio });
    canvas.style.height = `${size.height}px`;
    const g = canvas.getContext('2d'), tone = tones();
    g.scale(ratio, ratio);
    g.font = '12px system-ui, sans-serif';
    g.textBaseline = 'middle';
    g.fillStyle = tone.sunk;
    g.fillRect(size.left, size.top, width - size.left, size.row * this.network.hubs.length);
    this.network.hubs.forEach((_, hub) => { for (let column = 0; column < size.columns; column++) this.cell(g, size, tone, hub, column); });
    axes(g, size, tone, this.network.hubs);
    this.describe(size);
    this.ring(this.lit);
    this.tell();
  }

  cell(g, { left, top, cell, row }, tone, hub, column) {
    const grade = this.grade(hub, column);
    if (grade === undefined) return;
    const gap = size => size > 6 ? 1.5 : 0, x = left + column * cell, y = top + hub * row;
    g.fillStyle = tone[grades[grade]];
    g.fillRect(x, y, Math.max(1, cell - gap(cell)), row - gap(row));
    const bytes = this.isPart ? undefined : this.network.levels.cells?.[hub]?.[column];
    if (cell < 60 || bytes === undefined || bytes === null || bytes < 0) return;
    g.fillStyle = grade === 2 ? tone['mid-ink'] : tone.paper;
    g.textAlign = 'center';
    g.fillText(number(bytes), x + cell / 2, y + row / 2);
  }

  describe({ bin }) {
    const { topology: { psrd }, levels: { counts = {} }, hubs, clients } = this.network, { low = 0, mid = 0, high = 0, none = 0, failing = 0 } = counts, isLow = low - failing;
    byID('stock-head').textContent = this.isPart ? '' : `${number(hubs.length)} hubs down, ${number(clients.length)} clients across${bin > 1 ? `; a column stands for ${bin} clients and shows the emptiest` : ''}`;
    const total = low + mid + high + none;
    this.canvas.setAttribute('aria-label', `${number(total)} associations: ${number(high)} well stocked, ${number(mid)} lower, ${number(low)} low${none ? `, ${number(none)} empty` : ''}. Arrow keys go through them.`);
    const middle = psrd.low_water + Math.round((psrd.high_water - psrd.low_water) / 2);
    const items = [['high', `${number(middle)} bytes or more, well stocked: ${number(high)}`], ['mid', `${number(psrd.low_water)} to ${number(middle)}, lower: ${number(mid)}`],
      ['low', `below ${number(psrd.low_water)}, low: ${number(low)}${failing ? ` (couriers do not come to ${number(failing)})` : isLow > 0 ? ` (${this.network.couriers})` : ''}`]];
    if (none) items.push(['none', `empty or not registered: ${number(none)}`]);
    if (this.network.associations < hubs.length * clients.length) items.push(['sunk', 'no association']);
    byID('stock-legend').replaceChildren(...items.map(([name, text]) => h('li', {}, h('i', { class: `cell ${name}` }), text)));
  }

  // light marks the associations on whose lines sealed shares are.
  light(pairs) {
    const key = JSON.stringify(pairs);
    if (key === this.litKey) return;
    this.litKey = key;
    this.lit = pairs;
    this.ring(pairs);
  }

  ring(pairs) {
    const size = this.sizes;
    if (!size) return;
    const marks = pairs.flatMap(([hub, client]) => {
      const i = this.network.hubIndex.get(hub), c = this.network.clientIndex.get(client);
      if (i === undefined || c === undefined || c < this.from || c >= this.to) return [];
      const x = size.left + Math.floor((c - this.from) / size.bin) * size.cell, y = size.top + i * size.row;
      const shape = size.cell > 12 && size.row > 9 ? { tag: 'rect', x: x + 1, y: y + 1, width: size.cell - 3.5, height: size.row - 3.5 } : { tag: 'circle', cx: x + size.cell / 2, cy: y + size.row / 2, r: 6 };
      const { tag, ...at } = shape;
      return ['lit halo', 'lit'].map(name => s(tag, { class: name, ...at }));
    });
    byID('stock-lit').replaceChildren(...marks);
  }

  at(event) {
    const size = this.sizes, box = this.canvas.getBoundingClientRect();
    if (!size) return null;
    const column = Math.floor((event.clientX - box.left - size.left) / size.cell), hub = Math.floor((event.clientY - box.top - size.top) / size.row);
    return hub >= 0 && column >= 0 && hub < this.network.hubs.length && column < size.columns ? [hub, column] : null;
  }

  key(event) {
    const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key], size = this.sizes;
    if (event.key === 'Enter') this.enter();
    if (event.key === 'Escape') this.leave();
    if (!step || !size) return;
    event.preventDefault();
    this.move([clamp(this.cursor[0] + step[0], 0, this.network.hubs.length - 1), clamp(this.cursor[1] + step[1], 0, size.columns - 1)]);
  }

  move(cursor) {
    if (String(cursor) === String(this.cursor)) return;
    this.cursor = cursor;
    this.tell();
  }

  // tell describes the cell at the cursor. Missing numbers are requested once the cursor rests.
  tell() {
    const size = this.sizes, [hub, column] = this.cursor, first = this.from + column * size.bin, last = Math.min(this.to, first + size.bin) - 1;
    const { hubs, clients, topology } = this.network, client = clients[first]?.name, grade = this.grade(hub, column);
    const who = size.bin > 1 ? `${hubs[hub]} with ${client} to ${clients[last]?.name}` : `${hubs[hub]} and ${client}`;
    if (grade === undefined) return this.write(`${who}: no association`);
    const bytes = this.isPart ? this.part[hub]?.[column]?.bytes : this.network.bytes(hubs[hub], client);
    if (size.bin === 1 && bytes !== undefined) return this.write(`${who}: ${number(bytes)} bytes in the emptier pool, of ${number(topology.psrd.high_water)}, ${this.stocked(grade, bytes, hub, first)}`);
    this.write(`${who}: ${words(grade)}`);
    clearTimeout(this.asking);
    if (this.network.associations > most) this.asking = setTimeout(() => this.askFor(hub, first, last, who), 250);
  }

  write(text) { if (byID('stock-text').textContent !== text) byID('stock-text').textContent = text; }

  stocked(grade, bytes, hub, client) {
    if (grade > 1) return words(grade);
    const isFailing = this.network.levels.failing?.some(([h, c]) => h === hub && c === client);
    if (isFailing) return `${bytes ? 'low' : 'empty'}: couriers do not come`;
    return bytes ? `low: ${this.network.couriers}` : this.network.topology.psrd.courier ? `empty: ${this.network.couriers}` : 'empty';
  }

  async askFor(hub, first, last, who) {
    try {
      const { cells } = await ask('GET', `/dashboard/v1/levels?from=${first}&to=${last + 1}`), known = cells[hub].filter(bytes => bytes !== null);
      if (known.length && !this.isPart && this.cursor[0] === hub) this.write(`${who}: ${last > first ? 'emptiest pool ' : ''}${number(Math.max(0, Math.min(...known)))} bytes`);
    } catch { /* keep the words */ }
  }

  // enter shows the clients of a column that stands for several.
  async enter() {
    const size = this.sizes;
    if (!size || size.bin === 1) return;
    const from = this.cursor[1] * size.bin, to = Math.min(this.network.clients.length, from + size.bin), { low_water: low, high_water: high } = this.network.topology.psrd;
    try {
      const { cells } = await ask('GET', `/dashboard/v1/levels?from=${from}&to=${to}`), grade = bytes => bytes <= 0 ? 0 : bytes < low ? 1 : bytes < low + (high - low) / 2 ? 2 : 3;
      this.part = cells.map(row => row.map(bytes => bytes === null ? {} : { bytes: Math.max(0, bytes), grade: grade(bytes) }));
      Object.assign(this, { from, to, cursor: [this.cursor[0], 0] });
      byID('stock-crumb').hidden = false;
      byID('stock-part').textContent = `${this.network.clients[from].name} to ${this.network.clients[to - 1].name}`;
      this.draw();
    } catch (error) {
      this.write(error.message);
    }
  }

  leave() {
    Object.assign(this, { from: 0, to: this.network.clients.length, part: null });
    byID('stock-crumb').hidden = true;
    this.draw();
  }
}

const words = grade => ['empty', 'low', 'lower', 'well stocked'][grade];

// tones has the colours of the style sheet for the canvas.
function tones() {
  const probe = h('i', { hidden: true });
  document.body.append(probe);
  const names = ['none', 'low', 'mid', 'high', 'faint', 'paper', 'sunk', 'mid-ink'];
  const found = Object.fromEntries(names.map(name => { probe.style.color = `var(--${name})`; return [name, getComputedStyle(probe).color]; }));
  probe.remove();
  return found;
}

// axes writes all names if there is room, and otherwise every 5th, 10th and so on.
function axes(g, size, tone, hubs) {
  const step = (length, need) => steps.find(n => n * length >= need) ?? 10_000, short = (name, room) => name.length * 6.6 > room ? `${name.slice(0, Math.max(3, Math.floor(room / 6.6) - 1))}…` : name;
  g.fillStyle = tone.faint;
  g.textAlign = 'right';
  const every = step(size.row, 15);
  hubs.forEach((name, i) => { if (every === 1 || i === 0 || (i + 1) % every === 0) g.fillText(short(name, size.left - 10), size.left - 8, size.top + (i + .5) * size.row); });
  if (size.isUpright) return upright(g, size, short);
  const width = size.cell / size.bin, between = step(width, size.count <= 8 ? 52 : 46);
  size.names.forEach((name, c) => {
    if (between > 1 && c > 0 && (c + 1) % between !== 0) return;
    const x = size.left + (c + .5) * width;
    if (c > 0 && width < 60 && x - size.left < 70) return; // the name of the first one is there
    const isEdge = c === 0 && width < 60, isEnd = x > size.width - 16;
    g.textAlign = isEdge ? 'left' : isEnd ? 'right' : 'center';
    g.fillText(between > 1 && c > 0 ? String(c + 1) : short(name, Math.max(width * between, 46)), isEdge ? size.left : isEnd ? size.width : x, size.top - 10);
  });
}

function upright(g, size, short) {
  size.names.forEach((name, c) => {
    g.save();
    g.translate(size.left + (c + .5) * size.cell + 4, size.top - 8);
    g.rotate(-1.1);
    g.textAlign = 'left';
    g.fillText(short(name, 54), 0, 0);
    g.restore();
  });
}
