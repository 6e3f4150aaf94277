// The key card: making a key, selecting an earlier one, and telling its story beside its picture.

import { arrange, byID, h, unused, write } from './dom.js';
import { ask } from './api.js';
import { lieButton, stopButton } from './nodes.js';
import { schedule, tell, view } from './story.js';
import { filled } from './terms.js';
import { brief, clock, grouped, number, some } from './words.js';

const kept = 32, patience = 300; // exchanges; milliseconds until the page says that it waits

export class Maker {
  // shown is called with each new exchange in the picture: its view, its schedule and its steps.
  constructor(stage, transport, shown) {
    Object.assign(this, { stage, transport, shown, exchanges: [], view: null });
    byID('make-form').onsubmit = event => { event.preventDefault(); this.make(); };
    byID('past').onchange = () => this.look(byID('past').value);
  }

  prepare(network) {
    Object.assign(this, { network, exchanges: [], view: null, steps: null, painted: null, chosen: null, bar: null });
    this.transport.show([], 0);
    this.encryptors();
    byID('past-words').textContent = network.isViewer ? 'Look at' : 'or look at';
    for (const element of byID('make-form').querySelectorAll('.operator')) element.hidden = network.isViewer;
    byID('stage').classList.remove('told');
    this.result(null);
    this.pastList();
    this.introduce();
    this.nodebar();
  }

  // encryptors fills the lists; with more than 50 entries they are fields with suggestions.
  encryptors() {
    const names = this.network.encryptors, isLong = names.length > 50;
    ['master', 'slave'].forEach((id, i) => {
      const field = isLong ? h('input', { id, list: 'encryptors', value: names[i] ?? '', size: 12, autocomplete: 'off' })
        : h('select', { id }, ...names.map((name, j) => h('option', { value: name, selected: j === this.second(i) }, name)));
      byID(id).replaceWith(field);
    });
    byID('encryptors').replaceChildren(...(isLong ? names.map(value => h('option', { value })) : []));
  }

  // second selects an encryptor of another client as slave, so that there are two clients in the picture.
  second(i) {
    if (i === 0) return 0;
    const first = this.network.clients[0]?.encryptors.length ?? 1;
    return first < this.network.encryptors.length ? first : Math.min(1, this.network.encryptors.length - 1);
  }

  introduce() {
    this.write('1', '', 'Make a key and follow it', ['Choose two encryptors and press the button. The picture shows what happens, step by step and as slowly as you like.']);
    byID('rule').textContent = `any ${this.network.topology.threshold} shares make a key: the threshold is ${this.network.topology.threshold}`;
  }

  async make() {
    const button = byID('make'), master = byID('master').value, slave = byID('slave').value, client = this.network.clients.find(one => one.encryptors.includes(master))?.name ?? master;
    const waiting = setTimeout(() => this.write('1', '', `${client} is making a key…`, ['The shares are on their way.']), patience);
    button.disabled = true;
    try {
      const { ladder, ...exchange } = await ask('POST', '/sim/v1/exchanges', { master, slave });
      this.take(exchange);
      this.show(exchange);
      this.transport.play(0);
    } catch (error) {
      this.write('✗', 'no', 'No key', [error.message]);
    } finally {
      clearTimeout(waiting);
      button.disabled = false;
      if (document.activeElement === document.body) button.focus({ preventScroll: true });
    }
  }

  // take receives an exchange, of this page, of another one, or from outside.
  take({ ladder, ...exchange }) { // the ladder is drawn from the events
    const i = this.exchanges.findIndex(one => one.id === exchange.id), isShown = this.view?.exchange.id === exchange.id;
    if (exchange.outcome.kind === 'unseen') {
      this.exchanges = this.exchanges.filter(one => one.id !== exchange.id);
      return this.pastList();
    }
    if (i >= 0) this.exchanges[i] = exchange;
    else this.exchanges.push(exchange);
    if (!exchange.twin) this.exchanges.sort((a, b) => a.began < b.began ? -1 : 1);
    this.exchanges = this.exchanges.slice(-kept);
    this.pastList();
    if (isShown && JSON.stringify(this.view.exchange) !== JSON.stringify(exchange)) this.update(exchange);
    else if (!this.view) this.show(exchange, true);
    else if (this.network.isViewer && i < 0 && exchange.origin === 'page') { this.show(exchange); this.transport.play(0); }
  }

  // update receives a new version of the exchange in the picture, and continues from the same time.
  update(exchange) {
    const { t, isPlaying, until } = this.transport, wasOver = t >= this.transport.end - .01, before = this.transport.end;
    this.show(exchange);
    if (wasOver) this.transport.play(before);
    else if (isPlaying) this.transport.play(t, until);
    else this.transport.set(Math.min(t, this.transport.end));
  }

  pastList() { unused(byID('past'), () => this.drawPast()); }

  drawPast() {
    const past = byID('past'), before = new Map([...past.options].map(option => [option.value, option])), entry = (value, text) => {
      const option = before.get(value) ?? h('option', { value });
      write(option, text);
      return option;
    };
    arrange(past, this.exchanges.length ? this.exchanges.toReversed().map(x => entry(x.id, `${x.master.encryptor} – ${x.slave.encryptor}${remark(x)}, ${clock(x.began)}`)) : [entry('', 'none yet')]);
    past.value = this.view?.exchange.id ?? '';
    past.disabled = !this.exchanges.length;
  }

