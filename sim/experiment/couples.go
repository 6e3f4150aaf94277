package experiment

import (
	"math/rand/v2"
	"slices"
	"strings"

	"dske/sim/topology"
)

// couples is the set of pairs of encryptors of different clients with enough hubs in common for a
// key. There may be billions of them, so they are counted and not listed.
type couples struct {
	groups  [][]encryptor // grouped by the hubs of their clients
	meeting [][2]int      // pairs of groups, of masters and of slaves
	all     int           // number of pairs, those of one client included
	alone   int           // number of pairs of one client
}

func couplesOf(t *topology.Topology) *couples {
	c := &couples{}
	var hubs [][]string
	numbers := map[string]int{} // indices of groups
	for _, client := range t.Clients {
		name := strings.Join(client.Hubs, " ")
		number, known := numbers[name]
		if !known {
			number = len(hubs)
			numbers[name] = number
			hubs, c.groups = append(hubs, client.Hubs), append(c.groups, nil)
		}
		saes := client.SAEs()
		for _, sae := range saes {
			c.groups[number] = append(c.groups[number], encryptor{sae, client.Name})
		}
		c.alone += len(saes) * len(saes)
	}
	for i := range hubs {
		for j := range hubs {
			if common(hubs[i], hubs[j]) >= t.Threshold {
				c.meeting = append(c.meeting, [2]int{i, j})
				c.all += len(c.groups[i]) * len(c.groups[j])
			}
		}
	}
	return c
}

// common returns the number of hubs in both lists.
func common(a, b []string) (number int) {
	for _, hub := range a {
		if slices.Contains(b, hub) {
			number++
		}
	}
	return number
}

// number returns the number of pairs.
func (c *couples) number() int { return c.all - c.alone }

// draw draws number different pairs. There must be that many.
func (c *couples) draw(r *rand.Rand, number int) []pair {
	drawn := map[pair]bool{}
	var pairs []pair
	for len(pairs) < number {
		if p := c.at(r.IntN(c.all)); p.master.client != p.slave.client && !drawn[p] {
			drawn[p] = true
			pairs = append(pairs, p)
		}
	}
	return pairs
}

// at returns the i-th of all pairs of the meeting groups.
func (c *couples) at(i int) pair {
	for _, m := range c.meeting {
		masters, slaves := c.groups[m[0]], c.groups[m[1]]
		if i < len(masters)*len(slaves) {
			return pair{masters[i/len(slaves)], slaves[i%len(slaves)]}
		}
		i -= len(masters) * len(slaves)
	}
	panic("there is no such pair")
}
