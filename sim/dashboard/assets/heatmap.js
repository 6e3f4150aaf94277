// Networks too large for lines: a cell for each association, hubs down and clients across.

import { h, number } from './dom.js';

export class HeatMap {
  constructor(network, place, choose) {
    Object.assign(this, { network, choose });
    const { hubs, clients } = network;
    this.cell = { w: Math.max(2, Math.min(12, Math.floor(place.clientWidth / clients.length))), t: Math.max(4, Math.min(14, Math.floor(560 / hubs.length))) };
    this.canvas = h('canvas', { width: clients.length * this.cell.w, height: hubs.length * this.cell.t, role: 'img',
      onpointermove: e => this.tell(e), onclick: e => this.pick(e) });
    this.line = h('p', { class: 'quiet' }, 'Point at a cell to see what it is. Nodes can be found in the list of nodes.');
    this.summary = h('p');
    place.replaceChildren(
      h('p', { class: 'quiet' }, `A cell for each association: ${number(hubs.length)} hubs from top to bottom, ${number(clients.length)} clients from left to right.`),
      h('div', { class: 'heat', tabindex: 0, role: 'region', 'aria-label': 'Heat map of PSRD levels' }, this.canvas), this.line, this.summary);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.update());
  }

  update() {
    const { network, cell } = this, style = getComputedStyle(document.documentElement);
    const colours = Object.fromEntries(['none', 'low', 'mid', 'high'].map(g => [g, style.getPropertyValue('--lvl-' + g)]));
    const pen = this.canvas.getContext('2d'), count = { none: 0, low: 0, mid: 0, high: 0 };
    pen.fillStyle = style.getPropertyValue('--paper');
    pen.fillRect(0, 0, this.canvas.width, this.canvas.height);
    network.hubsOf.forEach((hubs, c) => hubs.forEach((hub, j) => {
      const grade = network.grade(c, j);
      count[grade]++;
      pen.fillStyle = colours[grade];
      pen.fillRect(c * cell.w, hub * cell.t, cell.w < 4 ? cell.w : cell.w - 1, cell.t - 1);
    }));
    this.summary.textContent = `${number(count.high)} associations are well stocked, ${number(count.mid)} less, ${number(count.low)} are being filled, ${number(count.none)} are not connected.`;
    this.canvas.setAttribute('aria-label', this.summary.textContent);
  }

  at(event) {
    const box = this.canvas.getBoundingClientRect();
    return [Math.floor((event.clientX - box.left) / this.cell.w), Math.floor((event.clientY - box.top) / this.cell.t)];
  }

  tell(event) {
    const [c, hub] = this.at(event), client = this.network.clients[c], name = this.network.hubs[hub];
    if (!client || !name) return;
    const j = this.network.hubsOf[c].indexOf(hub);
    this.line.textContent = j < 0 ? `${client.name} and ${name}: no association` : this.network.describe(c, j);
  }

  pick(event) {
    const client = this.network.clients[this.at(event)[0]];
    if (client) this.choose('client/' + client.name);
  }

  mark() {}
}
