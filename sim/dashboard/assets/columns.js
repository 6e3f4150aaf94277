// The columns of the page. The document has the cards in the order of the phone. If there is room, they are distributed
// over independent columns, so that no card leaves a gap beside a taller one.

import { h } from './dom.js';

// plans has the minimum widths in pixels, and the cards of each column.
const plans = [
  [1900, [['key', 'ladder-card'], ['attacker', 'nodes-card', 'requests-card'], ['network', 'figures', 'faults-card', 'messages']]],
  [1100, [['key', 'ladder-card', 'network', 'messages'], ['attacker', 'nodes-card', 'requests-card', 'figures', 'faults-card']]],
  [0, [['key', 'ladder-card', 'attacker', 'nodes-card', 'requests-card', 'network', 'figures', 'faults-card', 'messages']]],
];

// prepare distributes the cards, and again whenever the width crosses a limit.
export function prepare(main) {
  const cards = new Map([...main.querySelectorAll('.card')].map(card => [card.id, card]));
  const spread = () => {
    const [, columns] = plans.find(([least]) => innerWidth >= least), focused = document.activeElement;
    if (main.children.length === columns.length && main.classList.contains('columns')) return;
    main.replaceChildren(...columns.map(ids => h('div', { class: 'col' }, ...ids.map(id => cards.get(id)))));
    main.classList.add('columns');
    if (main.contains(focused)) focused.focus({ preventScroll: true });
  };
  for (const [least] of plans) matchMedia(`(min-width: ${least}px)`).addEventListener('change', spread);
  spread();
}
