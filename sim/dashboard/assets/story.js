// The story of an exchange, in steps. Everything here is a function of the exchange as the network recorded it, and
// does not use the page: view reads the record, schedule computes when things happen on the clock of the picture, in
// seconds, and tell puts it into words.

import { cap, list, ordinal, some, word } from './words.js';

// view converts an exchange for the picture. Hubs and shares are identified by their index in the record.
export function view(exchange) {
  const { hubs, threshold: k, master, slave, suite, outcome } = exchange;
  const all = hubs.map((_, i) => i), names = hubs.map(hub => hub.name);
  const order = all.filter(i => hubs[i].arrived > 0).sort((a, b) => hubs[a].arrived - hubs[b].arrived);
  const placed = all.filter(i => hubs[i].placed);
  const used = all.filter(i => outcome.used?.includes(hubs[i].number));
  const liars = all.filter(i => outcome.liars?.includes(names[i]));
  return {
    exchange, hubs, names, k, n: hubs.length, suite, master, slave, outcome, order, placed, used, liars,
    isPlaced: placed.length >= k,                  // enough shares to hand out the key
    isAsked: outcome.kind !== 'waiting',           // the slave has asked for it
    isMade: outcome.kind === 'made' || outcome.kind === 'replaced',
    isForged: outcome.kind === 'replaced',
    decides: used.length ? Math.max(...used.map(i => order.indexOf(i))) : -1, // the arrival that makes the key
    silent: all.filter(i => !hubs[i].placed),
    number: i => hubs[i].number || i + 1,
  };
}

const back = .95, out = 1, pause = .7; // duration of a share's way back, of its way out, and how long k-1 shares stand

// schedule returns when everything happens. Times of single shares are functions: sent(i) by share, leave(j) and
// arrive(j) by the order of arrival.
export function schedule(v) {
  const { n, k, order, hubs } = v;
  const apart = Math.min(.28, 1.6 / n), gap = Math.min(.75, 6 / n);
  const split = 1.4, send = 3.4, rest = send + apart * n + 1.1;
  const gather = rest + 4.6, refused = order.some(i => hubs[i].refused) ? 2.1 : 0; // changed answers come before the true ones
  const late = j => j >= k - 1 && k > 1 ? pause + back - gap : 0;
  const leave = j => gather + refused + j * gap + late(j), arrive = j => leave(j) + back;
  const last = arrive(Math.max(0, order.length - 1));
  const made = v.decides < 0 ? last : arrive(v.decides);
  const at = { split, send, rest, handOver: rest + .5, tell: rest + 1.9, fetch: rest + 3.3, gather, leave, arrive, made, last,
    forge: j => gather + j * gap, refused, deliver: made + 1.2, sent: i => send + i * apart, there: i => send + i * apart + out };
  return { ...at, end: ending(v, at) };
}

function ending(v, at) {
  if (!v.isPlaced) return v.placed.length + v.silent.filter(i => v.hubs[i].number).length ? at.rest + 1.2 : at.split + 1.2;
  if (!v.isAsked) return at.fetch + .9;
  if (!v.order.length) return at.gather + 1.4;
  return Math.max(at.deliver + 1.2, at.last) + .6;
}

// tell returns the steps: {short, until, head, text, tone}. Text is a list of strings and of terms, [name, text].
export function tell(v, at = schedule(v)) {
  const steps = [];
  const add = (short, until, head, text, tone) => steps.push({ short, until, head, text, tone });
  const chapters = [begin, scatter, fetch, gather, finish];
  for (const chapter of chapters) {
    if (chapter(v, at, add) === 'end') break;
  }
  steps.at(-1).until = at.end;
  return steps;
}

const isTried = v => v.hubs.some(hub => hub.number > 0);

