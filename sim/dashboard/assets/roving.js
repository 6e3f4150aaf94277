// A list that is one stop of the Tab key.

// roving lets arrow keys, Home and End move through the elements that a selector finds in a box. Moved is called with
// the index of the element that has the focus now. It returns a function to call when the elements have changed.
export function roving(box, selector, back, forth, moved) {
  const all = () => [...box.querySelectorAll(selector)], only = element => all().forEach(other => { other.tabIndex = other === element ? 0 : -1; });
  box.addEventListener('keydown', event => {
    const list = all(), i = list.indexOf(document.activeElement);
    const to = { [forth]: i + 1, [back]: i - 1, Home: 0, End: list.length - 1 }[event.key];
    if (i < 0 || !list[to]) return;
    event.preventDefault();
    event.stopPropagation();
    only(list[to]);
    list[to].focus();
    moved?.(to);
  });
  box.addEventListener('focusin', event => { if (event.target.matches(selector)) only(event.target); });
  return () => {
    const list = all(), chosen = list.find(element => element.tabIndex === 0 && element.hasAttribute('tabindex'));
    if (list.length) only(chosen ?? list[0]);
  };
}
