// The attacker: what he owns, what he then knows of the key in the picture, and what the same attack achieves in both
// suites.

import { arrange, byID, h, whole } from './dom.js';
import { ask, attempt } from './api.js';
import { cap, grouped, word } from './words.js';

const few = 8; // hubs that are always shown

// tones are the tones of the verdicts, with their signs.
const tones = { 'Nothing to try': 'quiet', 'Nothing learnt': 'good', 'Delayed at most': 'good', Refused: 'good', 'Can test guesses': 'warn', 'Keys swapped': 'fail', 'Key replaced': 'fail', 'Key known': 'fail' };
const signs = { good: '✓ ', fail: '✗ ', warn: '! ', quiet: '' };

const nothing = { links: 'none', hubs: [], client: false };

export class Attacker {
  // changed is called when what he owns has changed, show with the ID of an exchange to show.
  constructor({ changed, show }) {
    Object.assign(this, { changed, showExchange: show, owns: nothing, found: null, isAll: false, seen: '' });
    for (const chip of byID('foe-links').children) chip.onclick = () => this.set({ ...this.owns, links: chip.dataset.links });
    byID('foe-client').onclick = () => this.set({ ...this.owns, client: !this.owns.client });
    byID('foe-none').onclick = () => this.change(() => ask('DELETE', '/sim/v1/attack'));
  }

  prepare(network) {
    Object.assign(this, { network, found: null, owns: nothing, isAll: false });
    this.chips = new Map(network.hubs.map(name => [name, h('button', { type: 'button', class: 'chip', 'data-foe': name, onclick: () => this.press(name) }, name)]));
    byID('foe-hubs').replaceChildren();
    this.take(nothing);
  }

  set(owns) {
    this.owns = owns; // for the next press, which may come before the answer
    return this.change(() => ask('PUT', '/sim/v1/attack', owns));
  }

  change(act) {
    return attempt(byID('foe-message'), async () => {
      this.take({ ...nothing, ...await act() });
    });
  }

  // take updates what he owns, from this page or another one.
  take(owns) {
    this.owns = { ...nothing, ...owns, hubs: owns.hubs ?? [] };
    const { hubs, links, client } = this.owns;
    for (const chip of byID('foe-links').children) chip.setAttribute('aria-pressed', String(chip.dataset.links === links));
    byID('foe-client').setAttribute('aria-pressed', String(client));
    this.drawHubs(hubs);
    for (const button of byID('attacker').querySelectorAll('.chip')) button.disabled = this.network.isViewer;
    byID('foe-none').hidden = this.network.isViewer;
    this.changed(this.owns);
    this.look();
  }

  drawHubs(owned) {
    const { hubs } = this.network, box = byID('foe-hubs');
    if (hubs.length > 24) return this.firstHubs(box, owned);
    for (const [name, chip] of this.chips) chip.setAttribute('aria-pressed', String(owned.includes(name)));
    const chips = [...this.chips.values()];
    if (this.isAll || hubs.length <= few) return arrange(box, chips);
    const more = box.querySelector('.more') ?? h('button', { type: 'button', class: 'chip more', onclick: () => { this.isAll = true; this.drawHubs(this.owns.hubs); chips[few].focus(); } }, `${hubs.length - few} more…`);
    arrange(box, [...chips.slice(0, few), more]);
  }

  press(name) {
    const { hubs } = this.owns;
    this.set({ ...this.owns, hubs: hubs.includes(name) ? hubs.filter(other => other !== name) : [...hubs, name] });
  }

  // firstHubs draws a number field, for too many hubs for a button each.
  firstHubs(box, owned) {
    const input = box.querySelector('input') ?? h('input', { type: 'number', min: 0, max: this.network.hubs.length, 'aria-label': 'How many hubs',
      onchange: () => this.set({ ...this.owns, hubs: this.of().slice(0, Number(input.value)) }) });
    input.value = owned.length;
    if (!input.isConnected) box.replaceChildren(h('label', {}, 'the first ', input, ' hubs'));
  }

  // of returns the relevant hubs: those of the key in the picture, or all.
  of() { return this.view ? this.view.names : this.network.hubs; }

  // show takes the exchange in the picture.
  show(view, at) {
    Object.assign(this, { view, at, found: null, seen: '' });
    this.look();
  }

