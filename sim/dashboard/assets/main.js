// The page passes what the network reports to the parts that show it.

import { byID, write } from './dom.js';
import { Attacker } from './attacker.js';
import { Drawer } from './drawer.js';
import { Faults } from './faults.js';
import { Figures } from './figures.js';
import { Ladder } from './ladder.js';
import { Log } from './log.js';
import { Maker } from './maker.js';
import { Network } from './network.js';
import { Nodes } from './nodes.js';
import { place } from './place.js';
import { Requests } from './requests.js';
import { legend, Stage } from './stage.js';
import { columnsIn, Stock } from './stock.js';
import * as columns from './columns.js';
import * as terms from './terms.js';
import { Transport } from './transport.js';
import { clock, number } from './words.js';

const retry = 2000; // milliseconds between attempts to reach the network

columns.prepare(document.querySelector('main'));

let network, nodes, faults, stock, stream, lostAt;

const drawer = new Drawer();
const stage = new Stage(byID('picture'), { choose: name => maker.choose(name), now: name => network.hub(name, maker.view?.master.client) });
const transport = new Transport((t, step) => {
  stage.paint(t);
  maker.paint(step);
  attacker.paint(t);
  stock?.light(onTheirWay(t));
});
const ladder = new Ladder(row => openRow(row.index));
const attacker = new Attacker({
  changed: owns => {
    stage.isTapped = owns.links !== 'none';
    network.state.owned = owns.hubs;
    nodes.update();
    if (maker.view) stage.paint(transport.t);
  },
  show: id => id ? maker.look(id, true) : maker.look(maker.exchanges.findLast(x => !x.twin)?.id, true),
});
const maker = new Maker(stage, transport, (v, at) => {
  if (drawer.isOpen && drawer.isOfLadder && ladder.exchange.id !== v.exchange.id) drawer.close();
  ladder.show(v.exchange);
  attacker.show(v, at);
});
const requests = new Requests({ show: id => maker.look(id, true), open: openEvent, example });
const log = new Log(openEvent);
const figures = new Figures();

// onTheirWay returns the associations on whose lines a sealed share is at a time.
function onTheirWay(t) {
  const { view: v } = maker;
  if (!v || !stage.layout || v.exchange.twin) return [];
  return v.hubs.flatMap((hub, i) => {
    const where = place(stage, i, t);
    return where?.sealed && !where.lost ? [[hub.name, t < stage.at.rest ? v.master.client : v.slave.client]] : [];
  });
}

// openRow opens a message of the ladder, with keys for the neighbouring rows.
function openRow(index) {
  const row = ladder.rows[index], beside = by => ladder.rows[index + by] && (() => openRow(ladder.marked + by)), button = ladder.mark(index), hub = maker.view.hubs.find(one => row.event.to.endsWith(`/${one.name}`));
  button?.scrollIntoView({ block: 'nearest' });
  drawer.isOfLadder = true;
  drawer.show({ event: { ...row.event, fits: hub?.fits }, isAnswer: row.isAnswer, text: row.text, isViewer: network.isViewer, before: beside(-1), after: beside(1), closed: closeRow, row: button });
}

const closeRow = () => ladder.mark(undefined);

function openEvent(event, row) {
  drawer.isOfLadder = false;
  drawer.show({ event, isAnswer: false, isViewer: network.isViewer, row });
}

// example returns a command that makes a request of an encryptor.
function example() {
  const client = network.clients[0], other = network.encryptors.find(name => !client.encryptors.includes(name)) ?? network.encryptors[0];
  return `curl -H 'Authorization: ${client.encryptors[0]}' ${location.origin}/client/${client.name}/etsi/api/v1/keys/${other}/enc_keys`;
}

function introduce(introduction) {
  if (network?.id === introduction.network) return; // the stream was interrupted
  const isAnother = Boolean(network);
  drawer.close();
  stock?.end();
  network = new Network(introduction);
  document.title = `dske: ${network.hubs.length} hubs, ${network.clients.length} clients`;
  byID('facts').textContent = `${number(network.hubs.length)} hubs, ${number(network.clients.length)} clients${perClient()} · suite ${introduction.suite}`;
  byID('watching').hidden = !network.isViewer;
  byID('another').hidden = !isAnother;
  [nodes, faults, stock] = [new Nodes(network), new Faults(network), new Stock(network)];
  for (const part of [requests, log]) part.clear();
  byID('ladder-card').hidden = true;
  byID('picture').replaceChildren();
  stage.view = null;
  maker.prepare(network);
  attacker.view = null;
  attacker.prepare(network);
  figures.clear(network);
}

function perClient() {
  const counts = new Set(network.clients.map(client => client.hubs.length));
  return counts.size === 1 && !counts.has(network.hubs.length) ? `, ${[...counts][0]} hubs each` : '';
}

function update(state) {
  network.take({ ...network.state, ...state });
  nodes.update();
  maker.refresh();
  figures.add(network.state);
  faults.update(network.state);
  document.body.dataset.ready = '';
}

function levels(changed) {
  network.takeLevels(changed);
  stock.draw();
  maker.refresh();
}

function traffic(batch) {
  log.add(batch);
  requests.add(batch.events);
}

function connect() {
  if (document.hidden || stream) return;
  const address = `/dashboard/v1/stream?columns=${columnsIn(byID('stock').parentElement.clientWidth)}`;
  stream = new EventSource(address);
  const on = (name, act) => stream.addEventListener(name, event => act(JSON.parse(event.data)));
  on('introduction', introduce);
  on('state', update);
  on('levels', levels);
  on('traffic', traffic);
  on('exchange', exchange => maker.take(exchange));
  on('attack', owns => attacker.take(owns));
  stream.onopen = () => found();
  stream.onerror = () => {
    disconnect();
    lost(`The network does not answer since ${clock(lostAt ??= new Date())}.`);
    isFull(address).then(full => { if (full && lostAt) lost('Too many pages are open. This one has to wait until another is closed.'); });
    setTimeout(connect, retry);
  };
}

function disconnect() {
  stream?.close();
  stream = null;
}

function found() {
  lostAt = null;
  byID('live').textContent = 'live';
  byID('banner').hidden = true;
  document.body.classList.remove('down');
  for (const part of document.querySelectorAll('.changing')) part.inert = false;
}

// isFull reports whether the network refuses the stream because too many pages are open; an EventSource cannot tell.
async function isFull(address) {
  const asking = new AbortController();
  const status = await fetch(address, { signal: asking.signal }).then(answer => answer.status, () => 0);
  asking.abort();
  return status === 503;
}

// lost shows why nothing is reported. Whatever would change the network is disabled; replay still works.
function lost(why) {
  byID('live').textContent = 'no answer';
  write(byID('banner-head'), why);
  byID('banner').hidden = false;
  document.body.classList.add('down');
  for (const part of document.querySelectorAll('.changing')) part.inert = true;
}

byID('signs').replaceChildren(...legend(terms.term));
terms.prepare(() => maker.view ? [maker.view.n, maker.view.k] : [network.hubs.length, network.topology.threshold]);
connect();
// A hidden page costs nothing, not even one of the few connections that a browser opens to one address.
document.addEventListener('visibilitychange', () => {
  if (document.hidden) {
    disconnect();
    byID('live').textContent = 'paused';
  } else connect();
});