  // look shows an exchange by its ID, from the beginning or at its end.
  async look(id, isPlayed) {
    let exchange = this.exchanges.find(one => one.id === id);
    try {
      exchange ??= await ask('GET', `/sim/v1/exchanges/${encodeURIComponent(id)}`);
    } catch (error) {
      return this.write('✗', 'no', 'It cannot be shown', [error.message]);
    }
    this.show(exchange, !isPlayed);
    if (isPlayed) {
      byID('key').scrollIntoView();
      this.transport.play(0);
    }
  }

  show(exchange, isAtEnd) {
    const v = this.view = view(exchange), at = schedule(v);
    this.steps = tell(v, at);
    byID('stage').classList.add('told');
    byID('rule').textContent = exchange.twin ? `shown: the twin of this network in suite ${exchange.suite}` : `${some(v.n, 'hub')}, and any ${some(v.k, 'share')} make${v.k === 1 ? 's' : ''} a key: the threshold is ${v.k}`;
    this.stage.show(v, at);
    this.shown(v, at);
    this.transport.show(this.steps, at.end);
    this.pastList();
    this.result(v);
    this.nodebar();
    if (isAtEnd) this.transport.jump(this.steps.length - 1);
  }

  // paint shows the words of the step.
  paint(i) {
    const step = this.steps[i];
    if (step === this.painted) return;
    byID('result').hidden = step.tone !== 'ok';
    this.write(step.tone === 'ok' ? '✓' : step.tone === 'no' ? '✗' : String(i + 1), step.tone ?? '', step.head, step.text);
    this.painted = step;
  }

  write(sign, tone, head, text) {
    const told = JSON.stringify([sign, tone, head, text]);
    this.painted = null;
    if (told === this.told) return; // a word with the focus keeps it
    this.told = told;
    byID('story').className = `story ${tone}`;
    byID('story-sign').textContent = sign;
    byID('story-head').textContent = head;
    byID('story-text').replaceChildren(...filled(text));
  }

  // result writes the line of the last step. The key is shown only on request.
  result(v) {
    const key = v?.isMade && !v.isForged ? v.exchange.id : undefined;
    if (key && key === this.resultOf) return; // a revealed key stays
    this.resultOf = key;
    if (!key) return byID('result').replaceChildren();
    const { exchange, slave, master } = v;
    const button = h('button', { type: 'button', class: 'small', onclick: () => reveal(exchange, button) }, 'Reveal the key');
    byID('result').replaceChildren(h('span', {}, 'Key ', h('code', { title: master.key_id }, brief(master.key_id))), h('span', {}, 'fingerprint at both ', h('code', {}, grouped(slave.fingerprint))),
      ...(this.network.isViewer || exchange.twin || exchange.origin !== 'page' ? [] : [button]));
  }

  // choose selects a hub of the picture for the line below it.
  choose(name) {
    this.chosen = this.chosen === name ? null : name;
    this.stage.chosen = this.chosen;
    this.stage.paint(this.transport.t);
    this.nodebar();
  }

  nodebar() {
    const { network, chosen } = this, bar = byID('nodebar');
    this.stage.chosen = chosen;
    if (this.bar && this.bar.chosen === chosen) return this.describe(); // keep its buttons
    this.bar = null;
    if (!chosen || !network.hubIndex.has(chosen)) {
      bar.replaceChildren(h('span', { class: 'quiet' }, !this.view ? '' : network.isViewer ? 'Choose a hub in the picture to see its stock.' : 'Choose a hub in the picture to stop it, to let it lie, or to see its stock.'));
      return;
    }
    const node = `hub/${chosen}`, words = h('span'), buttons = network.isViewer ? [] : [stopButton(node, network), lieButton(node, network, true)];
    bar.replaceChildren(h('strong', {}, chosen), words, ...buttons);
    this.bar = { chosen, words, buttons };
    this.describe();
  }

  // refresh shows changes in the network.
  refresh() {
    this.describe();
    if (this.view) this.stage.paint(this.transport.t);
  }

  describe() {
    if (!this.bar) return;
    const { network, chosen, view: v } = this, [state] = network.stateOf(`hub/${chosen}`);
    const stocks = (v ? [...new Set([v.master.client, v.slave.client])] : []).flatMap(client => { const bytes = network.bytes(chosen, client); return bytes === undefined ? [] : [`${client} ${number(bytes)} bytes`]; });
    write(this.bar.words, (state === 'stopped' ? 'is stopped' : state === 'lies' ? 'lies: it changes its shares' : state === 'running' ? 'runs, honest' : state) + (stocks.length ? ` · PSRD: ${stocks.join(', ')}` : ''));
    this.bar.buttons.forEach(button => button.update());
  }
}

const remark = x => x.outcome.kind === 'waiting' ? ' (not fetched)' : x.twin ? ' (twin)' : !['made', 'replaced'].includes(x.outcome.kind) ? ' (no key)' : x.origin === 'outside' ? ' (outside)' : '';

// reveal shows the values of the key, which nothing else on the page has.
async function reveal(exchange, button) {
  try {
    const { master, slave } = await ask('POST', `/sim/v1/exchanges/${exchange.id}/values`);
    const hide = h('button', { type: 'button', class: 'small', onclick: () => { shown.replaceWith(button); button.focus(); } }, 'Hide');
    const shown = h('span', { class: 'values' }, h('code', {}, master), master === slave ? ' at both ' : h('code', {}, slave), hide);
    button.replaceWith(shown);
    hide.focus();
  } catch (error) {
    button.replaceWith(h('span', { class: 'fail' }, error.message));
  }
}
