// Play, pause, step, back: they only set the time of the picture.

import { byID, h, write } from './dom.js';
import { roving } from './roving.js';
import { stepAt } from './story.js';

const still = matchMedia('(prefers-reduced-motion: reduce)'); // steps instead of motion

export class Transport {
  // paint is called with each new time and the index of its step.
  constructor(paint) {
    Object.assign(this, { paint, t: 0, rate: 1, isPlaying: false, until: Infinity, steps: [], end: 0 });
    byID('play').onclick = () => this.isPlaying ? this.pause() : this.play();
    byID('next').onclick = () => this.forward();
    byID('back').onclick = () => this.jump(this.step() - 1);
    byID('replay').onclick = () => this.play(0);
    byID('speed').onchange = event => { this.rate = Number(event.target.value); };
    byID('picture').addEventListener('keydown', event => this.key(event));
    roving(byID('steps'), 'button', 'ArrowLeft', 'ArrowRight', i => this.jump(i));
    document.addEventListener('visibilitychange', () => { if (document.hidden) this.pause(); });
  }

  // show takes a story. A story that is shown at its end stays there; otherwise the caller plays or jumps.
  show(steps, end) {
    Object.assign(this, { steps, end, isPlaying: false, until: Infinity, t: steps.length ? this.t : 0 });
    const labels = steps.map((step, i) => `${i + 1} ${step.short}: ${step.head}`);
    if (labels.join('\n') === this.labels) return; // keep the buttons, with the focus and a click that has begun
    this.labels = labels.join('\n');
    const focused = [...byID('steps').querySelectorAll('button')].indexOf(document.activeElement);
    byID('steps').replaceChildren(...steps.map((step, i) => h('li', {}, h('button', { type: 'button', 'aria-label': labels[i], onclick: () => this.jump(i) }, String(i + 1), h('span', {}, ` ${step.short}`)))));
    byID('steps').querySelectorAll('button')[Math.min(focused, steps.length - 1)]?.focus({ preventScroll: true });
  }

  step() { return stepAt(this.steps, this.t); }

  isLast(i) { return i === this.steps.length - 1; }

  // stop is just before the next step begins: it shows the result of a step.
  stop(i) { return this.isLast(i) ? this.end : this.steps[i].until - .02; }

  jump(i) {
    Object.assign(this, { isPlaying: false, until: Infinity });
    this.set(i < 0 ? 0 : this.stop(Math.min(i, this.steps.length - 1)));
  }

  pause() {
    this.isPlaying = false;
    this.set(this.t);
  }

  play(from, until = Infinity) {
    if (!this.steps.length) return;
    if (from !== undefined) this.t = from;
    else if (this.t >= this.end - .01) this.t = 0;
    if (still.matches) return this.jump(from === 0 ? 0 : this.t === 0 ? 0 : this.step() + 1);
    Object.assign(this, { isPlaying: true, until, last: performance.now() });
    this.set(this.t);
    requestAnimationFrame(now => this.frame(now));
  }

  frame(now) {
    if (!this.isPlaying) return;
    const t = Math.min(this.end, this.until, this.t + Math.max(0, now - this.last) / 1000 * this.rate);
    this.last = now;
    if (t >= this.until || t >= this.end) Object.assign(this, { isPlaying: false, until: Infinity });
    this.set(t);
    if (this.isPlaying) requestAnimationFrame(next => this.frame(next));
  }

  // forward plays one step; pressed again meanwhile, it shows the end of the step at once.
  forward() {
    if (!this.steps.length) return;
    const i = this.step(), to = Math.min(this.t >= this.stop(i) - .03 ? i + 1 : i, this.steps.length - 1);
    if (this.isPlaying || still.matches) this.jump(to);
    else this.play(this.t, this.stop(to));
  }

  key(event) {
    const act = { ArrowRight: () => this.forward(), ArrowLeft: () => this.jump(this.step() - 1), Home: () => this.jump(0), End: () => this.jump(this.steps.length - 1), ' ': () => byID('play').click() }[event.key];
    if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    act();
  }

  set(t) {
    this.t = t;
    this.draw();
    if (this.steps.length) this.paint(t, this.step());
  }

  draw() {
    const current = this.step();
    [...byID('steps').children].forEach((item, i) => {
      const button = item.firstChild;
      button.tabIndex = i === current ? 0 : -1;
      item.className = i < current ? 'done' : '';
      if (i === current) button.setAttribute('aria-current', 'step');
      else button.removeAttribute('aria-current');
    });
    write(byID('play'), this.isPlaying ? '❚❚ Pause' : '▶ Play');
    byID('back').setAttribute('aria-disabled', String(this.t <= 0)); // a disabled button would lose the focus
    byID('next').setAttribute('aria-disabled', String(this.t >= this.end - .01));
  }
}
