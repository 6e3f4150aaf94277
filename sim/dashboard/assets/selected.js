// What is known of the node that was chosen in the picture.

import { byID, h, number } from './dom.js';
import { changeButton } from './nodes.js';

export class Selected {
  constructor(network) {
    this.network = network;
    this.line = h('span');
    byID('selected').replaceChildren(h('span', { class: 'quiet' }, network.isLarge ? '' : 'Choose a client or a hub to see its lines, and to stop it.'));
  }

  choose(node) {
    this.node = node;
    if (!node) return byID('selected').replaceChildren();
    this.button = changeButton(node, () => this.network.isRunning(node));
    byID('selected').replaceChildren(this.line, this.button);
    this.update();
  }

  update() {
    if (!this.node) return;
    const { network, node } = this, running = network.isRunning(node);
    const levels = network.levelsOf(node).filter(level => level >= 0);
    const [kind, i] = network.find(node);
    const encryptors = kind === 'client' ? `, encryptors ${network.clients[i].encryptors.join(', ')}` : '';
    this.line.textContent = `${node} is ${running ? 'running' : 'stopped'}` +
      (running && levels.length ? `, ${levels.length} associations, ${number(Math.min(...levels))} bytes in the emptiest pool` : '') + encryptors;
    this.button.textContent = `${running ? 'Stop' : 'Start'} ${node}`;
  }
}