  // look asks what he knows of the exchange.
  async look() {
    const id = this.view?.exchange.id;
    try {
      const found = await ask('GET', `/sim/v1/attack${id ? `?exchange=${encodeURIComponent(id)}` : ''}`);
      if (id !== this.view?.exchange.id) return;
      this.found = found;
    } catch (error) {
      byID('foe-message').textContent = error.message;
    }
    this.seen = '';
    this.paint(this.t ?? 0);
    this.drawSuites();
  }

  // paint shows what he knows at a time of the story.
  paint(t) {
    this.t = t;
    const { view: v, at, owns, found } = this, k = v?.k ?? this.network.topology.threshold, isForged = Boolean(v?.isForged);
    const known = v ? v.hubs.flatMap((hub, i) => (found?.shares ?? []).some(share => share.number === v.number(i)) && hub.placed && t >= at.there(i) ? [v.number(i)] : []) : [];
    const key = JSON.stringify([known, owns, found?.recovered, isForged, v && t >= at.send, v && t >= at.made + .3, v?.exchange.id]);
    if (key === this.seen) return;
    this.seen = key;
    const n = Math.min(known.length, k), has = n >= k;
    byID('foe-slots').replaceChildren(...Array.from({ length: Math.min(k, 24) }, (_, j) => h('b', { class: j < n ? '' : 'none' }, j < n ? String(known[j]) : '')), h('span', {}, has ? `${k} of ${k}` : `${n} of ${k} shares`));
    byID('foe-text').replaceChildren(...this.words(n, k, t));
  }

  words(n, k, t) {
    const { view: v, at, owns, found } = this, nothingOwned = !owns.hubs.length && owns.links === 'none' && !owns.client;
    const strong = (text, tone) => h('strong', tone ? { class: tone } : {}, text);
    if (v?.isForged && t < at.made + .3) return [`He has kept back answers to his client mallory, for a key that he knows, and gives them to ${v.slave.client}.`];
    if (v?.isForged) return [strong(`He knows ${v.slave.encryptor}’s key. `, 'fail'), `It is the one of his client mallory. He needed no hub. Of ${v.master.encryptor}’s key he knows nothing.`];
    if (nothingOwned) return ['He owns nothing yet. Give him hubs, lines or a client above.'];
    if (!v || t < at.send) return ['The shares are not on their way yet.'];
    if (n >= k && found?.recovered) return [strong('He has the key. ', 'fail'), 'Fingerprint ', h('code', {}, grouped(found.fingerprint)), `, the same as ${v.master.encryptor}’s${v.slave.fingerprint ? ` and ${v.slave.encryptor}’s` : ''}.`];
    if (n) return [strong('Nothing. '), n >= k ? 'His shares do not fit together.' : `${cap(word(k - n))} more share${k - n > 1 ? 's' : ''} needed; until then every key is equally likely.`];
    if (owns.links !== 'none') return [strong('Nothing. '), 'Every share on the lines is sealed with bytes that he does not have.'];
    if (owns.hubs.length && found && !found.shares.length && v.hubs.some(hub => owns.hubs.includes(hub.name) && hub.placed)) {
      return [strong('Nothing. '), 'This key was made before he broke in, and the bytes that it was sealed with are destroyed. Make another one.'];
    }
    if (owns.hubs.length) return [strong('Nothing. '), `${cap(word(k))} more shares needed; until then every key is equally likely.`];
    return [strong('Nothing. '), 'A client of his own gets only keys that are meant for it.'];
  }

  drawSuites() {
    const focused = document.activeElement?.dataset.suite;
    byID('foe-suites').replaceChildren(...(this.found?.suites ?? []).map(suite => {
      const tone = tones[suite.verdict] ?? 'quiet', isShown = suite.exchange && this.view?.exchange.id === suite.exchange;
      return h('div', {}, h('h3', {}, suite.suite, h('small', {}, suite.here ? 'this network' : 'a twin of it')), h('span', { class: `v ${tone}` }, (signs[tone] ?? '') + suite.verdict), ...whole(suite.reason ?? ''),
        suite.exchange ? h('button', { type: 'button', class: 'plain', 'data-suite': suite.suite, onclick: () => this.showExchange(isShown ? null : suite.exchange) }, isShown ? 'Back to this network' : 'Show it in the picture') : null);
    }));
    if (focused) byID('foe-suites').querySelector(`[data-suite="${focused}"]`)?.focus({ preventScroll: true });
  }
}

