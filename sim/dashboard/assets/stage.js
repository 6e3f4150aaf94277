// The picture of an exchange at a time: Stage draws what place and schedule compute, and the current state of the hubs.

import { h, s } from './dom.js';
import { between, cubic, layout, onLine, polyline } from './layout.js';
import { ease, place } from './place.js';
import { grouped } from './words.js';

const keyShape = 'M6-5a5 5 0 1 0 4.6 7H14v3h4V2h4v-3.6H10.6A5 5 0 0 0 6-5Zm0 3.2a1.8 1.8 0 1 1 0 3.6 1.8 1.8 0 0 1 0-3.6Z';
export const keySign = () => s('svg', { width: 26, height: 14, viewBox: '0 0 26 14', 'aria-hidden': 'true' }, s('path', { class: 'keyglyph', d: keyShape, transform: 'translate(1 7) scale(.95)' }));

const keyAtClient = box => ({ x: box.x + box.w - 42, y: box.y + box.h / 2 - 9 });
const keyAtEncryptor = box => ({ x: box.x + box.w - 30, y: box.y + box.h / 2 });
const translate = (p, size = 1) => `translate(${p.x.toFixed(1)} ${p.y.toFixed(1)}) scale(${size.toFixed(2)})`;
const shown = (element, isShown) => { element.style.display = isShown ? '' : 'none'; return isShown; };
const write = (element, name, value) => { if (element.getAttribute(name) !== value) element.setAttribute(name, value); };

export class Stage {
  // The stage draws into a box. choose is called with the name of a hub, and now(hub) returns its current state:
  // {isRunning, lies, owned, psrd}.
  constructor(box, { choose, now }) {
    Object.assign(this, { box, choose, now, chosen: null, isTapped: false, t: 0 });
    new ResizeObserver(() => { if (this.view && box.clientWidth && box.clientWidth !== this.layout?.width) { this.build(); this.paint(this.t); } }).observe(box);
  }

  show(view, at) {
    Object.assign(this, { view, at });
    const shape = JSON.stringify([view.names, view.k, view.hubs.map((_, i) => view.number(i)), view.master.encryptor, view.master.client, view.slave.encryptor, view.slave.client]);
    if (shape === this.shape && this.box.firstChild && this.layout?.width === this.box.clientWidth) return; // keep the elements, with the focus and a press
    this.shape = shape;
    if (this.box.clientWidth) this.build();
  }

  build() {
    const focused = this.box.contains(document.activeElement) ? document.activeElement.dataset.hub : undefined;
    const { view: v } = this, l = this.layout = layout(this.box.clientWidth, v), svg = s('svg', { viewBox: `0 0 ${l.width} ${l.height}`, height: l.height });
    const add = element => { svg.append(element); return element; }, each = make => v.hubs.map((_, i) => add(make(i)));
    this.traffic = add(s('path', { d: polyline(l.traffic), class: 'traffic' }));
    this.trafficText = l.trafficText && add(s('text', { ...l.trafficText, 'text-anchor': 'middle', class: 'faint' }));
    l.calls.forEach(points => add(s('path', { d: polyline(points), class: 'wire' })));
    this.outward = each(i => s('path', { d: cubic(l.outward[i]) }));
    this.homeward = each(i => s('path', { d: cubic(l.homeward[i]) }));
    [v.master, v.slave].forEach((end, i) => {
      add(box(l.encryptors[i], end.encryptor, '', 'encryptor', 17));
      add(box(l.clients[i], end.client, i ? 'slave’s client' : 'master’s client', 'client', 6));
    });
    this.hubs = each(i => this.hub(i));
    this.slots = Array.from({ length: Math.min(v.k, v.n) }, (_, j) => add(s('circle', { class: 'slot', cx: l.slots[j].x, cy: l.slots[j].y, r: l.radius })));
    this.count = add(s('text', { class: 'count', x: l.count.x, y: l.count.y, 'text-anchor': l.count.anchor }));
    this.remark = add(s('text', { class: 'faint', x: l.count.x, y: l.count.y + 17, 'text-anchor': l.count.anchor }));
    this.shares = each(i => share(l.radius, l.isCells ? '' : v.number(i)));
    this.sparks = Array.from({ length: Math.min(v.k, v.n) }, () => add(s('circle', { class: 'spark', r: 4 })));
    this.keys = [0, 1, 2, 3].map(() => add(s('path', { class: 'keyglyph', d: keyShape })));
    this.note = add(s('g', { class: 'note' }, s('rect', { y: -11, height: 22, rx: 11 }), s('text', { y: 4 })));
    this.box.replaceChildren(svg);
    if (focused) this.hubs[v.names.indexOf(focused)]?.focus({ preventScroll: true });
  }

