// Tests of the modules that do not use the page. run returns the errors, in words.

import { record } from './exchanges.js';
import { layout } from '../assets/layout.js';
import { rowsOf } from '../assets/ladder.js';
import { together } from '../assets/messages.js';
import { Network } from '../assets/network.js';
import { place } from '../assets/place.js';
import { schedule, stepAt, tell, view } from '../assets/story.js';

const plain = text => text.map(part => typeof part === 'string' ? part : part[1]).join('');

// told returns the steps of an exchange: a line each, short | headline | sentence.
const told = given => tell(view(record(given))).map(step => `${step.short} | ${step.head} | ${plain(step.text)}`);

const endings = [
  ['made', {}, 9, 'Done | Both have the same key | Shares 3 and 5 were not needed: two hubs of 5 may fail. The hubs have handed out their shares and forgotten them.'],
  ['of 16', { n: 16 }, 9, 'Done | Both have the same key | Seven shares were not needed: seven hubs of 16 may fail. The hubs have handed out their shares and forgotten them.'],
  ['one stopped', { stopped: [0] }, 9, 'Done | Both have the same key | Hub hank is stopped, and the key was made all the same: two hubs of 5 may fail.'],
  ['too few', { stopped: [0, 1, 2] }, 4, 'No key | No key | Hubs hank, helen and hilary did not answer. Only 2 of 5 shares found a place, and 3 are needed. sam gets the answer 503 and can ask again.'],
  ['two liars', { lies: [1, 2] }, 10, 'Done | Both have the same key | Hubs helen and hilary lied and were outvoted, 3 to 2. Their shares do not fit the key, so celia can name them.'],
  ['three liars', { lies: [0, 1, 2] }, 9, 'No key | No key, and nobody can tell who lied | No 3 of the 5 shares fit together. At most 2 of 5 hubs may lie; here more do. serena gets the answer 503, never a wrong key.'],
  ['liars and one stopped', { lies: [1, 2], stopped: [0] }, 9, 'No key | No key, and nobody can tell who lied | No 3 of the 4 shares fit together. At most 1 of the 4 hubs that answered may lie; here more do. serena gets the answer 503, never a wrong key.'],
  ['liars and two stopped', { lies: [1], stopped: [0, 3] }, 9, 'No key | No key, and nobody can tell who lied | The 3 shares that came do not fit together. Somebody lied, and no share is left over to tell who. serena gets the answer 503, never a wrong key.'],
  ['replaced', { kind: 'replaced', suite: 'dske-python' }, 9, 'Taken | Two different keys, and nobody notices | What serena sends with it, the attacker reads. In suite its these answers are refused: their tag covers the request that they answer.'],
  ['not fetched', { kind: 'waiting' }, 6, 'Wait | serena has not asked yet | The shares wait at the hubs. They go on when serena asks celia for the key with this ID.'],
  ['refused', { kind: 'refused', reason: { code: 401, text: 'It is not meant for serena.' } }, 6, 'No key | No key | It is not meant for serena. serena gets the answer 401.'],
  ['never sent', { kind: 'refused', reason: { at: 'master', code: 503, text: 'carol is stopped.' } }, 2, 'No key | No key | carol is stopped. sam gets the answer 503.'],
];

const lines = [
  [{}, 1, 'Split | carol splits a key into 5 shares | carol draws a key at random and splits it into shares. Any 3 of them give it back (the threshold); with 2 every key is still equally likely.'],
  [{ suite: 'dske-python' }, 1, 'Split | carol splits a key into 5 shares | carol draws a key at random and splits it into shares. Any 3 of them give it back (the threshold); with 2 it takes a guess of the whole key to get further.'],
  [{}, 2, 'Send | Each share leaves sealed | Each hub gets one: share 1 goes to hank, share 2 to helen, and so on. They are sealed with a one-time pad: bytes of PSRD that only carol and that hub have, and that both destroy.'],
  [{ stopped: [0] }, 3, 'Keep | A hub knows one share | Each hub keeps one share. Share 2 at helen says nothing about the key. hank did not answer; four shares are enough. sam gets the key and its ID.'],
  [{}, 6, 'Two | Two shares: still nothing | The shares come sealed again, now with celia’s PSRD. With 2 of 3 shares celia knows as much about the key as with none.'],
  [{}, 7, 'Three | The third share makes the key | Three shares fit one key only. A tag that came with every share shows that it is the right one.'],
  [{ lies: [1, 2] }, 8, 'Key | Shares 1, 4 and 5 make the key | Of all sets of 3 only this one passes the check.'],
  [{ refused: [1] }, 6, 'Refuse | Changed answers are refused | On the line the attacker puts in answers to another request. Their tag does not cover this one, so celia refuses them and asks again.'],
];

function stories(check) {
  for (const [name, given, steps, last] of endings) {
    const all = told(given);
    check(`${name}: steps`, all.length, steps);
    check(name, all.at(-1), last);
  }
  for (const [given, i, line] of lines) check(`step ${i + 1}`, told(given)[i], line);
}

