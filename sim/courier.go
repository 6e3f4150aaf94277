package sim

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"time"

	"dske/node/client"
)

// packCouriers readies the couriers of a client, who have brought the first delivery; nil: its PSRD
// comes over the network.
func (c *clientPlace) packCouriers() {
	psrd := c.network.config.Topology.PSRD
	if psrd.Courier == nil {
		return
	}
	c.couriers = map[string]*client.Courier{}
	var next time.Time
	if psrd.Courier.Every > 0 {
		next = time.Now().Add(psrd.Courier.Every + psrd.Courier.Delay)
	}
	for _, hub := range c.topology.Hubs {
		c.couriers[hub] = &client.Courier{}
		c.couriers[hub].Bring(psrd.First(), next)
	}
}

// sendCouriers sends the couriers of all associations until ctx ends. Who has set out arrives even
// if the next one sets out before.
func (n *Network) sendCouriers(ctx context.Context) {
	plan := n.config.Topology.PSRD.Courier
	if plan == nil || plan.Every == 0 {
		return
	}
	began := time.Now()
	for number := 1; ; number++ {
		arrives := began.Add(time.Duration(number)*plan.Every + plan.Delay)
		select {
		case <-time.After(time.Until(arrives)):
		case <-ctx.Done():
			return
		}
		for _, c := range n.local {
			for _, hub := range c.topology.Hubs {
				next := arrives.Add(plan.Every)
				if n.chance("courier", c.name, hub, number) < plan.Loss {
					c.couriers[hub].Lost(next)
				} else {
					c.couriers[hub].Bring(plan.Size, next)
				}
			}
		}
	}
}

// nextCourier returns when couriers are expected, which is the same everywhere; nil: none are.
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

// chance returns a number from 0 to below 1, each as likely, that follows from the seed of the
// network and what it is for.
func (n *Network) chance(what ...any) float64 {
	sum := sha256.Sum256(fmt.Appendf(nil, "dske %d %q", n.chances, what))
	return float64(binary.BigEndian.Uint64(sum[:])>>11) / (1 << 53)
}
