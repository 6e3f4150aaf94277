package sim

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"dske/node/store"
	"dske/sim/topology"
	"dske/sim/virtual"
)

// withCourier returns a small topology whose PSRD comes by courier.
func withCourier(t *testing.T, c topology.Courier) *topology.Topology {
	top := small(t)
	top.PSRD = topology.PSRD{BlockSize: 8192, LowWater: 2048, HighWater: 64 << 10, Courier: &c}
	if err := top.Validate(); err != nil {
		t.Fatal(err)
	}
	return top
}

// held returns how many bytes of PSRD a client has received and not dropped, for each of its pools.
func (n *Network) held(clientPath string) map[string]int {
	held := map[string]int{}
	n.at(clientPath).disk().store.View(func(s *store.State) {
		for _, b := range s.Blocks {
			held[b.Peer+" "+b.Owner+" "+b.Purpose] += b.Size
		}
	})
	return held
}

func (m *mortal) wantHeld(client string, most int) {
	for pool, held := range m.held(client) {
		if held > most {
			m.Errorf("%s has got %d bytes for pool %s, but %d were brought", client, held, pool, most)
		}
	}
}

// At whatever operation of its disk a node crashes, a courier's delivery arrives once, or not at
// all if the crash hits just then.
func TestCouriersAndCrashes(t *testing.T) {
	for _, node := range []string{"hub/hub1", "client/client1"} {
		run := func(t *testing.T, at int) int {
			m := &mortal{at: at, keep: keepSome(at)}
			return runOn(t, m, withCourier(t, topology.Courier{}), node, func(m *mortal) {
				m.exchange()
				m.wantHeld("client/client1", 64<<10)
				m.wantHeld("client/client2", 64<<10)
			})
		}
		n := run(t, 0)
		step := 1
		if !*everyPoint {
			step = n/4 + 1
		}
		for at := operationsToOpen(t) + 1; at <= n; at += step {
			t.Run(fmt.Sprintf("%s %d", node, at), func(t *testing.T) { run(t, at) })
		}
	}
}

// A restarted network continues with the deliveries and the schedule of its couriers: those that
// were due meanwhile arrive at once. With fresh PSRD the first delivery comes again.
func TestCouriersAfterRestart(t *testing.T) {
	const size = 32 << 10
	config := Config{Topology: withCourier(t, topology.Courier{Every: time.Hour, Size: size, Delay: time.Minute}),
		Data: filepath.Join(t.TempDir(), "data"), Virtual: true, Transport: Memory}
	err := virtual.Run(t.Context(), func(ctx context.Context) error {
		for i, run := range []struct {
			fresh       bool
			lasts, down time.Duration
			want        int // bytes in each pool at the end
		}{
			{lasts: 30 * time.Minute, want: size},
			{lasts: 32 * time.Minute, down: 2 * time.Hour, want: 2 * size},
			{lasts: time.Second, want: 4 * size},
			{lasts: time.Second, fresh: true, want: size},
		} {
			config.FreshPSRD = run.fresh
			n, err := New(config)
			if err != nil {
				return err
			}
			ctx, cancel := context.WithCancel(ctx)
			ended := make(chan error, 1)
			go func() { ended <- n.Run(ctx) }()
			err = n.WaitReady(ctx)
			time.Sleep(run.lasts)
			for pool, held := range n.held("client/client1") {
				if held != run.want {
					t.Errorf("run %d: %d bytes are there for pool %s, want %d", i, held, pool, run.want)
				}
			}
			cancel()
			if err := errors.Join(err, <-ended); err != nil {
				return err
			}
			time.Sleep(run.down)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}
