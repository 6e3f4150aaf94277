// The page: what the network tells goes to the parts that show it.

import { byID, number } from './dom.js';
import { Network } from './network.js';
import { Picture, legend } from './topology.js';
import { HeatMap } from './heatmap.js';
import { Nodes } from './nodes.js';
import { Selected } from './selected.js';
import { Levels } from './levels.js';
import * as exchange from './exchange.js';
import * as faults from './faults.js';
import * as figures from './figures.js';
import * as ladder from './ladder.js';
import * as log from './log.js';
import * as travel from './travel.js';

let network, picture, nodes, selected, levels;

function introduce(topology) {
  if (network && sameTopology(network.topology, topology)) return; // the stream was interrupted
  if (network) return location.reload(); // it is another network
  network = new Network(topology);
  document.title = `dske: ${network.hubs.length} hubs, ${network.clients.length} clients`;
  byID('summary').textContent = `${number(network.hubs.length)} hubs, ${number(network.clients.length)} clients, any ${topology.threshold} shares make a key · suite ${topology.suite} · keys from ${topology.key_source} · transport ${topology.transport}`;
  const choose = node => { picture.mark(node); selected.choose(node); };
  picture = new (network.isLarge ? HeatMap : Picture)(network, byID('picture'), choose);
  byID('legend').replaceChildren(...legend(network));
  [nodes, selected, levels] = [new Nodes(network), new Selected(network), new Levels(network)];
  exchange.prepare(network, ladder.show);
  faults.prepare(network);
}

function sameTopology(a, b) {
  const [one, other] = [a, b].map(t => JSON.stringify(t, (name, value) => name === 'running' ? undefined : value));
  return one === other;
}

function update(state) {
  network.take(state);
  for (const part of [picture, nodes, selected, levels]) part.update();
  figures.update(state);
  faults.update(state);
  document.body.dataset.ready = '';
}

function traffic(batch) {
  log.add(batch);
  travel.show(picture, batch.events);
}

let stream;

function connect() {
  if (document.hidden) return;
  const line = byID('connection');
  stream = new EventSource('/dashboard/v1/stream');
  const on = (name, act) => stream.addEventListener(name, event => act(JSON.parse(event.data)));
  on('network', introduce);
  on('state', update);
  on('traffic', traffic);
  stream.onopen = () => { line.textContent = '● live'; line.className = ''; };
  stream.onerror = () => { line.textContent = 'The network does not answer; trying again …'; line.className = 'lost'; };
}

// A page that nobody sees costs nothing, also none of the few connections that a browser opens to one address.
function disconnect() {
  if (stream) stream.close();
  byID('connection').textContent = 'paused';
}

log.prepare();
connect();
document.addEventListener('visibilitychange', () => { disconnect(); connect(); });
