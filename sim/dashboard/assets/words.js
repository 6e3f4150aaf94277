// Words for numbers, names and lists in the sentences of the page.

const words = ['no', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten'];
const ordinals = ['', 'first', 'second', 'third', 'fourth', 'fifth', 'sixth', 'seventh', 'eighth', 'ninth', 'tenth'];

export const word = n => words[n] ?? String(n);

export const cap = text => text.charAt(0).toUpperCase() + text.slice(1);

export const list = names => names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;

// ordinal is for headlines: numbers such as 22nd have no word.
export function ordinal(n) {
  const end = { 1: 'st', 2: 'nd', 3: 'rd' }[n % 10];
  return ordinals[n] ?? n + (end && Math.floor(n % 100 / 10) !== 1 ? end : 'th');
}

// some returns a noun with its number: some(2, 'share') is 2 shares.
export const some = (n, noun) => `${n.toLocaleString('en')} ${noun}${n === 1 ? '' : 's'}`;

// grouped writes a fingerprint in groups of four digits.
export const grouped = hex => (hex ?? '').replace(/(.{4})(?=.)/g, '$1 ');

export const brief = id => (id ?? '').slice(0, 8);

const digits = (n, size) => String(n).padStart(size, '0');

// clock returns the time of day of a time in the network's format.
export function clock(time, withMilliseconds) {
  const at = new Date(time);
  return [at.getHours(), at.getMinutes(), at.getSeconds()].map(n => digits(n, 2)).join(':') +
    (withMilliseconds ? `.${digits(at.getMilliseconds(), 3)}` : '');
}

export const number = n => Math.round(n).toLocaleString('en');
