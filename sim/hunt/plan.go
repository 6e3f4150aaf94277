package hunt

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"pgregory.net/rapid"

	"dske/node"
	"dske/sim"
	"dske/sim/link"
	"dske/sim/topology"
	"dske/sim/virtual"
)

// Plan is a network and the steps on it.
type Plan struct {
	Hubs, Clients, Threshold int
	Pool                     int    // bytes of PSRD in a pool
	Durable                  bool   // nodes keep their state through a crash, on a disk in memory
	Steps                    []Step // in any order
}

// length is the maximum duration of the steps of a plan.
const length = 30 * time.Second

// topology returns the network of a plan. Pools are small, so that they must be filled again and
// again, and messages take time, so that something can happen meanwhile.
func (p *Plan) topology() (*topology.Topology, error) {
	t, err := topology.Generate(topology.Sizes{Hubs: p.Hubs, Clients: p.Clients, Threshold: p.Threshold})
	if err != nil {
		return nil, err
	}
	t.PSRD = topology.PSRD{BlockSize: p.Pool, LowWater: p.Pool / 2, HighWater: p.Pool}
	t.Links = []topology.Link{{Link: link.Link{Latency: link.Fixed(10 * time.Millisecond), Jitter: 5 * time.Millisecond}}}
	return t, t.Validate()
}

// play plays the plan in a bubble of its own. When it has ended, it calls look with the network and
// the refusals of strangers' messages.
func (p *Plan) play(ctx context.Context, seed uint64, look func(*sim.Network, *node.Refusals)) error {
	t, err := p.topology()
	if err != nil {
		return err
	}
	return virtual.Run(ctx, func(ctx context.Context) error {
		config := sim.Config{Topology: t, Transport: sim.Memory, Virtual: true, Seed: &seed, Audit: true}
		if p.Durable {
			config.Data = sim.MemoryData
		}
		n, err := sim.New(config)
		if err != nil {
			return err
		}
		ctx, cancel := context.WithCancel(ctx)
		ended := make(chan error, 1)
		go func() { ended <- n.Run(ctx) }()
		var refused node.Refusals
		if err = n.WaitReady(ctx); err == nil {
			err = play(ctx, n, p.Steps, &refused)
		}
		look(n, &refused)
		cancel()
		return errors.Join(err, <-ended)
	})
}

// draw draws a plan.
func draw(t *rapid.T) *Plan {
	p := &Plan{Hubs: rapid.IntRange(3, 5).Draw(t, "hubs"), Clients: rapid.IntRange(2, 3).Draw(t, "clients")}
	p.Threshold = rapid.IntRange(2, p.Hubs).Draw(t, "threshold")
	p.Steps = rapid.SliceOfN(rapid.Custom(p.drawStep), 12, 60).Draw(t, "steps")
	p.Durable = rapid.Bool().Draw(t, "durable")
	p.Pool = rapid.SampledFrom([]int{1024, 256}).Draw(t, "pool") // 256 bytes are enough for two or three keys
	return p
}

// drawStep draws a step. Nearly half of the steps are keys.
func (p *Plan) drawStep(t *rapid.T) Step {
	s := Step{At: ms(t, "at", 0, int(length/time.Millisecond)), Kind: rapid.SampledFrom([]string{Key, Key, Key, Key, Crash, Stop, Lie, Fault, Fault, Stranger}).Draw(t, "kind")}
	s.For = ms(t, "for", 1, 5000)
	hub := fmt.Sprintf("hub/hub%d", rapid.IntRange(1, p.Hubs).Draw(t, "hub"))
	client := rapid.IntRange(1, p.Clients).Draw(t, "client")
	switch s.Kind {
	case Key:
		other := 1 + (client-1+rapid.IntRange(1, p.Clients-1).Draw(t, "other"))%p.Clients
		s.Args = []string{fmt.Sprintf("sae%d", client), fmt.Sprintf("sae%d", other)}
		if rapid.Bool().Draw(t, "later") {
			s.For = 0
		}
	case Lie:
		s.Args = []string{hub}
	case Fault:
		s.Args = strings.Fields(drawFault(t, hub))
	case Stranger:
		m := rapid.SampledFrom(strangers).Draw(t, "message")
		if s.Args = []string{hub, m.name}; m.toClient {
			s.Args[0] = fmt.Sprintf("client/client%d", client)
		}
	default:
		s.Args = []string{hub}
		if rapid.Bool().Draw(t, "of a client") {
			s.Args[0] = fmt.Sprintf("client/client%d", client)
		}
	}
	return s
}

func ms(t *rapid.T, label string, from, to int) time.Duration {
	return time.Duration(rapid.IntRange(from, to).Draw(t, label)) * time.Millisecond
}

// faults lists the faults to draw from; % stands for a hub. Out-of-band messages can only be
// delayed and lost, since nobody else can send them.
var faults = []string{
	"drop prob=0.3 to=%", "drop to=%", "drop path=psrd", "delay=300ms to=%", "delay=6s to=% prob=0.5", "duplicate prob=0.5 path=key-share to=%", "hang to=% count=3",
	"partition=client/client1|%", "reorder path=key-share to=%", "replay path=key-share to=%", "status=503 to=%", "status=404 path=key-share to=% prob=0.5",
	"tamper=request where=body prob=0.5 path=key-share to=%", "tamper=request where=signature prob=0.5 path=key-share to=%", "tamper=response where=body prob=0.5 path=key-share to=%",
	"tamper=response where=signature prob=0.5 path=key-share to=%",
}

func drawFault(t *rapid.T, hub string) string {
	return strings.ReplaceAll(rapid.SampledFrom(faults).Draw(t, "fault"), "%", hub)
}

// Scenario returns the plan as a scenario that fails if the plan fails with that seed.
func (p *Plan) Scenario(title string, seed uint64) (string, error) {
	t, err := p.topology()
	if err != nil {
		return "", err
	}
	var out strings.Builder
	fmt.Fprintf(&out, "# %s\n\n", strings.Join(strings.Fields(title), " ")) // in one line
	out.WriteString("play")
	for _, s := range p.Steps {
		fmt.Fprintf(&out, " '%v'", s)
	}
	text, err := t.YAML()
	fmt.Fprintf(&out, "\n-- network.yaml --\ntime: virtual\nseed: %d\n", seed)
	if p.Durable {
		out.WriteString("data: memory\n")
	}
	fmt.Fprintf(&out, "-- topology.yaml --\n%s", text)
	return out.String(), err
}
