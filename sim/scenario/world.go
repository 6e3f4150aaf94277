package scenario

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"

	"github.com/google/uuid"

	"dske/etsi"
	"dske/protocol"
	"dske/sim"
	"dske/sim/adversary"
	"dske/sim/topology"
)

// world is the state of the commands of one scenario: a network, and what they have learnt about
// it.
type world struct {
	remote sim.Remote
	http   HTTP

	own      *sim.Network // nil: the network is not the scenario's own
	stop     func() error // ends it
	log      *logBook
	overview sim.Overview

	keys      map[string][]madeKey // by their name in as=
	lastEvent int
	adversary *adversary.Adversary // nil: no tap
	mistake   error                // mistake in the current line of the script
	hands     *adversary.Hands     // nil: no mitm

	fetched   map[uuid.UUID]etsi.Secret // the last key that a slave got, by key ID
	meant     []protocol.Secret         // keys that the adversary made
	spent     map[string][2]int64       // bytes of clients and of hubs that a node had spent at the last call
	suite     protocol.Suite            // nil: that of the network
	isVirtual bool                      // time passes when all goroutines wait
	isSafe    bool                      // the suite has all measures against an adversary who controls the network
}

// newWorld finds the running network, or starts one.
func newWorld(ctx context.Context, p *parsed, o Options) (*world, error) {
	w := &world{suite: o.suite, keys: map[string][]madeKey{}, fetched: map[uuid.UUID]etsi.Secret{}, log: &logBook{}, stop: func() error { return nil }}
	if o.URL != "" {
		client := &http.Client{Timeout: answerTimeout}
		if w.http = o.HTTP; w.http == nil {
			w.http = func(string) *http.Client { return client }
		}
		w.remote = sim.Remote{URL: strings.TrimSuffix(o.URL, "/"), HTTP: w.http("outside")}
	} else if err := w.start(ctx, p, o); err != nil {
		return nil, err
	}
	if err := w.prepare(ctx); err != nil {
		return nil, errors.Join(err, w.stop())
	}
	return w, nil
}

// start starts a network for this scenario.
func (w *world) start(ctx context.Context, p *parsed, o Options) error {
	t := *p.topology
	if t.Suite == protocol.Suites[0].Name() && o.Suite != "" && t.KeySource == topology.KeysFromRNG {
		t.Suite = o.Suite
	}
	if o.psrd != nil && t.PSRD == topology.Reference().PSRD {
		t.PSRD = *o.psrd
	}
	config := sim.Config{
		Topology:   &t,
		Suite:      o.suite,
		Transport:  cmp.Or(p.settings.Transport, o.Transport, sim.Memory),
		Seed:       cmp.Or(o.Seed, p.settings.seed()),
		Virtual:    o.Time == Virtual,
		Logger:     slog.New(w.log.handler()),
		Audit:      true,
		ShareTTL:   p.settings.ShareTTL,
		HubTimeout: p.settings.HubTimeout,

		RequestTimeout: p.settings.RequestTimeout,
	}
	if p.settings.Data == "memory" {
		config.Data = sim.MemoryData
	}
	if config.Transport == sim.Loopback {
		config.Listen = "127.0.0.1:0"
	}
	n, err := sim.New(config)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() {
		defer cancel()
		ended <- n.Run(ctx)
	}()
	w.own, w.isVirtual = n, config.Virtual
	w.stop = func() error { cancel(); return <-ended }
	if err := n.WaitReady(ctx); err != nil {
		return errors.Join(err, w.stop())
	}
	w.http = func(from string) *http.Client { return &http.Client{Transport: n.Wire().Transport(from)} }
	w.remote = sim.Remote{URL: n.URL(), HTTP: w.http("outside")}
	return nil
}

// prepare examines the network and begins to listen.
func (w *world) prepare(ctx context.Context) (err error) {
	ctx, cancel := context.WithTimeout(ctx, idleTimeout)
	defer cancel()
	if w.overview, err = w.remote.Topology(ctx); err != nil {
		return fmt.Errorf("no network answers at %s: %w", w.remote.URL, err)
	}
	if err := w.idle(ctx); err != nil {
		return err
	}
	list, err := w.remote.Events(ctx, 0)
	w.lastEvent = list.Next
	w.isSafe = w.overview.Suite == protocol.SuiteITS && w.suite == nil
	return err
}

// idle waits until nothing goes on in the background.
func (w *world) idle(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, idleTimeout)
	defer cancel()
	return w.remote.WaitIdle(ctx)
}

// end checks the network and ends it. A running network that is not the scenario's own is restored:
// without faults, and with the nodes that were running.
func (w *world) end() error {
	if w.own == nil {
		return w.tidyUp()
	}
	w.own.ClearFaults()
	ctx, cancel := context.WithTimeout(context.Background(), idleTimeout)
	defer cancel()
	err := w.own.WaitIdle(ctx)
	if violations := w.own.Violations(); len(violations) > 0 {
		err = errors.Join(err, fmt.Errorf("PSRD was used twice: %s", strings.Join(violations, "; ")))
	}
	return errors.Join(err, w.stop())
}

func (w *world) tidyUp() error {
	ctx, cancel := context.WithTimeout(context.Background(), idleTimeout)
	defer cancel()
	err := w.remote.ClearFaults(ctx)
	for _, name := range w.overview.Nodes() {
		if !w.overview.IsStopped(name) {
			err = errors.Join(err, w.remote.Start(ctx, name))
		}
	}
	return errors.Join(err, w.remote.WaitReady(ctx), w.remote.WaitIdle(ctx))
}

// network returns the scenario's own network, for operations that are impossible over HTTP.
func (w *world) network() (*sim.Network, error) {
	if w.own == nil {
		return nil, errors.New("this works only on a network of the scenario's own, without --url")
	}
	return w.own, nil
}

// node completes the name of a node: hank may stand for hub/hank.
func (w *world) node(name string) (string, error) {
	for _, known := range w.overview.Nodes() {
		if _, short, _ := strings.Cut(known, "/"); known == name || short == name {
			return known, nil
		}
	}
	return "", mistakef("there is no node %s", name)
}

// nodes completes the names of nodes. There must be at least one.
func (w *world) nodes(names []string) ([]string, error) {
	if len(names) == 0 {
		return nil, errUsage
	}
	full := make([]string, len(names))
	for i, name := range names {
		var err error
		if full[i], err = w.node(name); err != nil {
			return nil, err
		}
	}
	return full, nil
}
