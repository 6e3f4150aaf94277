// Faults between the nodes: what there are, adding one, ending all.

import { byID, h } from './dom.js';
import { ask, attempt } from './api.js';

let shown;

export function prepare(network) {
  const line = byID('faults-message'), input = byID('fault'), hub = 'hub/' + network.hubs[0], client = 'client/' + network.clients[0].name;
  byID('fault-help').textContent = network.topology.fault_help.join('\n') +
    '\n\noptions: from=NODE to=NODE method=POST path=PART count=N after=N prob=0.5\nseveral nodes with commas, patterns such as hub/h*';
  byID('fault-examples').replaceChildren(...[`drop to=${hub}`, `drop=response to=${hub} method=POST`, `delay=500ms to=${hub}`, `hang to=${hub}`, `tamper=request to=${hub} method=POST`,
    `tamper=response from=${client}`, `status=500 to=${hub}`, `partition=${client}|${hub}`].map(value => h('option', { value })));
  byID('faults-form').onsubmit = event => {
    event.preventDefault();
    attempt(line, async () => {
      await ask('POST', '/sim/v1/faults', { spec: input.value });
      input.value = '';
    });
  };
  byID('faults-clear').onclick = () => attempt(line, () => ask('DELETE', '/sim/v1/faults'));
}

export function update({ faults }) {
  const text = JSON.stringify(faults);
  if (text === shown) return;
  shown = text;
  byID('faults').replaceChildren(...(faults.length ? faults.map(f => h('li', {}, h('code', {}, f.spec), ` fired ${f.fired} times`)) : [h('li', { class: 'quiet' }, 'There are none.')]));
}
