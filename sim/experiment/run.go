package experiment

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"dske/etsi"
	"dske/sim"
	"dske/sim/virtual"
)

// Options says how an experiment is run.
type Options struct {
	Seed  uint64        // seed of the first run of each point
	Runs  int           // number of runs; 0: as in the file
	For   time.Duration // length; 0: as in the file
	Jobs  int           // runs at the same time; 0: one
	Trace io.Writer     // every message of the first run of the first point; nil: no trace

	// Outcome is called for every wanted key, Progress with the virtual time since its last call.
	// Both are called from many goroutines. Either may be nil.
	Outcome  func(Outcome)
	Progress func(time.Duration)
}

// Outcome is the result of a key that a master wanted.
type Outcome struct {
	Master, Slave string        // SAE IDs
	Asked         time.Duration // since the start of the experiment
	Making        time.Duration // from the request to the answer
	Made          error         // why the master got no key; nil: it got one
	Fetching      time.Duration
	Fetched       error // why the slave got no key, if the master got one
}

// run is one run under way.
type run struct {
	point   *Point
	seed    uint64
	options *Options
	network *sim.Network
	began   time.Time

	mu      sync.Mutex
	saes    map[encryptor]*etsi.Client
	reasons map[string]int // by node: how many outages keep it down
	states  map[string]bool
	result  Run
	hour    atomic.Int64 // keys fetched in the current hour
	failing map[pair]time.Duration
	err     error
}

// simulate runs a point with a seed, in a bubble of its own.
func (p *Point) simulate(ctx context.Context, seed uint64, o *Options, trace io.Writer) (*Run, error) {
	var result *Run
	err := virtual.Run(ctx, func(context.Context) error {
		r := &run{point: p, seed: seed, options: o, saes: map[encryptor]*etsi.Client{}, reasons: map[string]int{}, states: map[string]bool{}, failing: map[pair]time.Duration{}}
		err := r.simulate(ctx, trace)
		r.result.Seed = seed
		r.result.finish()
		result = &r.result
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("seed %d: %w", seed, err)
	}
	return result, nil
}

// simulate starts the network, runs the experiment, and ends the network.
func (r *run) simulate(outside context.Context, trace io.Writer) (err error) {
	config := sim.Config{
		Topology: r.point.Topology, Transport: sim.Memory, Virtual: true, Seed: &r.seed, Audit: true, ShareTTL: r.point.ShareTTL,
	}
	if r.point.Durable {
		config.Data = sim.MemoryData
	}
	r.network, err = sim.New(config)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- r.network.Run(ctx) }()
	defer func() {
		cancel()
		err = errors.Join(err, <-ended)
	}()
	if err := r.network.WaitReady(ctx); err != nil {
		return err
	}
	if trace != nil {
		stop := r.network.Wire().Trace(trace)
		defer func() { err = errors.Join(err, stop()) }()
	}
	r.happen(outside)
	r.network.ClearFaults()
	r.result.Violations = r.network.Violations()
	if mishaps := r.network.Mishaps(); len(mishaps) > 0 {
		r.note(fmt.Errorf("the program failed: %s", mishaps[0]))
	}
	return errors.Join(r.err, outside.Err())
}

// happen runs demand for the length of the experiment, and outages until the last key has been
// fetched. It also ends, within a virtual hour, when the context from outside does.
func (r *run) happen(outside context.Context) {
	r.began = time.Now()
	ctx, cancel := context.WithTimeout(context.Background(), r.point.For)
	defer cancel()
	suffering, relieve := context.WithCancel(context.Background())
	defer relieve()
	var outages, demand sync.WaitGroup
	for _, t := range r.targets() {
		outages.Go(func() { r.suffer(suffering, t) })
	}
	for i := range r.point.Demand {
		demand.Go(func() { r.want(ctx, i) })
	}
	outages.Go(func() {
		for r.observe(); r.sleep(ctx, time.Hour); r.observe() {
			if outside.Err() != nil {
				cancel()
			}
		}
	})
	demand.Wait()
	relieve()
	outages.Wait()
}

