// What the page knows of the network: its structure and its current state.

import { clock } from './words.js';

export class Network {
  constructor(introduction) {
    Object.assign(this, { topology: introduction, id: introduction.network, isViewer: Boolean(introduction.viewer) });
    this.hubs = introduction.hubs.map(hub => hub.name);
    this.clients = introduction.clients;
    this.encryptors = this.clients.flatMap(client => client.encryptors);
    this.nodes = [...this.hubs.map(name => `hub/${name}`), ...this.clients.map(client => `client/${client.name}`)];
    this.hubIndex = new Map(this.hubs.map((name, i) => [name, i]));
    this.clientIndex = new Map(this.clients.map((client, i) => [client.name, i]));
    this.state = { hubs: '', clients: '', lies: [], owned: [], forgotten: {}, faults: [] };
    this.levels = { rows: [], cells: null, columns: 0, bin: 1 };
  }

  get associations() { return this.clients.reduce((sum, client) => sum + client.hubs.length, 0); }

  // couriers says in words when PSRD comes to a pool that is low; see psrd.courier of the topology.
  get couriers() {
    if (!this.topology.psrd.courier) return 'couriers are on their way';
    const next = this.levels.next_courier;
    return next ? `the next courier is expected on ${new Date(next).toDateString()} at ${clock(next)}` : 'no courier is expected';
  }

  take(state) { this.state = state; }

  // takeLevels takes the changed rows.
  takeLevels(levels) {
    for (const [hub, row] of Object.entries(levels.rows ?? {})) this.levels.rows[Number(hub)] = row;
    Object.assign(this.levels, { ...levels, rows: this.levels.rows });
  }

  // stateOf returns a word for the state of a node, and its tone.
  stateOf(node) {
    const [kind, name] = node.split('/');
    if (kind === 'client') {
      const digit = this.state.clients[this.clientIndex.get(name)];
      return digit === '2' ? ['ready', ''] : digit === '1' ? ['getting ready', 'warn'] : ['stopped', 'fail'];
    }
    if (this.state.hubs[this.hubIndex.get(name)] !== '1') return ['stopped', 'fail'];
    if (this.state.lies?.includes(name)) return ['lies', 'foe'];
    if (this.state.owned?.includes(name)) return ['broken into', 'foe'];
    const forgotten = this.state.forgotten?.[name];
    return forgotten ? [`has forgotten ${forgotten}`, 'warn'] : ['running', ''];
  }

  isRunning(node) { return this.stateOf(node)[0] !== 'stopped'; }

  // hub returns the current state of a hub, for the picture; psrd is the number of bytes left with a client, if known.
  hub(name, client) {
    const i = this.hubIndex.get(name);
    if (i === undefined) return { isRunning: true, lies: false, owned: false }; // a hub of the twin
    return { isRunning: this.state.hubs[i] !== '0', lies: Boolean(this.state.lies?.includes(name)), owned: Boolean(this.state.owned?.includes(name)), psrd: this.bytes(name, client) };
  }

  // bytes returns the number of bytes in the emptier pool of an association, if known.
  bytes(hub, client) {
    const bytes = this.levels.cells?.[this.hubIndex.get(hub)]?.[this.clientIndex.get(client)];
    return bytes === null || bytes < 0 ? undefined : bytes;
  }
}
