// Elements are made here, and text always becomes text: names come from the topology.

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

// h makes an HTML element: attributes, of which on… are listeners, and children, elements or text.
export const h = (tag, attributes = {}, ...children) => fill(document.createElement(tag), attributes, children);

// s is h for SVG.
export const s = (tag, attributes = {}, ...children) => fill(document.createElementNS(svgSpace, tag), attributes, children);

// whole is a text whose words with a hyphen, such as names, are not broken while there is room for them on a line.
export const whole = text => text.split(/(\S+-\S+)/).map((part, i) => i % 2 ? h('span', { class: 'whole' }, part) : part);

// unpressed calls draw, which makes a list anew, when nobody is pressing something in it: a row that is replaced before
// the button is let go takes no click.
export function unpressed(list, draw) {
  if (list.matches(':active')) setTimeout(() => unpressed(list, draw), 50);
  else draw();
}

// save has the browser keep a text as a file.
export function save(name, type, text) {
  const url = URL.createObjectURL(new Blob([text], { type }));
  h('a', { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}
