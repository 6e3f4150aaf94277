// The ladder diagram of the last exchange, which the network draws.

import { byID, h } from './dom.js';

export async function show(exchange) {
  const base = `/sim/v1/exchanges/${exchange.id}/ladder`;
  const response = await fetch(base + '.svg');
  const picture = new DOMParser().parseFromString(await response.text(), 'image/svg+xml');
  const { messages } = exchange.ladder, failed = messages.filter(m => m.status !== 200).length;
  byID('ladder').replaceChildren(
    h('p', { class: 'quiet' }, `${messages.length} messages, ${failed} failed. Time runs down; dashed lines are answers.`),
    h('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'Ladder diagram' }, document.importNode(picture.documentElement, true)),
    h('p', { class: 'downloads' }, 'Download: ', ...[['.svg', 'SVG'], ['.mmd', 'Mermaid'], ['.txt', 'text']].map(([end, name]) => h('a', { href: base + end, download: 'ladder' + end }, name))));
}
