// Positions of everything in the picture: a function of its width and of the number of hubs. It does not use the page.

export const narrow = 620; // pixels; in narrower windows the picture goes from top to bottom

const many = 24; // with more hubs than this they are cells, ten per row

// layout returns positions in pixels. Lines are cubic curves or polylines: lists of points.
export function layout(width, { n, k }) {
  if (n > many) return cells(width, n, k);
  return width < narrow ? tall(width, n) : wide(width, n);
}

const clamp = (x, least, most) => Math.max(least, Math.min(most, x));

// curve returns a curve from a to b that starts and ends horizontally, or vertically.
function curve(a, b, isUpright) {
  if (isUpright) return [a, { x: a.x, y: a.y + (b.y - a.y) / 2 }, { x: b.x, y: b.y - (b.y - a.y) / 2 }, b];
  const bend = (b.x - a.x) / 2;
  return [a, { x: a.x + bend, y: a.y }, { x: b.x - bend, y: b.y }, b];
}

// sides returns the boxes left and right in a wide picture: encryptors above, clients at the height of the hubs.
function sides(width, centre) {
  const w = clamp(width * .17, 118, 170), right = width - w - 2, box = (x, y, h) => ({ x, y, w, h });
  return {
    w, right, clients: [box(2, centre - 22, 44), box(right, centre - 22, 44)], encryptors: [box(2, 4, 34), box(right, 4, 34)],
    traffic: [{ x: 2 + w, y: 21 }, { x: right, y: 21 }], trafficText: { x: width / 2, y: 14 },
    calls: [2 + w / 2, right + w / 2].map(x => [{ x, y: 38 }, { x, y: centre - 22 }]),
    count: { x: right + w / 2, y: centre + 44, anchor: 'middle' },
  };
}

// grid returns the position of the i-th of n in rows that are centred around x.
function grid(i, n, x, y, perRow, pitch) {
  const row = Math.floor(i / perRow), inRow = Math.min(perRow, n - row * perRow);
  return { x: x + (i % perRow - (inRow - 1) / 2) * pitch, y: y + row * (pitch + 1) };
}

function wide(width, n) {
  const pitch = n <= 6 ? 60 : n <= 10 ? 42 : 31, hubHeight = pitch - (n > 10 ? 5 : 12), top = 66;
  const centre = top + n * pitch / 2 - (n > 6 ? 60 : 20), side = sides(width, centre);
  const hubWidth = clamp(width * .24, 150, 240), x = (width - hubWidth) / 2, each = Array.from({ length: n }, (_, i) => top + pitch * i + hubHeight / 2);
  return {
    ...side, isWide: true, width, height: Math.max(top + n * pitch, centre + 100 + Math.ceil(n / 5) * 27), radius: 11,
    hubs: each.map(y => ({ x, y: y - hubHeight / 2, w: hubWidth, h: hubHeight })), isRoomy: hubHeight > 40, dim: false,
    rests: each.map(y => ({ x: x + hubWidth - 22, y })),
    outward: each.map(y => curve({ x: 2 + side.w, y: centre }, { x, y })),
    homeward: each.map(y => curve({ x: x + hubWidth, y }, { x: side.right, y: centre })),
    tray: each.map((_, i) => grid(i, n, 2 + side.w / 2, centre + 46, 5, 26)),
    slots: each.map((_, i) => grid(i, n, side.right + side.w / 2, centre + 88, 5, 26)),
  };
}

// ends returns the boxes above and below in a tall picture.
function ends(width, bottom) {
  const left = 26, w = (width - left) * .46, x = width - w - 1, enWidth = Math.min(w, x - left - 14);
  const clients = [{ x, y: 2, w, h: 40 }, { x, y: bottom, w, h: 40 }];
  const encryptors = [{ x: left, y: 5, w: enWidth, h: 34 }, { x: left, y: bottom + 3, w: enWidth, h: 34 }];
  return {
    clients, encryptors, count: { x: left, y: bottom + 64, anchor: 'start' },
    traffic: [{ x: left, y: 22 }, { x: 9, y: 22 }, { x: 9, y: bottom + 20 }, { x: left, y: bottom + 20 }],
    calls: encryptors.map((box, i) => [{ x: box.x + box.w, y: box.y + 17 }, { x: clients[i].x, y: box.y + 17 }]),
  };
}

