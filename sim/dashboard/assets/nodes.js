// The list of nodes, with what can be done to them.

import { byID, h, number } from './dom.js';
import { attempt, changeNode } from './api.js';

const most = 100; // rows

export class Nodes {
  constructor(network) {
    this.network = network;
    this.names = network.nodes;
    this.rows = new Map();
    byID('nodes-filter').oninput = () => this.update();
  }

  update() {
    const words = byID('nodes-filter').value.toLowerCase().split(/\s+/).filter(Boolean), lowest = this.network.lowestByNode();
    const found = this.names.flatMap((node, i) => {
      const state = this.network.isRunning(node) ? 'running' : 'stopped';
      return words.every(word => `${node} ${state}`.toLowerCase().includes(word)) ? [[node, state, lowest[i]]] : [];
    });
    const rows = found.slice(0, most).map(entry => this.row(...entry));
    const body = byID('nodes');
    if (rows.length !== body.children.length || rows.some((row, i) => row !== body.children[i])) body.replaceChildren(...rows);
    byID('nodes-more').textContent = found.length > most ? `${most} of ${number(found.length)} are shown; the filter finds the others.` : '';
  }

  // row returns the row of a node, always the same one, so that the focus stays.
  row(node, state, level) {
    if (!this.rows.has(node)) this.rows.set(node, this.newRow(node));
    const row = this.rows.get(node), [, stateCell, levelCell] = row.children;
    stateCell.textContent = state;
    stateCell.className = state === 'running' ? '' : 'bad';
    levelCell.textContent = state === 'stopped' || level === undefined ? '' : level < 0 ? 'not registered' : number(level);
    row.change.textContent = state === 'running' ? 'Stop' : 'Start';
    row.change.setAttribute('aria-label', `${row.change.textContent} ${node}`);
    return row;
  }

  newRow(node) {
    const change = changeButton(node, () => this.network.isRunning(node));
    const lie = node.startsWith('hub/') && h('button', { type: 'button', class: 'small', 'aria-label': `Let ${node} lie`,
      title: 'alters the shares that it hands out, until faults are cleared', onclick: () => attempt(byID('nodes-message'), () => changeNode(node, 'corrupt')) }, 'Let lie');
    const row = h('tr', {}, h('td', {}, node), h('td'), h('td', { class: 'num' }), h('td', {}, change, lie || ''));
    row.change = change;
    return row;
  }
}

// changeButton stops a node that runs, and starts one that does not.
export function changeButton(node, isRunning) {
  const button = h('button', { type: 'button', class: 'small', 'data-node': node, onclick: async () => {
    button.disabled = true;
    await attempt(byID('nodes-message'), () => changeNode(node, isRunning() ? 'stop' : 'start'));
    button.disabled = false;
  } });
  return button;
}
