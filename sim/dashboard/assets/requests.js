// The requests of encryptors, including those from outside the program, newest first, with the reason of a refusal and
// what helps.

import { arrange, byID, h, whole } from './dom.js';
import { helps } from './drawer.js';
import { bare, isOK } from './messages.js';
import { roving } from './roving.js';
import { brief, clock } from './words.js';

const kept = 300, most = 60; // requests, rows

export class Requests {
  // actions: show(exchange ID) shows how a key was made, open(event, row) opens the request and the answer, and example
  // returns a command that makes a request.
  constructor(actions) {
    Object.assign(this, { actions, all: [], chosen: null, made: new Map() });
    this.rove = roving(byID('requests'), 'button.cell', 'ArrowUp', 'ArrowDown');
    byID('requests-refused').onchange = () => this.draw();
  }

  clear() {
    Object.assign(this, { all: [], chosen: null, made: new Map() });
    this.draw();
  }

  add(events) {
    const ours = events.filter(event => event.kind === 'encryptor' || event.kind === 'handshake');
    if (!ours.length) return;
    const known = new Set(this.all.map(name));
    this.all = [...ours.filter(event => !known.has(name(event))), ...this.all].sort((a, b) => a.start < b.start ? 1 : -1).slice(0, kept);
    this.draw();
  }

  draw() {
    const found = this.all.filter(event => !byID('requests-refused').checked || !isOK(event)), before = this.made;
    byID('requests-none').hidden = found.length > 0;
    if (!found.length) byID('requests-none').replaceChildren('None yet. ', ...(this.all.length ? [] : ['To make one: ', h('code', {}, this.actions.example())]));
    this.made = new Map(found.slice(0, most).map(event => [name(event), before.get(name(event)) ?? this.row(event)]));
    arrange(byID('requests'), [...this.made.entries()].flatMap(([name, row]) => this.rows(name, row)));
    this.rove();
  }

  // rows returns the row of a request and, if it is selected, a row with details.
  rows(name, row) {
    const isChosen = this.chosen === name;
    row.classList.toggle('on', isChosen);
    row.querySelector('button').setAttribute('aria-expanded', String(isChosen));
    if (isChosen) row.more ??= h('tr', { class: 'whyrow' }, h('td', { colspan: 2 }, this.why(row.event)));
    else row.more = null;
    return isChosen ? [row, row.more] : [row];
  }

  row(event) {
    const good = isOK(event), choose = () => { this.chosen = this.chosen === name(event) ? null : name(event); this.draw(); };
    const row = h('tr', { class: `pickable ${good ? '' : 'refused'}`, onclick: choose },
      h('td', {}, h('button', { type: 'button', class: 'cell' }, who(event)), ' ', h('span', { class: `tag ${isOutside(event) ? 'out' : ''}` }, isOutside(event) ? host(event.caller.address) : 'this page'),
        h('div', { class: 'line' }, `${clock(event.start)}  ${asked(event)}`)),
      h('td', {}, h('strong', { class: good ? 'good' : 'fail' }, good ? `✓ ${event.status}` : event.kind === 'handshake' ? '✗ TLS' : `✗ ${event.status || 'no answer'}`)));
    return Object.assign(row, { event });
  }

  why(event) {
    const plain = (text, act) => h('button', { type: 'button', class: 'plain', onclick: act }, text);
    const open = h('button', { type: 'button', class: 'plain', onclick: () => this.actions.open(event, open) }, isOK(event) ? 'Open the message' : 'Open what came and what went back');
    if (isOK(event)) {
      return h('div', { class: 'why ok', role: 'status' }, h('strong', {}, `${brought(event)} `), event.exchange ? plain('Show how, in the picture', () => this.actions.show(event.exchange)) : null, ' ', open);
    }
    const [first, ...rest] = sentences(event.reason?.text ?? `The answer was ${event.status}.`);
    return h('div', { class: 'why', role: 'status' }, h('strong', {}, ...whole(`Why ${event.status || 'it was refused'}: ${first}`)), rest.length ? h('p', {}, ...whole(rest.join(' '))) : null,
      event.reason ? helps(event.reason) : null, event.exchange ? plain('Show how, in the picture', () => this.actions.show(event.exchange)) : null, ' ', open);
  }
}

// name identifies a request, also after a restart of the network.
const name = event => `${event.number} ${event.start}`;
const isOutside = event => Boolean(event.caller?.address);
const host = address => address.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
const who = event => bare(event.from) || 'unknown';

function asked(event) {
  if (event.kind === 'handshake') return `TLS handshake at ${bare(event.to)}`;
  const [, other, verb] = event.path.match(/keys\/([^/]+)\/(\w+)$/) ?? [];
  return verb ? `${verb} ${verb === 'dec_keys' ? 'of' : 'for'} ${decodeURIComponent(other)} at ${bare(event.to)}` : `${event.method} ${event.path} at ${bare(event.to)}`;
}

function brought(event) {
  const client = bare(event.to), key = event.key_id ? `key ${brief(event.key_id)}` : 'keys';
  if (/enc_keys$/.test(event.path)) return `${client} made ${key} and scattered its shares.`;
  if (/dec_keys$/.test(event.path)) return `${client} gathered the shares and handed out ${key}.`;
  return `${client} answered.`;
}

// sentences splits a text, so that the first sentence can stand out.
const sentences = text => text.match(/[^.!?]+(?:[.!?](?!\s|$)[^.!?]*)*[.!?]?\s*/g)?.map(one => one.trim()) ?? [text];