function begin(v, at, add) {
  const { master, slave, n, k } = v;
  add('Ask', at.split, `${master.encryptor} asks for a key`,
    [`${master.encryptor} is an encryptor. It asks its client ${master.client} for a key that ${slave.encryptor} can have too.`]);
  if (!v.isPlaced && !isTried(v)) return refusal(v, add, master.encryptor);
  add('Split', at.send, `${master.client} splits a key into ${some(n, 'share')}`, [
    `${master.client} draws a key at random and splits it into `, ['share', 'shares'], `. Any ${k} of them ${k === 1 ? 'gives' : 'give'} it back (the `,
    ['threshold', 'threshold'], k === 1 ? ').' : `); with ${k - 1} ${v.suite === 'its' ? 'every key is still equally likely.' : 'it takes a guess of the whole key to get further.'}`]);
  add('Send', at.rest, 'Each share leaves sealed', [
    `Each hub gets one: ${v.hubs.slice(0, 2).map((hub, i) => `share ${v.number(i)} ${i ? '' : 'goes '}to ${hub.name}`).join(', ')}${n > 2 ? ', and so on' : ''}. They are sealed with a `,
    ['pad', 'one-time pad'], ': bytes of ', ['psrd', 'PSRD'], ` that only ${master.client} and that hub have, and that both destroy.`]);
}

// refusal ends a story with a sentence from the network.
function refusal({ outcome }, add, encryptor) {
  const { reason } = outcome;
  add('No key', 0, 'No key', [`${(reason?.text ?? 'The request was refused').replace(/[^.]$/, '$&.')} ${encryptor} gets the answer ${reason?.code ?? 503}.`], 'no');
  return 'end';
}

function scatter(v, at, add) {
  const { master, hubs, n, k } = v, silent = v.silent.map(i => v.names[i]);
  if (!v.isPlaced) {
    add('No key', 0, 'No key', [`${hubsOf(silent)} did not answer. Only ${v.placed.length} of ${n} shares found a place, and ${k} are needed. ${master.encryptor} gets the answer 503 and can ask again.`], 'no');
    return 'end';
  }
  const first = v.placed[0];
  add('Keep', at.tell, 'A hub knows one share', [
    `Each hub keeps one share. Share ${v.number(first)} at ${hubs[first].name} says nothing about the key. ` +
    (silent.length ? `${list(silent)} did not answer; ${word(v.placed.length)} shares are enough. ` : '') + `${master.encryptor} gets the key and its ID.`]);
}

const hubsOf = names => `Hub${names.length === 1 ? '' : 's'} ${list(names)}`;

function fetch(v, at, add) {
  const { master, slave } = v;
  add('Tell', at.fetch, `${master.encryptor} tells ${slave.encryptor} the key’s ID`,
    ['The ID is not secret. It goes over the very line that the two encryptors want to protect.']);
  if (!v.isAsked) return wait(v, add);
  if (v.outcome.kind === 'refused') return refusal(v, add, slave.encryptor);
  add('Fetch', at.gather + .1, `${slave.encryptor} asks for that key`,
    [`${slave.encryptor} asks its client ${slave.client}, and ${slave.client} asks the hubs for their shares.`]);
}

function wait({ slave }, add) {
  add('Wait', 0, `${slave.encryptor} has not asked yet`, [`The shares wait at the hubs. They go on when ${slave.encryptor} asks ${slave.client} for the key with this ID.`]);
  return 'end';
}

function gather(v, at, add) {
  const { slave, k, n, order } = v;
  if (order.length < k && !v.isMade) {
    add('No key', 0, 'No key', [`Only ${order.length} of ${n} shares came back, and ${k} are needed. ${slave.encryptor} gets the answer 503 and can ask again.`], 'no');
    return 'end';
  }
  if (v.isForged) return forged(v, at, add);
  if (at.refused) {
    add('Refuse', at.gather + at.refused, 'Changed answers are refused', [`On the line the attacker puts in answers to another request. Their tag does not cover this one, so ${slave.client} refuses them and asks again.`]);
  }
  if (k > 1) {
    add(nth(k - 1), at.arrive(k - 2) + .4, `${cap(inWords(k - 1))}: still nothing`,
      [`The shares come sealed again, now with ${slave.client}’s PSRD. With ${k - 1} of ${k} shares ${slave.client} knows as much about the key as with none.`]);
  }
  return decision(v, at, add);
}

// nth returns the name of the step that has brought so many shares.
const nth = n => cap(n <= 10 ? word(n) : ordinal(n));

const inWords = n => `${word(n)} share${n === 1 ? '' : 's'}`;

