// The list of hubs and clients, with buttons to change them.

import { arrange, byID, h, write } from './dom.js';
import { attempt, changeNode, letLie } from './api.js';
import { number } from './words.js';

const most = 50; // rows

export class Nodes {
  constructor(network) {
    this.network = network;
    this.rows = new Map();
    byID('nodes').replaceChildren();
    byID('nodes-filter').oninput = () => this.update();
  }

  update() {
    const words = byID('nodes-filter').value.toLowerCase().split(/[\s,]+/).filter(Boolean);
    const found = this.network.nodes.filter(node => words.every(word => `${node} ${this.network.stateOf(node)[0]}`.toLowerCase().includes(word)));
    arrange(byID('nodes'), found.slice(0, most).map(node => this.row(node)));
    write(byID('nodes-more'), found.length > most ? `${most} of ${number(found.length)} are shown; the filter finds the others.` : found.length ? '' : 'No node matches.');
  }

  // row returns the row of a node, always the same element, so that the focus stays.
  row(node) {
    if (!this.rows.has(node)) this.rows.set(node, this.newRow(node));
    const row = this.rows.get(node), [state, tone] = this.network.stateOf(node);
    const cell = row.children[1].firstChild;
    write(cell, state);
    cell.className = tone;
    row.update();
    return row;
  }

  newRow(node) {
    const changes = this.network.isViewer ? [] : [stopButton(node, this.network), node.startsWith('hub/') && lieButton(node, this.network)].filter(Boolean);
    const row = h('tr', {}, h('td', {}, node), h('td', { class: 'state' }, h('span')), h('td', { class: 'changes' }, ...changes.flatMap(button => [button, ' '])));
    row.update = () => changes.forEach(button => button.update());
    return row;
  }
}

// changing makes a button whose words say what it would do; act is called when it is pressed.
function changing(node, attributes, words, act) {
  const button = h('button', { type: 'button', class: 'small', ...attributes, onclick: async () => {
    button.disabled = true;
    await attempt(byID('nodes-message'), act);
    button.disabled = false;
    if (document.activeElement === document.body) button.focus({ preventScroll: true }); // it lost the focus while disabled
  } });
  button.update = () => {
    const [text, isPressed] = words();
    write(button, text);
    button.setAttribute('aria-label', `${text} ${node}`);
    if (isPressed !== undefined) button.setAttribute('aria-pressed', String(isPressed));
  };
  button.update();
  return button;
}

// stopButton stops a running node, and starts a stopped one.
export const stopButton = (node, network) => changing(node, { 'data-node': node },
  () => network.isRunning(node) ? ['Stop'] : ['Start'], () => changeNode(node, network.isRunning(node) ? 'stop' : 'start'));

// lieButton makes a hub lie, or honest again.
export function lieButton(node, network, isLong) {
  const lies = () => Boolean(network.state.lies?.includes(node.split('/')[1]));
  return changing(node, { 'data-lie': node }, () => lies() ? ['Be honest', true] : [isLong ? 'Let it lie' : 'Let lie', false], () => letLie(node, !lies()));
}
