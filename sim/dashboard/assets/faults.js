// Faults between the nodes: a list with a button to remove each, and a form that writes a fault as a line of text,
// which can be edited instead.

import { arrange, byID, h, write } from './dom.js';
import { ask, attempt } from './api.js';
import { some } from './words.js';

// kinds of the form: the text before the field of the value, and its default, if there is one.
const kinds = [
  { name: 'delay', before: 'by', value: '100ms' }, { name: 'drop' }, { name: 'drop', as: 'drop answers', fixed: 'response' }, { name: 'hang' }, { name: 'duplicate' },
  { name: 'tamper', as: 'tamper with messages', fixed: 'request' }, { name: 'tamper', as: 'tamper with answers', fixed: 'response' }, { name: 'status', before: 'code', value: '503' },
  { name: 'hostile', as: 'hostile to encryptors', fixed: '', more: 'prob=0.05', from: 'sae/*' }, { name: 'absent', as: 'key not there yet' }, { name: 'exhausted', as: 'PSRD exhausted' },
  { name: 'html', as: 'page instead of an answer' }, { name: 'expired', as: 'certificate expired' },
];

export class Faults {
  constructor(network) {
    this.network = network;
    this.rows = new Map();
    const line = byID('faults-message'), targets = ['', ...network.nodes.slice(0, 200)];
    byID('faults-form').hidden = byID('faults-clear').hidden = network.isViewer;
    byID('faults-kind').replaceChildren(...kinds.map((kind, i) => h('option', { value: i }, kind.as ?? kind.name)));
    for (const [id, more] of [['faults-to', []], ['faults-from', ['sae/*']]]) byID(id).replaceChildren(...targets.concat(more).map(name => h('option', { value: name }, name || 'all')));
    byID('faults-kind').onchange = () => { this.choose(); this.write(); };
    for (const id of ['faults-value', 'faults-to', 'faults-from']) byID(id).oninput = () => this.write();
    byID('faults-form').onsubmit = event => {
      event.preventDefault();
      attempt(line, () => ask('POST', '/sim/v1/faults', { spec: byID('fault').value }));
    };
    byID('faults-clear').onclick = () => attempt(line, () => ask('DELETE', '/sim/v1/faults'));
    byID('fault-help').replaceChildren(...(network.topology.fault_help ?? []).flatMap(help => {
      const [kind, text] = help.split(/ {2,}/);
      return [h('dt', {}, h('code', {}, kind)), h('dd', {}, text)];
    }));
    this.choose();
    this.write();
  }

  get kind() { return kinds[Number(byID('faults-kind').value)] ?? kinds[0]; }

  choose() {
    const { before, value, from } = this.kind;
    if (from) byID('faults-from').value = from;
    byID('faults-value').closest('label').hidden = !value;
    byID('faults-value').closest('label').firstChild.textContent = `${before ?? ''} `;
    byID('faults-value').value = value ?? '';
  }

  // write writes the selection in the drop-downs as a line of text.
  write() {
    const { name, fixed, more } = this.kind, value = fixed ?? byID('faults-value').value.replaceAll(' ', ''), to = byID('faults-to').value, from = byID('faults-from').value;
    byID('fault').value = [value ? `${name}=${value}` : name, from && `from=${from}`, to && `to=${to}`, more].filter(Boolean).join(' ');
  }

  update({ faults }) {
    const list = byID('faults'), hadFocus = list.contains(document.activeElement), before = this.rows;
    this.rows = new Map(faults.map(fault => [name(fault), before.get(name(fault)) ?? this.row(fault)]));
    this.none ??= h('li', { class: 'quiet' }, 'There are none.');
    arrange(list, faults.length ? [...this.rows.values()] : [this.none]);
    for (const fault of faults) write(this.rows.get(name(fault)).querySelector('.fired'), ` fired ${some(fault.fired, 'time')}`);
    if (hadFocus && document.activeElement === document.body) (list.querySelector('button') ?? byID('fault')).focus({ preventScroll: true });
  }

  row({ id, spec }) {
    const remove = () => attempt(byID('faults-message'), () => ask('DELETE', `/sim/v1/faults/${encodeURIComponent(id)}`));
    return h('li', { class: 'fault' }, h('span', {}, h('code', {}, spec), h('span', { class: 'quiet fired' })),
      this.network.isViewer || id === undefined ? null : h('button', { type: 'button', class: 'small', 'aria-label': `Remove ${spec}`, onclick: remove }, '✕'));
  }
}

// name identifies a fault; some have no ID, such as a lying hub.
const name = ({ id, spec }) => `${id} ${spec}`;