  hub(i) {
    const { layout: l, view: v } = this, b = l.hubs[i], name = v.names[i];
    const press = () => this.choose(name);
    const key = event => { if (event.key === 'Enter' || event.key === ' ') { event.preventDefault(); event.stopPropagation(); press(); } };
    const g = s('g', { class: 'node hub', role: 'button', tabindex: 0, 'data-hub': name, onclick: press, onkeydown: key }, s('rect', { x: b.x, y: b.y, width: b.w, height: b.h, rx: l.isCells ? 4 : 9 }));
    if (l.isCells) return g;
    const middle = b.y + b.h / 2, text = l.isWide ? { x: b.x + 14, 'text-anchor': 'start' } : { x: b.x + b.w / 2, 'text-anchor': 'middle' };
    const isShort = l.isWide && !l.isRoomy;
    g.name = s('text', { ...text, class: 'name', y: l.isWide ? middle + (isShort ? 5 : -2) : b.y + 17 }, name);
    g.state = s('text', { ...text, class: 'faint', x: isShort ? b.x + 74 : text.x, y: l.isWide ? middle + (isShort ? 4.5 : 14) : b.y + 40 });
    g.append(g.name, ' ', g.state); // the space is for screen readers
    fit(g.name, name, (l.isWide ? b.w - (isShort ? 70 : 60) : b.w - 6) / 7.4);
    return g;
  }

  // paint draws the time t, in seconds.
  paint(t) {
    this.t = t;
    if (!this.layout || !this.view) return;
    const { view: v, at } = this, scene = { view: v, at, layout: this.layout };
    const got = v.order.filter((_, j) => v.isPlaced && t >= at.arrive(j)).length;
    v.hubs.forEach((_, i) => {
      const where = place(scene, i, t);
      paintShare(this.shares[i], this.layout.isCells && where?.rests ? null : where);
      this.paintHub(i, where, t);
      this.paintLines(i, t);
    });
    this.paintCount(t, got);
    this.paintKeys(t);
    this.paintNote(t);
    this.paintTraffic(t);
  }

  paintHub(i, where, t) {
    const { view: v, layout: l } = this, hub = v.hubs[i], g = this.hubs[i], now = this.now(hub.name), state = stateOf(this, i, where, t, now);
    const forgot = hasForgotten(v, this.at, hub, t);
    const classes = { stopped: !now.isRunning || hub.state === 'stopped', forgot, lies: now.lies || hub.state === 'lies', owned: now.owned, full: l.isCells && where?.rests, chosen: this.chosen === hub.name };
    write(g, 'class', 'node hub' + Object.keys(classes).filter(name => classes[name]).map(name => ` ${name}`).join(''));
    write(g, 'aria-pressed', String(this.chosen === hub.name));
    const text = l.isRoomy ? state : unusual(state), short = l.isWide ? text : where?.rests ? '' : text.replace('broken into', 'foe').replace(/^has forgotten .*/, 'forgot');
    write(g, 'aria-label', `hub ${hub.name} ${short && short !== state ? `${short}: ` : ''}${state || 'running'}`); // includes the visible text, for speech control
    if (g.state) g.state.textContent = short;
  }

  paintLines(i, t) {
    const { view: v, at, layout: l } = this, j = v.order.indexOf(i), now = this.now(v.names[i]);
    const common = 'wire' + (l.dim ? ' dim' : '') + (now.isRunning ? '' : ' off') + (this.isTapped ? ' tapped' : '');
    write(this.outward[i], 'class', common + (t > at.sent(i) && t < at.there(i) ? ' hot' : ''));
    write(this.homeward[i], 'class', common + (v.isPlaced && j >= 0 && t > at.fetch + .6 && t < at.arrive(j) ? ' hot' : ''));
  }