// want lets the pairs of a demand want keys until the experiment ends, and waits for the last of
// them. There may be very many pairs, so none has a goroutine or a timer of its own.
func (r *run) want(ctx context.Context, number int) {
	d := &r.point.Demand[number]
	w := workers{jobs: make(chan func())}
	defer w.end()
	a := newAgenda(d, r.point.Topology, r.seed, number)
	for r.sleep(ctx, time.Until(r.began.Add(a[0].at))) {
		p := a.next()
		w.do(func() { r.exchange(d, p) })
	}
}

// sae returns an encryptor's ETSI client.
func (r *run) sae(e encryptor) *etsi.Client {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.saes[e] == nil {
		r.saes[e] = &etsi.Client{
			URL: sim.KMEURL(r.network.URL(), e.client), SAE: e.sae,
			HTTP: &http.Client{Transport: r.network.Wire().Transport("sae/" + e.sae)},
		}
	}
	return r.saes[e]
}

// exchange makes a key for a master, and fetches it for the slave.
func (r *run) exchange(d *Demand, p pair) {
	ctx, master, slave := context.Background(), r.sae(p.master), r.sae(p.slave)
	o := Outcome{Master: p.master.sae, Slave: p.slave.sae, Asked: time.Since(r.began)}
	keys, err := master.GetKey(ctx, p.slave.sae, etsi.KeyRequest{Size: d.Size})
	o.Making, o.Made = time.Since(r.began)-o.Asked, err
	if err == nil {
		time.Sleep(d.FetchAfter)
		began := time.Now()
		var fetched []etsi.Key
		fetched, o.Fetched = slave.GetKeyWithKeyIDs(ctx, p.master.sae, keys[0].ID)
		o.Fetching = time.Since(began)
		if o.Fetched == nil && !fetched[0].Equal(keys[0]) {
			r.note(fmt.Errorf("the ends of key %v differ", keys[0].ID))
		}
	}
	r.add(p, o)
	if r.options.Outcome != nil {
		r.options.Outcome(o)
	}
}

// add counts an outcome.
func (r *run) add(p pair, o Outcome) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.result.add(o)
	since, isFailing := r.failing[p]
	switch ok := o.Made == nil && o.Fetched == nil; {
	case ok && isFailing:
		r.result.restored(o.Asked - since)
		delete(r.failing, p)
	case !ok && !isFailing:
		r.failing[p] = o.Asked
	}
	if o.Made == nil && o.Fetched == nil {
		r.hour.Add(1)
	}
}

// note keeps the first error that makes the run worthless.
func (r *run) note(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil && r.err == nil {
		r.err = err
	}
}

// happened records that a target has failed or come back.
func (r *run) happened(name string, up bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if was, known := r.states[name]; known && was == up {
		return
	}
	r.states[name] = up
	r.result.Events = append(r.result.Events, Event{time.Since(r.began), name, up})
}

// observe adds a row to the series.
func (r *run) observe() {
	s := r.network.Snapshot()
	row := Row{At: time.Since(r.began), Fetched: r.hour.Swap(0)}
	var levels []int
	for _, h := range s.Hubs {
		if h.Running {
			row.HubsUp++
		}
	}
	for _, c := range s.Clients {
		if c.Running {
			row.ClientsUp++
		}
		for _, level := range c.Levels {
			levels = append(levels, max(0, level))
		}
	}
	slices.Sort(levels)
	if len(levels) > 0 {
		row.Lowest, row.Median = levels[0], levels[len(levels)/2]
	}
	r.mu.Lock()
	r.result.Series = append(r.result.Series, row)
	r.mu.Unlock()
	if r.options.Progress != nil {
		r.options.Progress(min(time.Hour, row.At))
	}
}
