// Elements are made here, and text always becomes text: names come from the topology.

const svgSpace = 'http://www.w3.org/2000/svg';

export const byID = id => document.getElementById(id);

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (value !== undefined && value !== false) element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children.filter(child => child !== undefined && child !== null));
  return element;
}

// h makes an HTML element: attributes, of which on… are listeners, and children, elements or text.
export const h = (tag, attributes = {}, ...children) => fill(document.createElement(tag), attributes, children);

// s is h for SVG.
export const s = (tag, attributes = {}, ...children) => fill(document.createElementNS(svgSpace, tag), attributes, children);

export const number = n => n.toLocaleString('en');

// shortened leaves the middle out, since it is by their ends that names differ.
export function shortened(text, length) {
  if (text.length <= length) return text;
  const end = Math.floor((length - 1) / 2);
  return text.slice(0, length - 1 - end) + '…' + text.slice(text.length - end);
}
