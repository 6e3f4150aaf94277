// Records of exchanges in the form of the network, for tests of the story and of the picture.

const names = ['hank', 'helen', 'hilary', 'holly', 'hugo'];

// record returns an exchange of sam and serena over n hubs, of which k make a key. Given has what is unusual: lists of
// hubs, by index, that are stopped, that lie, that have forgotten the client, or whose answers the attacker changes;
// the outcome; the order in which shares arrive; and how many shares were used.
export function record({ n = 5, k = Math.floor(n / 2) + 1, suite = 'its', stopped = [], lies = [], forgot = [], refused = [], kind, order, reason } = {}) {
  const all = Array.from({ length: n }, (_, i) => i), up = all.filter(i => !stopped.includes(i)), isPlaced = up.length >= k;
  const arrival = order ?? (n === 5 ? [0, 1, 3, 2, 4].filter(i => up.includes(i)) : up), honest = arrival.filter(i => !lies.includes(i)), isMade = isPlaced && honest.length >= k;
  const outcome = kind ?? (!isPlaced ? 'too_few' : isMade ? 'made' : 'no_fit'), isFetched = isPlaced && outcome !== 'waiting' && outcome !== 'refused';
  return {
    id: `${n}-${outcome}-${stopped}-${lies}`, origin: 'page', began: '2026-11-26T07:12:41.385Z', threshold: k, suite,
    master: { encryptor: 'sam', client: 'carol', key_id: isPlaced ? 'e446b9e6-f06f-4020-ac8b-ce5d91215885' : '', fingerprint: '3bbbbb11db926227' },
    slave: { encryptor: 'serena', client: 'celia', key_id: 'e446b9e6-f06f-4020-ac8b-ce5d91215885', fingerprint: outcome === 'made' ? '3bbbbb11db926227' : '' },
    hubs: all.map(i => ({
      name: n === 5 ? names[i] : `hub${i + 1}`, number: outcome === 'refused' && reason?.at === 'master' ? 0 : i + 1, placed: !stopped.includes(i) && !(reason?.at === 'master'),
      state: stopped.includes(i) ? 'stopped' : lies.includes(i) ? 'lies' : forgot.includes(i) ? 'forgot' : 'running', forgot: forgot.includes(i) ? 'carol' : undefined,
      arrived: isFetched && arrival.includes(i) ? arrival.indexOf(i) + 1 : 0, fits: isMade ? !lies.includes(i) : null, refused: refused.includes(i),
    })),
    outcome: { kind: outcome, used: outcome === 'made' || outcome === 'replaced' ? honest.slice(0, k).map(i => i + 1) : [], liars: outcome === 'made' ? lies.map(i => n === 5 ? names[i] : `hub${i + 1}`) : [], reason },
    events: [],
  };
}
