package sim

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"maps"
	"time"

	"dske/node/client"
	"dske/node/store"
	"dske/sim/topology"
)

// schedule records what couriers have brought, and when they arrive. With a disk it continues where
// it was when the network last ran: couriers that were due meanwhile arrive at once.
type schedule struct {
	plan    topology.Courier
	began   time.Time        // when the first delivery arrived
	arrived int64            // deliveries since then
	brought map[string]int64 // bytes for each pool in total, by association
}

// The names under which a network stores its schedule.
const (
	courierBegan   = "couriers began"
	courierArrived = "couriers arrived"
)

func courierBrought(client, hub string) string { return "couriers to " + client + " of " + hub }

// arrives returns when a delivery, counted from 1, arrives; the zero time if there is none.
func (s *schedule) arrives(number int64) (at time.Time) {
	if s.plan.Every > 0 {
		at = s.began.Add(time.Duration(number)*s.plan.Every + s.plan.Delay)
	}
	return at
}

// packCouriers prepares the couriers of all clients. They have brought the first delivery, and what
// they had brought before the network was restarted. It returns nil if there are no couriers and
// PSRD comes over the network.
func (n *Network) packCouriers() (*schedule, error) {
	psrd := n.config.Topology.PSRD
	if psrd.Courier == nil {
		return nil, nil
	}
	s := &schedule{plan: *psrd.Courier, brought: map[string]int64{}}
	text, err := n.recall(courierBegan, func() string { return time.Now().Format(time.RFC3339Nano) })
	if err == nil {
		s.began, err = time.Parse(time.RFC3339Nano, text)
	}
	if err != nil {
		return nil, fmt.Errorf("when couriers began: %w", err)
	}
	if n.disk.store != nil {
		n.disk.store.View(func(state *store.State) {
			s.arrived = state.Drawn[courierArrived]
			maps.Copy(s.brought, state.Drawn)
		})
	}
	for _, c := range n.local {
		c.couriers = map[string]*client.Courier{}
		for _, hub := range c.topology().Hubs {
			c.couriers[hub] = &client.Courier{}
			name := courierBrought(c.name(), hub)
			if s.brought[name] == 0 || n.config.FreshPSRD { // an association that starts with nothing gets the first delivery again
				s.brought[name] += int64(psrd.First())
			}
			c.couriers[hub].Bring(int(s.brought[name]), s.arrives(s.arrived+1))
		}
	}
	return s, n.keepSchedule(s)
}

// keepSchedule stores what was brought.
func (n *Network) keepSchedule(s *schedule) error {
	if n.disk.store == nil {
		return nil
	}
	records := []store.Record{&store.Drawn{Stream: courierArrived, Times: s.arrived}}
	for _, c := range n.local {
		for _, hub := range c.topology().Hubs {
			name := courierBrought(c.name(), hub)
			records = append(records, &store.Drawn{Stream: name, Times: s.brought[name]})
		}
	}
	return n.disk.store.Commit(records...)
}

// sendCouriers sends the couriers of all associations until ctx ends. A courier arrives even if the
// next one has set out before. A delivery that could not be recorded comes once more after a
// restart; clients know which part of it they have taken.
func (n *Network) sendCouriers(ctx context.Context, s *schedule) {
	if s == nil || s.plan.Every == 0 {
		return
	}
	for {
		select {
		case <-time.After(time.Until(s.arrives(s.arrived + 1))):
		case <-ctx.Done():
			return
		}
		before := maps.Clone(s.brought)
		for !time.Now().Before(s.arrives(s.arrived + 1)) {
			s.arrived++
			n.countArrived(s)
		}
		if err := n.keepSchedule(s); err != nil {
			n.config.Logger.Warn("the deliveries of couriers cannot be recorded", "error", err)
		}
		for _, c := range n.local {
			for _, hub := range c.topology().Hubs {
				name := courierBrought(c.name(), hub)
				c.couriers[hub].Bring(int(s.brought[name]-before[name]), s.arrives(s.arrived+1))
			}
		}
	}
}

// countArrived counts the deliveries of the last arrival that were not lost.
func (n *Network) countArrived(s *schedule) {
	for _, c := range n.local {
		for _, hub := range c.topology().Hubs {
			if n.chance("courier", c.name(), hub, int(s.arrived)) >= s.plan.Loss {
				s.brought[courierBrought(c.name(), hub)] += int64(s.plan.Size)
			}
		}
	}
}

// nextCourier returns when the next couriers are expected, which is the same for all associations,
// or nil.
func (n *Network) nextCourier() *time.Time {
	for _, c := range n.clients {
		for _, courier := range c.couriers {
			if next := courier.Next(); !next.IsZero() {
				return &next
			}
		}
	}
	return nil
}

// chance returns a uniform number in [0, 1) that derives from the seed of the network and from what
// it is for.
func (n *Network) chance(what ...any) float64 {
	sum := sha256.Sum256(fmt.Appendf(nil, "dske %d %q", n.chances, what))
	return float64(binary.BigEndian.Uint64(sum[:])>>11) / (1 << 53)
}
