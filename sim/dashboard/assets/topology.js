// The picture of a network: encryptors, their clients, a line to each hub.

import { h, number, s, shortened } from './dom.js';

const rowHeight = 30, nodeHeight = 26, gap = 14, top = 26;

// Picture draws a network into an element and keeps it as wide as that is.
export class Picture {
  constructor(network, place, choose) {
    Object.assign(this, { network, place, choose });
    new ResizeObserver(() => this.draw()).observe(place);
  }

  draw() {
    const width = this.place.clientWidth;
    if (width === this.width || width === 0) return;
    this.width = width;
    this.arrange();
    const svg = s('svg', { viewBox: `0 0 ${width} ${this.height}`, height: this.height, role: 'group', 'aria-label': 'Encryptors, clients and hubs',
      class: this.network.hubs.length * this.network.clients.length > 60 ? 'many' : '' });
    svg.append(this.heading(this.encryptorX, 'encryptors'), this.heading(this.clientX, 'clients'), this.heading(this.hubX, 'hubs'));
    svg.append(...this.drawLines(), ...this.drawNodes());
    this.svg = svg;
    this.place.replaceChildren(svg);
    this.update();
    this.mark(this.chosen);
  }

  // arrange settles where everything is.
  arrange() {
    const { hubs, clients } = this.network;
    const w = Math.max(70, Math.min(150, Math.floor(this.width * .2)));
    Object.assign(this, { nodeWidth: w, encryptorX: 1, clientX: w + Math.max(12, Math.floor(this.width * .05)), hubX: this.width - w - 1 });
    const tall = clients.map(c => Math.max(1, c.encryptors.length) * rowHeight + gap);
    const least = tall.reduce((a, b) => a + b, 0), room = Math.min(460, this.width * .66);
    const height = Math.max(least, hubs.length * (rowHeight + gap), room);
    const spare = Math.min(36, (height - least) / clients.length); // between clients, where there is room
    this.height = top + height;
    let y = top + (height - least - spare * clients.length) / 2;
    this.clientY = tall.map(t => (y += t + spare) - (t + spare) / 2);
    this.hubY = hubs.map((_, i) => top + height * (i + .5) / hubs.length);
    this.lines = new Map();
  }

  heading(x, text) {
    return s('text', { x: x + this.nodeWidth / 2, y: 14, 'text-anchor': 'middle', class: 'axis' }, text);
  }

  drawLines() {
    const { network } = this, lines = [];
    const x1 = this.clientX + this.nodeWidth, x2 = this.hubX, bend = (x2 - x1) * .45;
    network.clients.forEach((client, c) => {
      for (const hub of network.hubsOf[c]) {
        const d = `M${x1} ${this.clientY[c]}C${x1 + bend} ${this.clientY[c]} ${x2 - bend} ${this.hubY[hub]} ${x2} ${this.hubY[hub]}`;
        const line = s('path', { d, class: 'association none' }, s('title'));
        this.lines.set(`client/${client.name} hub/${network.hubs[hub]}`, line);
        lines.push(line);
      }
      this.encryptorYs(c).forEach((y, i) => {
        const line = s('path', { d: `M${this.encryptorX + this.nodeWidth} ${y}L${this.clientX} ${this.clientY[c]}`, class: 'belongs' });
        this.lines.set(`sae/${client.encryptors[i]} client/${client.name}`, line);
        lines.push(line);
      });
    });
    return lines;
  }

  encryptorYs(c) {
    const { encryptors } = this.network.clients[c];
    return encryptors.map((_, i) => this.clientY[c] + (i - (encryptors.length - 1) / 2) * rowHeight);
  }

  drawNodes() {
    this.boxes = new Map();
    const boxes = [];
    this.network.clients.forEach((client, c) => {
      this.encryptorYs(c).forEach((y, i) => boxes.push(this.box(this.encryptorX, y, client.encryptors[i], { class: 'node encryptor' }, 13)));
      boxes.push(this.button(this.clientX, this.clientY[c], 'client/' + client.name, client.name, 4));
    });
    this.network.hubs.forEach((name, i) => boxes.push(this.button(this.hubX, this.hubY[i], 'hub/' + name, name, 8)));
    return boxes;
  }

  button(x, y, node, name, radius) {
    const act = event => {
      if (event.type === 'keydown' && event.key !== 'Enter' && event.key !== ' ') return;
      event.preventDefault();
      this.choose(node);
    };
    const box = this.box(x, y, name, { class: 'node', role: 'button', tabindex: 0, onclick: act, onkeydown: act }, radius);
    this.boxes.set(node, box);
    return box;
  }

  box(x, y, name, attributes, radius) {
    const w = this.nodeWidth;
    return s('g', attributes, s('title', {}, name),
      s('rect', { x, y: y - nodeHeight / 2, width: w, height: nodeHeight, rx: radius }),
      s('text', { x: x + w / 2, y: y + 4.5, 'text-anchor': 'middle' }, shortened(name, Math.floor((w - 6) / 7))));
  }

  // update shows the state of the network.
  update() {
    if (!this.svg) return;
    const { network } = this;
    network.clients.forEach((client, c) => network.hubsOf[c].forEach((hub, j) => {
      const line = this.lines.get(`client/${client.name} hub/${network.hubs[hub]}`);
      line.classList.remove('none', 'low', 'mid', 'high');
      line.classList.add(network.grade(c, j));
      line.firstChild.textContent = network.describe(c, j);
    }));
    for (const [node, box] of this.boxes) {
      const running = network.isRunning(node);
      box.setAttribute('class', `node ${node.split('/')[0]}${running ? '' : ' stopped'}${node === this.chosen ? ' chosen' : ''}`);
      box.setAttribute('aria-label', `${node.replace('/', ' ')}, ${running ? 'running' : 'stopped'}`);
      box.setAttribute('aria-pressed', node === this.chosen);
    }
  }

  // mark makes a node stand out with its lines.
  mark(node) {
    this.chosen = node;
    if (!this.svg) return;
    this.svg.classList.toggle('dimmed', Boolean(node));
    for (const [ends, line] of this.lines) line.classList.toggle('near', ends.split(' ').includes(node));
    this.update();
  }
}

// legend explains the colours of the lines.
export function legend(network) {
  const { low_water: low } = network.topology.psrd;
  return [['high', `${number(network.plenty)} bytes or more`], ['mid', `${number(low)} to ${number(network.plenty)}`], ['low', `below ${number(low)}: being filled`], ['none', 'not connected']]
    .map(([grade, text]) => h('li', {}, s('svg', { viewBox: '0 0 26 8', 'aria-hidden': 'true' }, s('path', { d: 'M0 4h26', class: 'association ' + grade })), text));
}
