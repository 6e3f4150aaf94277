package client

import (
	"errors"
	"fmt"
	"slices"
)

// errNotInCommon is the reason why a hub is not given a share.
var errNotInCommon = errors.New("not asked: no client of the slaves uses it")

// audience is the slaves of a key and the hubs where they can fetch it.
type audience struct {
	slaves []string
	at     [][]int // by hub: indices of the slaves whose client uses the hub, ascending
}

// farSlaveError says that a slave has too few hubs in common with this client for a key.
type farSlaveError struct {
	id             string
	common, needed int
}

func (e *farSlaveError) Error() string {
	return fmt.Sprintf("the client of the slave SAE uses %d of this client's hubs, and a key needs %d", e.common, e.needed)
}

// audienceOf finds the slaves of a key. Each slave must share at least as many hubs with this
// client as the threshold.
func (c *Client) audienceOf(r request, slaves []string) (audience, error) {
	a := audience{slaves: slaves, at: make([][]int, len(c.hubs))}
	for j, id := range slaves {
		found, err := c.placeOf(r, id)
		if err != nil {
			return audience{}, err
		}
		common := 0
		for hub, uses := range found.at {
			if uses {
				a.at[hub] = append(a.at[hub], j)
				common++
			}
		}
		if common < c.config.Threshold {
			return audience{}, &farSlaveError{id, common, c.config.Threshold}
		}
	}
	return a, nil
}

// isAll reports whether the clients of all slaves use the hub.
func (a audience) isAll(hub int) bool { return len(a.at[hub]) == len(a.slaves) }

// served returns, for the slave that is worst off, how many hubs have taken its shares, and how
// many can still have taken them in the end.
func (a audience) served(t *tally) (least, most int) {
	least, most = len(a.at), len(a.at)
	for j := range a.slaves {
		taken, open := 0, 0
		for hub, slaves := range a.at {
			switch {
			case !slices.Contains(slaves, j):
			case !t.answered[hub]:
				open++
			case t.errs[hub] == nil:
				taken++
			}
		}
		least, most = min(least, taken), min(most, taken+open)
	}
	return least, most
}