  paintCount(t, got) {
    const { view: v, at } = this, [count, remark, tone] = counted(v, at, t, got);
    this.count.textContent = count;
    this.remark.textContent = remark;
    write(this.count, 'class', 'count ' + tone);
    this.slots.forEach((slot, j) => { shown(slot, v.isPlaced); slot.classList.toggle('full', j < got); });
  }

  paintKeys(t) {
    const { view: v, at, layout: l, keys } = this, [from, to] = l.clients.map(keyAtClient), [master, slave] = l.encryptors.map(keyAtEncryptor);
    const show = (key, isShown, p, size) => { if (shown(key, isShown)) write(key, 'transform', translate(p, size)); };
    const isTried = v.hubs.some(hub => hub.number > 0);
    show(keys[0], isTried && t >= at.split && t <= (v.isPlaced ? at.handOver + .9 : at.rest + .8), from, ease((t - at.split) / .4));
    show(keys[1], v.isPlaced && t >= at.handOver, between(from, master, ease((t - at.handOver) / .9)));
    show(keys[2], v.isMade && t >= at.made + .6 && t < at.deliver + .9, to, ease((t - at.made - .6) / .4));
    show(keys[3], v.isMade && t >= at.deliver, between(to, slave, ease((t - at.deliver) / .9)));
    for (const key of keys.slice(2)) key.classList.toggle('wrong', v.isForged);
    const u = ease((t - at.made - .2) / .6);
    this.sparks.forEach((spark, j) => {
      if (!shown(spark, j < v.used.length && v.isMade && u > 0 && u < 1)) return;
      const p = between(l.slots[v.order.indexOf(v.used[j])], { x: to.x + 11, y: to.y }, u);
      write(spark, 'transform', translate(p));
    });
  }

  // paintNote draws requests and the ID of the key as notes that travel.
  paintNote(t) {
    const { view: v, at, layout: l } = this, [text, p] = noted(v, at, l, t), rect = this.note.firstChild;
    if (!shown(this.note, text !== '')) return;
    const width = text.length * 7 + 24;
    write(rect, 'width', String(width));
    write(rect, 'x', String(-width / 2));
    this.note.lastChild.textContent = text;
    write(this.note, 'transform', translate(p));
  }

  paintTraffic(t) {
    const { view: v, at } = this, isSafe = v.isMade && t >= at.deliver + .9;
    write(this.traffic, 'class', 'traffic' + (isSafe ? v.isForged ? ' broken' : ' safe' : ''));
    if (!this.trafficText) return;
    this.trafficText.textContent = isSafe && v.isForged ? `two different keys; the attacker has ${v.slave.encryptor}’s`
      : isSafe ? `both have the key with fingerprint ${grouped(v.slave.fingerprint)}` : 'the line to protect';
    shown(this.trafficText, isSafe || t < at.tell || t >= at.fetch || !v.isPlaced);
  }
}

function box(b, name, remark, kind, radius) {
  const text = s('text', { class: 'name', x: b.x + 12, y: b.y + b.h / 2 + (remark ? -2 : 5) });
  fit(text, name, (b.w - (remark ? 20 : 44)) / 7.4);
  return s('g', { class: `node ${kind}` }, s('rect', { x: b.x, y: b.y, width: b.w, height: b.h, rx: radius }), text,
    remark ? s('text', { class: 'faint', x: b.x + 12, y: b.y + b.h / 2 + 13 }, remark) : null);
}

// fit writes a name as far as there is room, and in full as a title.
function fit(element, name, letters) {
  const room = Math.max(3, Math.floor(letters));
  element.textContent = name.length > room ? name.slice(0, room - 1) + '…' : name;
  if (name.length > room) element.append(s('title', {}, name));
}

function share(r, number) {
  return s('g', { class: 'share' }, s('rect', { x: -r, y: -r, width: 2 * r, height: 2 * r, rx: r / 2.2 }), s('circle', { r }), s('path', { class: 'strike', d: `M${-r - 3} ${r + 3}L${r + 3} ${-r - 3}` }),
    s('text', { y: 4.3 }, String(number)), s('path', { class: 'cross', d: `M${r + 3} ${-r - 3}l8 8m0 -8l-8 8` }));
}

