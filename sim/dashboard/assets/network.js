// What the page knows of the network: its topology, which stays, and its state, which comes every second.

export class Network {
  constructor(topology) {
    this.topology = topology;
    this.hubs = topology.hubs.map(h => h.name);
    this.clients = topology.clients;
    const index = new Map(this.hubs.map((name, i) => [name, i]));
    this.hubsOf = this.clients.map(c => c.hubs.map(name => index.get(name)));
    this.state = { hubs: this.hubs.map(() => true), clients: this.clients.map(() => true), levels: this.clients.map(() => []), faults: [] };
  }

  // take makes news the state. Levels that have not changed are not in it.
  take(news) {
    this.state = { ...news, levels: news.levels || this.state.levels };
  }

  get isLarge() { return this.hubs.length > 16 || this.clients.length > 32; }

  get nodes() { return [...this.hubs.map(n => 'hub/' + n), ...this.clients.map(c => 'client/' + c.name)]; }

  isRunning(node) {
    const [kind, i] = this.find(node);
    return kind === 'hub' ? this.state.hubs[i] : this.state.clients[i];
  }

  find(node) {
    const [kind, name] = node.split('/');
    return [kind, kind === 'hub' ? this.hubs.indexOf(name) : this.clients.findIndex(c => c.name === name)];
  }

  clientOf(encryptor) { return this.clients.find(c => c.encryptors.includes(encryptor)); }

  // levelsOf returns the levels of the associations of a node, or of all of them; -1 is one that is not registered.
  levelsOf(node) {
    const { levels } = this.state;
    if (!node) return levels.flat();
    const [kind, i] = this.find(node);
    if (kind === 'client') return levels[i];
    return this.hubsOf.flatMap((hubs, c) => hubs.flatMap((hub, j) => hub === i && levels[c].length ? [levels[c][j]] : []));
  }

  // describe says in words how a client's association is.
  describe(client, j) {
    const names = `${this.clients[client].name} and ${this.hubs[this.hubsOf[client][j]]}: `;
    return names + (this.grade(client, j) === 'none' ? 'not connected' : `${this.state.levels[client][j]} bytes in the emptier pool`);
  }

  // lowestByNode returns the lowest level of each node, in the order of nodes; undefined is none.
  lowestByNode() {
    const hubs = this.hubs.map(() => undefined);
    const clients = this.state.levels.map((levels, c) => {
      levels.forEach((level, j) => {
        const hub = this.hubsOf[c][j];
        hubs[hub] = hubs[hub] === undefined ? level : Math.min(hubs[hub], level);
      });
      return levels.length ? Math.min(...levels) : undefined;
    });
    return [...hubs, ...clients];
  }

  // grade puts the level of a client's association, the one with its hub of index j, into one of four classes.
  grade(client, j) {
    const { state } = this, level = state.levels[client][j];
    if (level === undefined || level < 0 || !state.clients[client] || !state.hubs[this.hubsOf[client][j]]) return 'none';
    return level < this.topology.psrd.low_water ? 'low' : level < this.plenty ? 'mid' : 'high';
  }

  get plenty() { return Math.round((this.topology.psrd.low_water + this.topology.psrd.high_water) / 2); }
}
