// The position and the look of a share at a time: a pure function of a recorded exchange, its schedule and the layout
// of the picture. Nothing else decides about motion.

import { along } from './layout.js';

const clamp = x => Math.max(0, Math.min(1, x));
export const ease = x => { const u = clamp(x); return u * u * (3 - 2 * u); };
const grown = seconds => ease(seconds / .2);

// place returns the position and the look of share i at time t, {x, y, size, sealed, lost, bad, out, spare, rests,
// got}, or null if there is none.
export function place({ view: v, at, layout: l }, i, t) {
  if (t < at.split + .7 || !v.hubs[i].number && !v.hubs[i].placed) return null;
  const sent = at.sent(i), there = at.there(i), hub = v.hubs[i];
  if (t < sent) return { ...l.tray[i], size: grown(t - at.split - .7 - Math.min(i * .06, .5)) };
  if (!hub.placed) return lost(l.outward[i], at, t, sent);
  if (t < there) return { ...along(l.outward[i], ease((t - sent) / (there - sent))), sealed: true };
  const j = v.order.indexOf(i), bad = hub.state === 'lies';
  if (!v.isPlaced || j < 0) return { ...l.rests[i], size: grown(t - there), rests: true, bad: bad && t > there + .3 };
  return homeward(v, at, l, i, j, t) ?? { ...l.rests[i], size: grown(t - there), rests: true, bad: bad && t > there + .3 };
}

// lost is for a share that finds no place: it stops half-way.
function lost(line, at, t, sent) {
  if (t > at.tell) return null;
  const u = Math.min(.5, t - sent);
  return { ...along(line, ease(u)), sealed: true, lost: u >= .5 };
}

// homeward is for a share that leaves its hub; null before.
function homeward(v, at, l, i, j, t) {
  const leave = at.leave(j), arrive = at.arrive(j), bad = v.hubs[i].state === 'lies', line = l.homeward[i];
  const forged = v.hubs[i].refused ? bounced(line, at.forge(j), t) : null;
  if (forged) return forged;
  if (t < leave) return null;
  if (t < arrive) return { ...along(line, ease((t - leave) / (arrive - leave))), sealed: true, bad: bad || v.isForged && t > (leave + arrive) / 2 };
  const isJudged = v.isMade && t >= at.made + .3, out = isJudged && v.liars.includes(i);
  return { ...l.slots[j], size: grown(t - arrive), got: true, bad: v.isForged || bad && !out, out, spare: isJudged && !v.isForged && !out && !v.used.includes(i) };
}

// bounced is for an answer that the attacker has changed: it changes colour on the way, and does not get in.
function bounced(line, leave, t) {
  const u = t - leave;
  if (u < 0 || u > 1.9) return null;
  const there = u < .95 ? ease(u / .95) * .97 : .97 - ease((u - .95) / .5) * .14;
  return { ...along(line, there), sealed: true, bad: u > .45, refused: u > .95 };
}