function paintShare(g, where) {
  if (!shown(g, Boolean(where))) return;
  write(g, 'transform', translate(where, where.size ?? 1));
  write(g, 'class', 'share' + ['sealed', 'lost', 'bad', 'out', 'spare', 'refused'].filter(name => where[name]).map(name => ` ${name}`).join(''));
}

// hasForgotten reports whether a hub does not know a client at a time, until the exchange has repaired that.
function hasForgotten(v, at, hub, t) {
  if (hub.state !== 'forgot') return false;
  return hub.forgot === v.master.client ? t < at.rest : t < at.gather;
}

// stateOf returns the state of a hub in words. Its current state takes precedence over that in the story.
function stateOf({ view: v, at }, i, where, t, now) {
  const hub = v.hubs[i];
  if (!now.isRunning) return 'stopped';
  if (now.lies) return 'lies';
  if (now.owned) return 'broken into';
  if (hub.state === 'stopped') return 'was stopped';
  if (hub.state === 'lies') return 'lied';
  if (hasForgotten(v, at, hub, t)) return `has forgotten ${hub.forgot}`;
  if (where?.rests && where.size > .5) return 'keeps a share';
  if (v.isPlaced && hub.arrived && t > at.leave(v.order.indexOf(i))) return 'has forgotten it';
  return t < at.rest && now.psrd !== undefined ? `PSRD ${now.psrd.toLocaleString('en')}` : '';
}

const unusual = state => /^(stopped|lies|broken into|was stopped|lied|has forgotten .*[^t])$/.test(state) && state !== 'has forgotten it' ? state : '';

// counted returns the text above the places of the shares, and the remark beneath it: [count, remark, tone].
function counted(v, at, t, got) {
  if (!v.isPlaced) return ['', '', ''];
  if (t < at.fetch) return [`any ${v.k} of ${v.n}`, v.k === 1 ? 'makes the key' : 'make the key', ''];
  const isJudged = t >= at.made + .3;
  if (v.isForged && isJudged) return ['a key', 'of the attacker', 'foe'];
  if (v.isMade && isJudged) return [`${v.k} of ${v.k}: the key`, v.liars.length ? `${v.liars.length} lied` : v.suite === 'its' ? 'tag is right' : 'digest is right', 'good'];
  if (!v.isMade && v.isAsked && t >= at.last + .2 && got === v.order.length) return ['no key', got < v.k ? 'too few shares' : '', 'fail'];
  if (got >= v.k) return [`${got}, no fit yet`, '', ''];
  return [`${got} of ${v.k} shares`, got ? 'still knows nothing' : 'knows nothing', ''];
}

// noted returns the note that travels, if any, and its place: [text, place].
function noted(v, at, l, t) {
  const side = (i, u) => {
    const en = l.encryptors[i], client = l.clients[i];
    return l.isWide ? { x: en.x + en.w / 2, y: en.y + en.h + 14 + (client.y - 28 - en.y - en.h) * ease(u) }
      : { x: en.x + 24 + (client.x + 16 - en.x) * ease(u), y: i ? client.y - 15 : client.y + client.h + 16 };
  };
  if (t > .1 && t < at.split) return ['a key?', side(0, (t - .2) / .9)];
  if (!v.isPlaced) return ['', null];
  if (t >= at.tell && t < at.fetch && (v.isAsked || t < at.tell + 1.2)) return [l.isWide ? 'key ID' : 'ID', onLine(l.traffic, ease((t - at.tell) / 1.1), l.isWide ? 44 : 24)];
  if (v.isAsked && t >= at.fetch && t < at.gather) return ['this ID?', side(1, (t - at.fetch) / .8)];
  return ['', null];
}

// legend explains the signs in the picture.
export const legend = term => [
  h('li', {}, h('i', { class: 'square' }), h('span', {}, 'sealed with a ', term('pad', 'one-time pad'), ': on the way nobody can read it')),
  h('li', {}, h('i'), h('span', {}, 'opened ', term('share', 'share'))),
  h('li', {}, keySign(), 'the key'),
  h('li', {}, h('i', { class: 'foe' }), 'dishonest'),
];