function tall(width, n) {
  const left = 26, gap = 4, perRow = Math.min(5, n), w = (width - left - 2 - gap * (perRow - 1)) / perRow, h = 54;
  const inTray = Math.min(8, n), trays = Math.ceil(n / inTray), top = 92 + trays * 24, bottom = top + Math.ceil(n / perRow) * (h + 10) + 30;
  const hubs = Array.from({ length: n }, (_, i) => ({ x: left + i % perRow * (w + gap), y: top + Math.floor(i / perRow) * (h + 10), w, h }));
  const end = ends(width, bottom), cx = end.clients[0].x + end.clients[0].w / 2, slotTop = bottom + (n > 5 ? 96 : 98);
  const row = (i, y) => ({ x: width - 14 - (inTray - 1 - i % inTray) * 25, y: y + Math.floor(i / inTray) * 24 });
  return {
    ...end, isWide: false, width, height: slotTop + trays * 24 + 2, radius: 11, hubs, isRoomy: false, dim: n > 5,
    rests: hubs.map(box => ({ x: box.x + w / 2, y: box.y + 36 })),
    outward: hubs.map(box => curve({ x: cx, y: 42 }, { x: box.x + w / 2, y: box.y }, true)),
    homeward: hubs.map(box => curve({ x: box.x + w / 2, y: box.y + h }, { x: cx, y: bottom }, true)),
    tray: hubs.map((_, i) => row(i, 60)), slots: hubs.map((_, i) => row(i, slotTop)),
  };
}

// cells is the layout for so many hubs that they have no names in the picture.
function cells(width, n, k) {
  const isWide = width >= narrow, rows = Math.ceil(n / 10), cell = isWide ? 24 : 18, pitch = cell + 4;
  const top = isWide ? 66 : 92, centre = top + rows * pitch / 2, side = isWide ? sides(width, Math.max(centre, 150)) : ends(width, top + rows * pitch + 40);
  const x0 = (width - 10 * pitch) / 2 + (isWide ? 0 : 10);
  const hubs = Array.from({ length: n }, (_, i) => ({ x: x0 + i % 10 * pitch, y: top + Math.floor(i / 10) * pitch, w: cell, h: cell }));
  const middle = box => ({ x: box.x + cell / 2, y: box.y + cell / 2 }), centreOf = box => ({ x: box.x + box.w / 2, y: box.y + box.h / 2 });
  const [from, to] = isWide ? [{ x: side.clients[0].x + side.w, y: centreOf(side.clients[0]).y }, { x: side.right, y: centreOf(side.clients[1]).y }]
    : [{ x: centreOf(side.clients[0]).x, y: 42 }, { x: centreOf(side.clients[1]).x, y: side.clients[1].y }];
  const slotAt = isWide ? { x: to.x + side.w / 2, y: side.clients[1].y + 96 } : { x: width - 70, y: side.clients[1].y + 60 };
  const tray = isWide ? { x: side.w / 2 + 2, y: side.clients[0].y + 60 } : { x: width - 70, y: 52 };
  return {
    ...side, isWide, width, hubs, radius: 4, isRoomy: false, isCells: true, dim: true,
    height: Math.max(top + rows * pitch + 10, slotAt.y + Math.ceil(Math.max(k, n) / 10) * 11 + 10),
    rests: hubs.map(middle), outward: hubs.map(box => curve(from, middle(box), !isWide)), homeward: hubs.map(box => curve(middle(box), to, !isWide)),
    tray: hubs.map((_, i) => grid(i, n, tray.x, tray.y, 10, 11)), slots: hubs.map((_, i) => grid(i, n, slotAt.x, slotAt.y, 10, 11)),
  };
}

const mix = (a, b, u) => a + (b - a) * u;
export const between = (a, b, u) => ({ x: mix(a.x, b.x, u), y: mix(a.y, b.y, u) });

// along returns the point at fraction u of a cubic curve.
export function along([a, b, c, d], u) {
  const v = 1 - u, at = name => v * v * v * a[name] + 3 * v * v * u * b[name] + 3 * v * u * u * c[name] + u * u * u * d[name];
  return { x: at('x'), y: at('y') };
}

const distance = (a, b) => Math.hypot(b.x - a.x, b.y - a.y);

// onLine returns the point at fraction u of a polyline, at a distance from both its ends.
export function onLine(points, u, margin = 0) {
  const lengths = points.slice(1).map((p, i) => distance(points[i], p)), total = lengths.reduce((sum, l) => sum + l, 0);
  let rest = margin + u * Math.max(0, total - 2 * margin);
  for (const [i, length] of lengths.entries()) {
    if (rest <= length) return between(points[i], points[i + 1], length ? rest / length : 0);
    rest -= length;
  }
  return points.at(-1);
}

export const cubic = ([a, b, c, d]) => `M${a.x} ${a.y}C${b.x} ${b.y} ${c.x} ${c.y} ${d.x} ${d.y}`;
export const polyline = points => 'M' + points.map(p => `${p.x} ${p.y}`).join('L');