function times(check) {
  for (const given of [{}, { n: 16 }, { n: 100, k: 3 }, { lies: [1, 2] }, { lies: [0, 1, 2] }, { stopped: [0, 1, 2] }, { kind: 'waiting' }, { refused: [0] }, { n: 2, k: 2 }]) {
    const v = view(record(given)), at = schedule(v), steps = tell(v, at);
    check('the steps follow each other', steps.every((step, i) => step.until > (steps[i - 1]?.until ?? 0)), true);
    check('the last step ends with the story', steps.at(-1).until, at.end);
    check('the first moment', stepAt(steps, 0), 0);
    check('the last moment', stepAt(steps, at.end), steps.length - 1);
  }
  const at = schedule(view(record()));
  check('five hubs take 17 seconds', Math.round(at.end) <= 18 && at.end >= 15, true);
  check('two shares stand before the third one leaves', (at.leave(2) - at.arrive(1)).toFixed(2), '0.70');
}

// places checks every share at many times: it is where it should be, and never jumps.
function places(check) {
  for (const width of [330, 700, 1200]) {
    for (const given of [{}, { n: 16 }, { n: 60 }, { lies: [1, 2] }, { stopped: [0] }, { refused: [1] }, { kind: 'replaced' }]) {
      const v = view(record(given)), at = schedule(v), scene = { view: v, at, layout: layout(width, v) };
      v.hubs.forEach((hub, i) => path(check, scene, i, `${width} ${JSON.stringify(given)} share ${i + 1}`));
      check('nothing stands outside', scene.layout.hubs.every(box => box.x >= 0 && box.x + box.w <= width && box.y + box.h <= scene.layout.height), true);
      check('the places of the shares are inside', [...scene.layout.slots, ...scene.layout.tray].every(p => p.x > 0 && p.x < width && p.y < scene.layout.height + 1), true);
    }
  }
}

function path(check, scene, i, name) {
  let before = null;
  for (let t = 0; t <= scene.at.end; t += .01) {
    const where = place(scene, i, t);
    if (where && before && where.sealed && before.sealed && !before.refused) check(`${name} jumps at ${t.toFixed(2)}`, Math.hypot(where.x - before.x, where.y - before.y) < 40, true);
    if (where?.sealed && where.got) check(`${name} is sealed and opened`, true, false);
    before = where;
  }
  const v = scene.view, last = place(scene, i, scene.at.end), j = v.order.indexOf(i);
  if (j >= 0 && v.isMade) check(`${name} ends`, [last.got, last.x, last.y, Boolean(last.out)], [true, scene.layout.slots[j].x, scene.layout.slots[j].y, v.liars.includes(i)]);
}

function ladders(check) {
  const event = (number, microseconds, more) => ({ number, start: `2026-11-26T07:12:41.385${String(microseconds).padStart(3, '0')}Z`, duration: 2000, status: 200, fault: '', path: '/x/key-share', method: 'POST', kind: 'share', from: 'client/carol', to: 'hub/hank', ...more });
  const rows = rowsOf({ ...record(), events: [event(2, 5, { share: 1 }), event(1, 0, { kind: 'encryptor', from: 'sae/sam', to: 'client/carol', path: '/e/enc_keys', duration: 9000 }), event(3, 6, { share: 2, to: 'hub/helen', status: 503, reason: { code: 503, text: 'helen is stopped' } })] });
  check('rows', rows.map(row => `${row.at} ${row.from} ${row.to} ${row.text} ${row.tone}`), [
    '0 sae/sam client/carol enc_keys for serena ', '5000 client/carol hub/hank share 1 to hank ', '6000 client/carol hub/helen share 2 to helen ',
    '7000 hub/hank client/carol hank has it ', '8000 hub/helen client/carol 503: helen is stopped bad', '9000 client/carol sae/sam the key and its ID ']);
}

function groups(check) {
  const rows = (isAnswer, ...tones) => tones.map(([hub, tone = '']) => ({ isAnswer, from: isAnswer ? hub : 'celia', to: isAnswer ? 'celia' : hub, tone }));
  check('asked again', together('get', rows(false, ['hank'], ['hugo'], ['hugo'])), 'asks 2 hubs');
  check('came at last', together('ack', rows(true, ['hank'], ['hugo', 'bad'], ['hugo'])), '2 of 2 hubs have it');
  check('some do not fit', together('share', rows(true, ['hank'], ['helen', 'soft'], ['hugo', 'bad'], ['hugo', 'bad'])), '2 shares come, 1 does not fit');
}

function couriers(check) {
  const words = (courier, levels) => {
    const network = new Network({ hubs: [], clients: [], psrd: { courier } });
    network.takeLevels(levels);
    return network.couriers;
  };
  check('over the network', words(undefined, {}), 'couriers are on their way');
  check('never', words('never', { next_courier: null }), 'no courier is expected');
  check('weekly', words({ every: '168h0m0s' }, { next_courier: '2026-11-26T14:05:06' }), 'the next courier is expected on Thu Nov 26 2026 at 14:05:06');
}

export function run() {
  const wrong = [];
  const check = (name, got, want) => { if (JSON.stringify(got) !== JSON.stringify(want)) wrong.push(`${name}: got ${JSON.stringify(got)}, want ${JSON.stringify(want)}`); };
  for (const test of [stories, times, places, ladders, groups, couriers]) test(check);
  return wrong.slice(0, 20);
}
