package command

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/urfave/cli/v2"

	"dske/etsi"
	"dske/sim"
	"dske/sim/bench"
	"dske/sim/topology"
	"dske/sim/wire"
)

// measureOwn starts a network, measures it and stops it.
func measureOwn(c *cli.Context, load bench.Load) (*bench.Report, error) {
	t, err := chooseTopology(c, c.Args().Slice())
	if err != nil {
		return nil, err
	}
	if err := adjust(c, t); err != nil {
		return nil, err
	}
	b := &benched{topology: t, transport: c.String("transport"), load: load, duration: c.Duration("duration"), pairs: c.Int("pairs"), data: c.String("data")}
	if b.network, err = sim.New(sim.Config{Topology: t, Transport: b.transport, Data: c.String("data"), Listen: "127.0.0.1:0", Single: c.Bool("single")}); err != nil {
		return nil, usageError{err}
	}
	defer sim.TuneCollector()()
	ctx, cancel := context.WithCancel(c.Context)
	ended := make(chan error, 1)
	go func() {
		defer cancel()
		ended <- b.network.Run(ctx)
	}()
	report, err := b.measure(ctx)
	cancel()
	return report, errors.Join(<-ended, err)
}

// benched is a network that is measured.
type benched struct {
	topology  *topology.Topology
	transport string
	network   *sim.Network
	load      bench.Load
	duration  time.Duration
	pairs     int                // maximum; 0: no limit
	data      string             // directory of the nodes' state; "": in memory
	first     [2]topology.Client // of the first pair: master and slave
}

func (b *benched) measure(ctx context.Context) (*bench.Report, error) {
	start := time.Now()
	if err := waitReady(ctx, b.network, newProgress(os.Stderr)); err != nil {
		return nil, err
	}
	ready := time.Since(start)
	if err := b.choosePairs(); err != nil {
		return nil, err
	}
	floor, err := b.startFloor(ctx)
	if err != nil {
		return nil, err
	}
	defer floor.stop()
	perKey, err := b.psrdPerKey(ctx)
	if err != nil {
		return nil, err
	}
	outcome, err := compare(ctx, b.load, floor.load, b.duration)
	if err != nil {
		return nil, err
	}
	r := b.report(outcome)
	r.ReadySeconds, r.PSRD = ready.Seconds(), perKey
	return r, nil
}

// startFloor starts a floor that has the messages of a pair of requests.
func (b *benched) startFloor(ctx context.Context) (*floor, error) {
	// The first pair may need more PSRD, which takes messages that other pairs do not need.
	if _, err := b.makeKeys(ctx); err != nil {
		return nil, err
	}
	var mu sync.Mutex
	byPath := map[[2]string][]wire.Message{} // by sender and receiver
	cancel := b.network.Wire().Tap(func(m wire.Message) {
		mu.Lock()
		defer mu.Unlock()
		path := [2]string{m.From, m.To}
		byPath[path] = append(byPath[path], m)
	})
	keys, err := b.makeKeys(ctx)
	cancel()
	if err != nil {
		return nil, err
	}
	mu.Lock()
	defer mu.Unlock()
	sentBy := func(client topology.Client) (sent bench.Messages) {
		for _, hub := range client.Hubs {
			sent = append(sent, byPath[[2]string{"client/" + client.Name, "hub/" + hub}])
		}
		return sent
	}
	return startFloor(b.load, keys, sentBy(b.first[0]), sentBy(b.first[1]))
}

// makeKeys makes a pair of requests and waits until all hubs have answered.
func (b *benched) makeKeys(ctx context.Context) ([]etsi.Key, error) {
	keys, err := b.load.MakeKeys(ctx, b.load.Pair(0))
	if err != nil {
		return nil, err
	}
	return keys, b.network.WaitIdle(ctx)
}

// psrdPerKey returns how many bytes of PSRD it takes to make a key and to fetch it.
func (b *benched) psrdPerKey(ctx context.Context) (float64, error) {
	before := b.network.Consumed()
	_, err := b.makeKeys(ctx)
	return float64(b.network.Consumed()-before) / float64(b.load.Number), err
}

func (b *benched) report(o bench.Outcome) *bench.Report {
	r := newReport(b.load, o)
	t := b.topology
	r.Hubs, r.Clients, r.Threshold = len(t.Hubs), len(t.Clients), t.Threshold
	r.Suite, r.Transport = t.Suite, b.transport
	r.Network = fmt.Sprintf("%d hubs, %d clients, threshold %d, suite %s, transport %s",
		r.Hubs, r.Clients, r.Threshold, r.Suite, r.Transport)
	if b.data != "" {
		r.Network += ", state in " + b.data
	}
	r.FillUsage(o)
	return r
}
