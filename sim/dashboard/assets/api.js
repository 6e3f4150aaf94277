// The requests of the page.

// ask makes a request, and throws an error with the message of a refusal.
export async function ask(method, path, content) {
  const response = await fetch(path, { method, body: content && JSON.stringify(content) });
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(explanation(answer) || `${response.status} ${response.statusText}`);
  return answer;
}

function explanation({ message, details }) {
  const reason = details && (details.reason || details.node || details.id);
  return reason ? `${message} ${reason}` : message;
}

// attempt runs an action and shows its error in a status line.
export async function attempt(line, action) {
  line.textContent = '';
  line.className = '';
  try {
    await action();
  } catch (error) {
    line.textContent = error.message;
    line.className = 'fail';
  }
}

export const changeNode = (node, verb) => ask('POST', `/sim/v1/nodes/${node}/${verb}`);
export const letLie = (node, isOn) => ask(isOn ? 'PUT' : 'DELETE', `/sim/v1/nodes/${node}/corrupt`);
