// Words that explain themselves in place.

import { byID, h, whole } from './dom.js';

// meanings returns the meanings of the words, for a network of n hubs with threshold k.
const meanings = (n, k) => ({
  psrd: ['PSRD', 'Pre-shared random data: random bytes that a hub gives a client beforehand, by courier. Both have them, each byte is used once.'],
  share: ['Share', k > 1 ? `A piece of the key made so that k pieces give the key and k−1 say nothing about it (Shamir’s secret sharing).` : 'A piece of the key (Shamir’s secret sharing).'],
  threshold: ['Threshold', `How many shares make a key. Here ${k}${k > 1 ? `: so ${k - 1} hub${k > 2 ? 's' : ''} together learn nothing, and ${n - k} may be absent` : ''}.`],
  pad: ['One-time pad', 'The share is added bit by bit to random bytes that only the two ends have. Without those bytes every content is equally likely, whatever one can compute.'],
  suite: ['Suite', 'How messages are signed and keys are shared. its: safe against unlimited computing power. dske-python: the wire format of the Python program, with its known weaknesses.'],
});

// term makes a word that can be pressed.
export const term = (name, text) => h('button', { type: 'button', class: 'term', 'data-word': name }, text);

// prepare lets every such word of the page explain itself; size returns [n, k].
export function prepare(size) {
  const popover = byID('word');
  document.addEventListener('click', event => {
    const button = event.target.closest?.('.term');
    if (!button) return;
    const [name, text] = meanings(...size())[button.dataset.word], at = button.getBoundingClientRect();
    popover.replaceChildren(h('strong', {}, name), h('p', {}, text));
    popover.showPopover();
    const isBelow = at.bottom + 6 + popover.offsetHeight <= innerHeight;
    popover.style.left = `${Math.max(12, Math.min(at.left, innerWidth - popover.offsetWidth - 12))}px`;
    popover.style.top = `${isBelow ? at.bottom + 6 : Math.max(6, at.top - popover.offsetHeight - 6)}px`;
  });
}

// filled returns a text with terms: a list of strings and of [name, text].
export const filled = parts => parts.flatMap(part => typeof part === 'string' ? whole(part) : [term(...part)]);
