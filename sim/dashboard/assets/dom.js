// Elements are made here. Text always becomes text nodes, since names come from the topology.

const svgSpace = 'http://www.w3.org/2000/svg';

export const byID = id => document.getElementById(id);

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (value !== undefined && value !== null && value !== false) element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children.filter(child => child !== undefined && child !== null && child !== false));
  return element;
}

// h makes an HTML element from attributes, where on… are listeners, and children, elements or text.
export const h = (tag, attributes = {}, ...children) => fill(document.createElement(tag), attributes, children);

// s is h for SVG.
export const s = (tag, attributes = {}, ...children) => fill(document.createElementNS(svgSpace, tag), attributes, children);

// whole returns a text in which words with a hyphen, such as names, are not broken if they fit on a line.
export const whole = text => text.split(/(\S+-\S+)/).map((part, i) => i % 2 ? h('span', { class: 'whole' }, part) : part);

// arrange makes elements the children of a parent. It does not move those that are in place: an element that is
// removed, even for a moment, loses the focus and a press that has begun.
export function arrange(parent, children) {
  const wanted = new Set(children);
  for (const child of [...parent.childNodes]) if (!wanted.has(child)) child.remove();
  children.forEach((child, i) => { if (parent.childNodes[i] !== child) parent.insertBefore(child, parent.childNodes[i] ?? null); });
}

// write sets the text of an element if it differs, so that a selection in it stays.
export function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

// unused calls draw, which rebuilds a list, when nobody is pressing something in it or has opened it.
export function unused(list, draw) {
  if (list.matches(':active') || isDropped(list)) setTimeout(() => unused(list, draw), 50);
  else draw();
}

// isDropped reports whether a drop-down list is open or, if the browser cannot tell, whether it has the focus.
const isDropped = list => list.tagName === 'SELECT' && list.matches(CSS.supports('selector(:open)') ? ':open' : ':focus');

// save lets the browser save a text as a file.
export function save(name, type, text) {
  const url = URL.createObjectURL(new Blob([text], { type }));
  h('a', { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}
