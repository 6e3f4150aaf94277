// PSRD levels since the page was opened: the lowest, and that which half of the associations are above.

import { byID, h, number, s } from './dom.js';

const kept = 300, height = 200, margin = { left: 56, right: 70, top: 10, bottom: 24 }; // seconds, pixels

export class Levels {
  constructor(network) {
    this.network = network;
    this.choices = network.isLarge ? [''] : ['', ...network.nodes];
    this.history = new Map(this.choices.map(node => [node, []]));
    byID('levels-of').replaceChildren(...this.choices.map(node => h('option', { value: node }, node || 'the whole network')));
    byID('levels-of').onchange = () => this.draw();
    new ResizeObserver(() => this.draw()).observe(byID('levels'));
  }

  update() {
    for (const [node, samples] of this.history) {
      const levels = this.network.levelsOf(node).map(level => Math.max(0, level)).sort((a, b) => a - b);
      samples.push({ at: Date.now(), lowest: levels[0] || 0, half: levels[levels.length >> 1] || 0 });
      while (samples[0].at < Date.now() - kept * 1000) samples.shift();
    }
    this.draw();
  }

  draw() {
    const width = byID('levels').clientWidth, samples = this.history.get(byID('levels-of').value);
    if (!width || !samples.length) return;
    const { low_water: low, high_water: high } = this.network.topology.psrd;
    const most = Math.max(high, ...samples.map(sample => sample.half)) * 1.05;
    const now = samples.at(-1), shown = now.at - samples[0].at > 60_000 ? kept : 60;
    const x = at => width - margin.right - (width - margin.left - margin.right) * (now.at - at) / (shown * 1000);
    const y = level => height - margin.bottom - (height - margin.top - margin.bottom) * level / most;
    const line = name => s('polyline', { class: name, points: samples.map(sample => `${x(sample.at).toFixed(1)},${y(sample[name]).toFixed(1)}`).join(' ') });
    const mark = (level, name) => [s('line', { class: 'mark', x1: margin.left, x2: width - margin.right, y1: y(level), y2: y(level) }),
      s('text', { x: margin.left - 6, y: y(level) + 4, 'text-anchor': 'end', class: 'axis' }, number(level), s('title', {}, name))];
    const below = Math.max(y(now.lowest), y(now.half) + 15);
    byID('levels').replaceChildren(s('svg', { viewBox: `0 0 ${width} ${height}`, height, role: 'img',
      'aria-label': `Bytes in the emptier pool of each association. Lowest: ${number(now.lowest)}, median: ${number(now.half)}.` },
      ...mark(low, 'low water'), ...mark(high, 'high water'), ...mark(0, 'empty'), line('half'), line('lowest'),
      s('text', { x: width - margin.right + 6, y: y(now.half) + 4 }, 'median'), s('text', { x: width - margin.right + 6, y: below + 4 }, 'lowest'),
      s('text', { x: margin.left, y: height - 6, class: 'axis' }, shown === kept ? `${kept / 60} minutes ago` : '1 minute ago'), s('text', { x: width - margin.right, y: height - 6, 'text-anchor': 'end', class: 'axis' }, 'now')));
  }
}
