// Messages that travel along the lines of the picture, in slow motion.

import { s } from './dom.js';

const still = matchMedia('(prefers-reduced-motion: reduce)');
const stagger = 45, journey = 700, atOnce = 40; // ms, ms, messages of a batch

// show lets the messages of a batch travel. What carries a share or a key goes the way that does: a GET brings it back.
export function show(picture, events) {
  if (!picture.svg || document.hidden) return;
  const sorted = [...events].sort((a, b) => a.start < b.start ? -1 : 1).slice(0, atOnce);
  sorted.forEach((event, i) => {
    const forth = picture.lines.get(`${event.from} ${event.to}`);
    if (!forth) return;
    const failed = event.status !== 200;
    setTimeout(() => still.matches ? flash(forth, failed) : travel(picture.svg, forth, event.method === 'GET', failed), i * stagger);
  });
}

function flash(line, failed) {
  line.classList.add('flash');
  line.classList.toggle('failed', failed);
  setTimeout(() => line.classList.remove('flash', 'failed'), journey);
}

// travel moves a dot along a line; one that fails gets half-way.
function travel(svg, line, back, failed) {
  const dot = s('circle', { r: 5, class: failed ? 'dot failed' : 'dot' }), length = line.getTotalLength();
  const start = performance.now();
  const step = now => {
    const done = Math.min(1, (now - start) / journey);
    const way = failed ? Math.min(done, .5) : done;
    const { x, y } = line.getPointAtLength(length * (back ? 1 - way : way));
    dot.setAttribute('cx', x);
    dot.setAttribute('cy', y);
    if (done < 1) requestAnimationFrame(step);
    else dot.remove();
  };
  svg.append(dot);
  requestAnimationFrame(step);
}