function decision(v, at, add) {
  const { slave, k, outcome } = v, short = nth(k), all = cap(inWords(k));
  if (!v.isMade) {
    add(short, at.arrive(k - 1) + .4, `${all} that do not fit`, [`Together they give a key that fails its check. So somebody lies, and ${slave.client} waits for more.`]);
    add('No key', 0, 'No key, and nobody can tell who lied', [
      `${misfit(v)} ${slave.encryptor} gets the answer ${outcome.reason?.code ?? 503}, never a wrong key.`], 'no');
    return 'end';
  }
  if (v.decides >= k) {
    add(short, at.arrive(k - 1) + .4, `${all} that do not fit`, [`Together they give a key that fails its check. So somebody lies, and ${slave.client} waits for more.`]);
    add('Key', at.deliver, `Shares ${list(numbers(v, v.used))} make the key`, [`Of all sets of ${k} only this one passes the check.`]);
    return;
  }
  add(short, at.deliver, `The ${ordinal(k)} share makes the key`, [`${all} fit one key only. ` +
    (v.suite === 'its' ? 'A tag that came with every share shows that it is the right one.' : 'A digest hidden in the shares shows that it is the right one.')]);
}

// misfit explains why nobody can tell who lied: as many may lie as there are answers beyond those that make a key.
function misfit({ n, k, order: { length: came } }) {
  if (came === k) return `The ${k} shares that came do not fit together. Somebody lied, and no share is left over to tell who.`;
  return `No ${k} of the ${came} shares fit together. At most ${came - k} of ${came === n ? `${n} hubs` : `the ${came} hubs that answered`} may lie; here more do.`;
}

const numbers = (v, shares) => shares.map(i => String(v.number(i))).sort((a, b) => a - b);

// forged tells the attack on answers that are not bound to a request.
function forged(v, at, add) {
  const { master, slave, k } = v;
  add('Change', at.arrive(Math.max(0, k - 2)) + .4, 'The attacker changes the answers', ['On the line he puts in answers that belong to a key of his own client mallory. In dske-python an answer is bound to no request, so every signature is right.'], 'no');
  add('Key', at.deliver, `${slave.client} makes a key that the attacker knows`, [`The shares fit together and the digest is right. It is the key of mallory, not ${master.encryptor}’s.`], 'no');
  add('Taken', 0, 'Two different keys, and nobody notices', [`What ${slave.encryptor} sends with it, the attacker reads. In suite its these answers are refused: their tag covers the request that they answer.`], 'no');
  return 'end';
}

function finish(v, at, add) {
  add('Done', 0, 'Both have the same key', [moral(v)], 'ok');
}

// moral says what the outcome shows.
function moral(v) {
  const { n, k, slave, liars, order, silent } = v, mayFail = `${word(n - k)} hub${n - k === 1 ? '' : 's'} of ${n} may fail`;
  if (liars.length) {
    return `${hubsOf(liars.map(i => v.names[i]))} lied and ${liars.length > 1 ? 'were' : 'was'} outvoted, ${order.length - liars.length} to ${liars.length}. ` +
      `Their shares do not fit the key, so ${slave.client} can name them.`;
  }
  const missing = silent.map(i => v.names[i]);
  if (missing.length) {
    const stopped = silent.every(i => v.hubs[i].state === 'stopped'), many = missing.length > 1;
    return `${hubsOf(missing)} ${stopped ? many ? 'are stopped' : 'is stopped' : 'did not answer'}, and the key was made all the same: ${mayFail}.`;
  }
  return `${unneeded(v, mayFail)}The hubs have handed out their shares and forgotten them.`;
}

function unneeded(v, mayFail) {
  const spare = v.order.filter(i => !v.used.includes(i)), many = spare.length > 1;
  if (!spare.length) return '';
  const which = spare.length > 4 ? `${cap(word(spare.length))} shares` : `Share${many ? 's' : ''} ${list(numbers(v, spare))}`;
  return `${which} ${many ? 'were' : 'was'} not needed: ${mayFail}. `;
}

// stepAt returns the index of the step at a time.
export function stepAt(steps, t) {
  const i = steps.findIndex(step => t <= step.until + 1e-6);
  return i < 0 ? steps.length - 1 : i;
}
