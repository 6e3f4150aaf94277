package scenario

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"dske/protocol"
	"dske/sim/adversary"
)

// mitmSpent prints who has spent how many bytes since the last call.
func mitmSpent(c call, _ *adversary.Hands) (string, error) {
	n, err := c.network()
	if err != nil {
		return "", err
	}
	var out strings.Builder
	now := map[string][2]int64{}
	s := n.Snapshot()
	for _, h := range s.Hubs {
		now["hub/"+h.Name] = [2]int64{h.PSRD.ClientOwned.Consumed, h.PSRD.HubOwned.Consumed}
	}
	for _, k := range s.Clients {
		now["client/"+k.Name] = [2]int64{k.PSRD.ClientOwned.Consumed, k.PSRD.HubOwned.Consumed}
	}
	for _, name := range c.overview.Nodes() {
		if before := c.spent[name]; before != now[name] {
			fmt.Fprintf(&out, "%s: %d of clients, %d of hubs\n", name, now[name][0]-before[0], now[name][1]-before[1])
		}
	}
	c.spent = now
	if out.Len() == 0 {
		return "nobody has spent anything\n", nil
	}
	return out.String(), nil
}

// mitmJudge compares the keys of both ends with the adversary's knowledge.
func mitmJudge(c call, hands *adversary.Hands) (string, error) {
	if len(c.args) != 1 || c.keys[c.args[0]] == nil {
		return "", errUsage
	}
	made := c.keys[c.args[0]][0]
	master, slave := made.Key.Key.Reveal(), c.fetched[made.ID].Reveal()
	knows := func(key []byte) string {
		if c.isKnown(hands, key) {
			return "the adversary knows it"
		}
		return "the adversary does not know it"
	}
	switch {
	case slave == nil && master == nil:
		return "nobody has the key\n", nil
	case slave == nil:
		return "the master alone has the key, and " + knows(master) + "\n", nil
	case master == nil:
		return "the slave has a key that the master never made, and " + knows(slave) + "\n", nil
	case bytes.Equal(master, slave):
		return "the slave has the key of the master, and " + knows(slave) + "\n", nil
	default:
		return "the slave has another key than the master, and " + knows(slave) + "\n", nil
	}
}

// isKnown reports whether the adversary can compute a key, or has made it.
func (c call) isKnown(hands *adversary.Hands, key []byte) bool {
	same := func(other protocol.Secret) bool { return bytes.Equal(other.Reveal(), key) }
	if slices.ContainsFunc(c.meant, same) {
		return true
	}
	for _, keys := range c.keys {
		for _, k := range keys {
			if result := hands.Attack(k.ID); result.Recovered() && same(result.Key) {
				return true
			}
		}
	}
	return false
}
