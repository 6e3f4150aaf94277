// Figures over time: keys per second, and PSRD. They can be saved, as numbers and as a picture.

import { byID, s, save, write } from './dom.js';
import { number } from './words.js';

const kept = 300, height = 132, left = 40, right = 6; // seconds, pixels

// time writes a duration in seconds in words.
function time(seconds) {
  const [unit, length] = [['days', 86400], ['hours', 3600], ['minutes', 60], ['seconds', 1]].find(([, length]) => seconds >= 2 * length) ?? ['seconds', 1];
  return `${Math.round(seconds / length)} ${unit}`;
}

export class Figures {
  constructor() {
    this.samples = [];
    byID('save-csv').onclick = () => save('dske.csv', 'text/csv', this.csv());
    byID('save-svg').onclick = () => save('dske.svg', 'image/svg+xml', this.svg());
    new ResizeObserver(() => this.draw()).observe(byID('plot-keys'));
  }

  clear(network) {
    Object.assign(this, { samples: [], network });
    this.draw();
  }

  add(state) {
    this.samples.push({ at: Date.now(), made: state.made_rate, delivered: state.delivered_rate, median: state.median ?? 0, lowest: state.lowest ?? 0 });
    while (this.samples[0].at < Date.now() - kept * 1000) this.samples.shift();
    this.draw();
    const waits = [['enc_keys', state.making], ['dec_keys', state.fetching]].flatMap(([name, p]) => p?.count ? [`${name} ${p.p50.toFixed(2)} ms (median), 99 % within ${p.p99.toFixed(2)} ms`] : []);
    write(byID('figures-text'), `${rate(state.made_rate)} keys made and ${rate(state.delivered_rate)} fetched per second; ${number(state.keys_made)} and ${number(state.keys_delivered)} in all.${waits.length ? ` An encryptor waits: ${waits.join('; ')}.` : ''}${state.lasts ? ` At the rate so far, the PSRD that is there lasts ${time(state.lasts)} if nobody brings more.` : ''}`);
  }

  // shown returns the samples in the picture: those of one minute, or of five once there are enough.
  shown() {
    const last = this.samples.at(-1)?.at ?? 0, seconds = last - (this.samples[0]?.at ?? last) > 60_000 ? kept : 60;
    return { last, seconds, samples: this.samples.filter(sample => sample.at > last - seconds * 1000) };
  }

  plots() {
    const { low_water: low, high_water: high } = this.network.topology.psrd;
    return [['plot-keys', 'Keys per second', [['made', 'l1'], ['delivered', 'l2']], 1], ['plot-psrd', 'PSRD, median and lowest pool', [['median', 'l1'], ['lowest', 'l2']], high, low]];
  }

  draw() {
    if (!this.network) return;
    for (const [id, title, lines, least, mark] of this.plots()) {
      const width = byID(id).clientWidth;
      if (width) byID(id).replaceChildren(plot(width, title, lines, this.shown(), least, mark));
    }
  }

  csv() {
    const rows = this.shown().samples.map(p => [new Date(p.at).toISOString(), p.made.toFixed(3), p.delivered.toFixed(3), p.median, p.lowest].join(','));
    return ['time,keys_made_per_second,keys_delivered_per_second,psrd_median_bytes,psrd_lowest_bytes', ...rows, ''].join('\n');
  }

  // svg returns both plots in one file, in their current colours.
  svg() {
    const width = 640, box = s('svg', { viewBox: `0 0 ${width} ${2 * (height + 30)}`, width, height: 2 * (height + 30), 'font-family': 'sans-serif', 'font-size': 12 });
    this.plots().forEach(([id, title, lines, least, mark], i) => {
      const drawn = plot(width, title, lines, this.shown(), least, mark), shown = byID(id).firstChild;
      inline(shown, drawn);
      drawn.setAttribute('y', i * (height + 30) + 24);
      drawn.setAttribute('width', width);
      box.append(s('text', { x: left, y: i * (height + 30) + 16, 'font-weight': 'bold' }, title), drawn);
    });
    return new XMLSerializer().serializeToString(box);
  }
}

// inline copies the computed colours of one drawing to another one of the same form, which has no style sheet.
function inline(from, to) {
  const copies = [...to.querySelectorAll('*')], names = ['fill', 'stroke', 'stroke-width', 'stroke-dasharray'];
  [...from.querySelectorAll('*')].forEach((element, i) => names.forEach(name => copies[i]?.setAttribute(name, getComputedStyle(element)[name])));
}

function plot(width, title, lines, { last, seconds, samples }, least, mark) {
  const top = nice(Math.max(least, ...samples.flatMap(sample => lines.map(([name]) => sample[name]))));
  const x = at => left + (width - left - right) * (1 - (last - at) / (seconds * 1000)), y = value => 8 + (1 - value / top) * (height - 28);
  const line = ([name, style]) => s('path', { class: style, d: samples.map((sample, i) => `${i ? 'L' : 'M'}${x(sample.at).toFixed(1)} ${y(sample[name]).toFixed(1)}`).join('') });
  const now = samples.at(-1), text = `${title}: ${lines.map(([name]) => `${name} ${now ? rate(now[name]) : 'unknown'}`).join(', ')}`;
  return s('svg', { viewBox: `0 0 ${width} ${height}`, height, role: 'img', 'aria-label': text },
    ...[0, top / 2, top].flatMap(value => [s('path', { class: 'grid', d: `M${left} ${y(value)}H${width - right}` }), s('text', { x: left - 6, y: y(value) + 4, 'text-anchor': 'end' }, short(value))]),
    mark && s('path', { class: 'mark', d: `M${left} ${y(mark)}H${width - right}` }), ...lines.map(line),
    s('text', { x: left, y: height - 3 }, seconds > 60 ? `${seconds / 60} minutes ago` : '1 minute ago'), s('text', { x: width - right, y: height - 3, 'text-anchor': 'end' }, 'now'));
}

// nice returns the next round number above a value.
function nice(value) {
  if (Number.isInteger(Math.log2(value)) && value >= 1024) return value;
  const unit = 10 ** Math.floor(Math.log10(Math.max(value, 1)));
  return [1, 2, 4, 5, 10].map(n => n * unit).find(n => n >= value);
}

const rate = n => n < 10 ? n.toFixed(1) : number(n);
const short = n => n >= 1024 && Number.isInteger(Math.log2(n)) ? `${n / 1024} k` : n >= 1000 ? `${n / 1000} k` : String(n);
