package sim_test

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"runtime"
	"runtime/metrics"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"dske/etsi"
	"dske/sim"
	"dske/sim/attack"
	"dske/sim/dashboard"
	"dske/sim/docs"
	"dske/sim/exchange"
	"dske/sim/topology"
)

var (
	siegeTime = flag.Duration("for", 5*time.Second, "how long TestSiege besieges the network, and TestSoak soaks it")
	siegeOnly = flag.String("only", "", "the only attacks that TestSiege tries, as a regular expression of their names")
)

// siege is a network with strangers at its port.
type siege struct {
	*testing.T
	*sim.Network
	http *http.Client // for everybody outside
	done context.CancelFunc
	end  chan error

	connections sync.WaitGroup // connections that strangers have left open
}

// TestSiege lets strangers try every attack, at once and all the time, while two encryptors make
// keys and the operator stops and starts nodes: no key fails, memory stays bounded, and afterwards
// everything is as before. It prints what it measures. With -strict it checks all figures, with
// -only it tries some of the attacks:
//
//	go test ./sim -run Siege -v -args -for 60s -strict
//	go test ./sim -run Siege -v -args -only 'large keys|faults'
func TestSiege(t *testing.T) {
	chosen := chooseAttacks(t)
	defer sim.TuneCollector()() // as dske run does
	s := newSiege(t)
	calm := s.observe(*siegeTime/4, nil)
	t.Logf("calm:   %v", calm)
	besieged := s.observe(*siegeTime, chosen)
	t.Logf("siege:  %v", besieged)
	s.recover(calm)
	after := s.observe(*siegeTime/4, nil)
	t.Logf("after:  %v", after)
	for _, o := range []observed{calm, besieged, after} {
		if o.failed > 0 || o.keys == 0 {
			t.Errorf("%d keys, of which %d failed: %v", o.keys, o.failed, o.why)
		}
	}
	if extra := besieged.memory - calm.memory; extra > 200<<20 {
		t.Errorf("memory was %d MB above calm", extra>>20)
	}
	if sim.Strict() && (besieged.p99 > 5*calm.p99 || after.p99 > 5*calm.p99) {
		t.Errorf("p99 was %v in calm, %v in the siege and %v afterwards", calm.p99, besieged.p99, after.p99)
	}
	s.observeEnd()
	s.connections.Wait()
}

// chooseAttacks returns the attacks that -only names, or all.
func chooseAttacks(t *testing.T) []assault {
	names, err := regexp.Compile("^(" + *siegeOnly + ")$")
	if err != nil {
		t.Fatal(err)
	}
	var chosen []assault
	for _, a := range attacks {
		if *siegeOnly == "" || names.MatchString(a.name) {
			chosen = append(chosen, a)
		}
	}
	if chosen == nil {
		t.Fatalf("no attack is named %q", *siegeOnly)
	}
	return chosen
}

// addPages adds the pages of a network.
func addPages(n *sim.Network, router *echo.Echo) {
	docs.Mount(n, router)
	book := exchange.NewBook(n)
	book.Mount(router)
	attacker := attack.New(n, book)
	attacker.Mount(router)
	dashboard.Mount(n, router, book, attacker)
}

func newSiege(t *testing.T) *siege {
	n, err := sim.New(sim.Config{
		Topology: topology.Reference(),
		Listen:   "127.0.0.1:0",
		Logger:   slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelError})),
		ShareTTL: 5 * time.Second, // so that shares that strangers have left expire soon
		Pages:    addPages,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	transport := &http.Transport{MaxIdleConnsPerHost: 64}
	s := &siege{T: t, Network: n, http: &http.Client{Transport: transport}, done: cancel, end: make(chan error, 1)}
	go func() { s.end <- n.Run(ctx) }()
	t.Cleanup(cancel)
	t.Cleanup(transport.CloseIdleConnections)
	if err := n.WaitReady(ctx); err != nil {
		t.Fatal(err)
	}
	return s
}

// observed is what was measured of the network for some time.
type observed struct {
	keys, failed int
	why          error // of the last failure
	p50, p99     time.Duration
	memory       int           // maximum heap in use, in bytes
	changes      int           // each a stop and a start of a node
	slowest      time.Duration // of the changes
	attempts     map[string]string
}

func (o observed) String() string {
	return fmt.Sprintf("%d keys, p50 %v, p99 %v, %d MB, %d stops and starts of at most %v, attempts %v", o.keys,
		o.p50.Round(time.Microsecond), o.p99.Round(time.Microsecond), o.memory>>20, o.changes, o.slowest.Round(time.Millisecond), o.attempts)
}

// observe makes keys for some time, while strangers attack and, if there are attacks, nodes stop
// and start.
func (s *siege) observe(duration time.Duration, attacks []assault) observed {
	ctx, cancel := context.WithTimeout(s.Context(), duration)
	defer cancel()
	o := observed{attempts: map[string]string{}}
	var strangers, others sync.WaitGroup
	counts := make([]tried, len(attacks))
	for i, a := range attacks {
		for range a.atOnce {
			strangers.Go(func() { every(ctx, a.every, func() { counts[i].count(a.do(ctx, s)) }) })
		}
	}
	others.Go(func() { every(ctx, 20*time.Millisecond, func() { o.memory = max(o.memory, heapInUse()) }) })
	if attacks != nil {
		others.Go(func() { s.stopAndStart(ctx, &o) })
	}
	s.makeKeys(ctx, &o)
	others.Wait()
	strangers.Wait()
	for i, a := range attacks {
		o.attempts[a.name] = counts[i].String()
	}
	return o
}

// every calls do again and again until ctx ends, with a pause.
func every(ctx context.Context, pause time.Duration, do func()) {
	ticker := time.NewTicker(pause)
	defer ticker.Stop()
	for ctx.Err() == nil {
		do()
		select {
		case <-ticker.C:
		case <-ctx.Done():
		}
	}
}

// makeKeys makes and fetches keys for the two encryptors.
func (s *siege) makeKeys(ctx context.Context, o *observed) {
	sam, sofia := s.sae("sam"), s.sae("sofia")
	var times []time.Duration
	every(ctx, 5*time.Millisecond, func() {
		began := time.Now()
		made, err := sam.GetKey(s.Context(), "sofia", etsi.KeyRequest{})
		if err == nil {
			var fetched []etsi.Key
			fetched, err = sofia.GetKeyWithKeyIDs(s.Context(), "sam", made[0].ID)
			if err == nil && !fetched[0].Equal(made[0]) {
				err = fmt.Errorf("the keys %v differ", made[0].ID)
			}
		}
		times = append(times, time.Since(began))
		o.keys++
		if err != nil {
			o.failed++
			o.why = err
		}
	})
	slices.Sort(times)
	o.p50, o.p99 = times[len(times)/2], times[len(times)*99/100]
}

func (s *siege) sae(name string) *etsi.Client {
	client, err := s.Overview().ClientOf(name)
	if err != nil {
		s.Fatal(err)
	}
	return &etsi.Client{URL: sim.KMEURL(s.URL(), client), SAE: name, HTTP: s.http}
}

// stopAndStart acts as the operator, who stops and starts the nodes that the strangers keep busy.
func (s *siege) stopAndStart(ctx context.Context, o *observed) {
	remote := sim.Remote{URL: s.URL(), HTTP: s.http}
	every(ctx, time.Second, func() {
		for _, name := range []string{"hub/hugo", "client/curtis"} {
			began := time.Now()
			if err := remote.Stop(s.Context(), name); err != nil {
				s.Error(err)
			}
			stopped := time.Since(began)
			if err := remote.Start(s.Context(), name); err != nil {
				s.Error(err)
			}
			o.slowest = max(o.slowest, stopped, time.Since(began)-stopped)
			o.changes++
		}
	})
	if sim.Strict() && o.slowest > 3*time.Second {
		s.Errorf("a stop or start took %v", o.slowest)
	}
}

func heapInUse() int {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	return int(sample[0].Value.Uint64())
}

// recover waits until the shares that strangers have left have expired, and everything is as it
// was.
func (s *siege) recover(calm observed) {
	s.ClearFaults()
	ctx, cancel := context.WithTimeout(s.Context(), time.Minute)
	defer cancel()
	for ticker := time.NewTicker(100 * time.Millisecond); ; {
		waiting := 0
		for _, h := range s.Snapshot().Hubs {
			waiting += h.SharesWaiting
		}
		runtime.GC()
		memory := heapInUse()
		if waiting == 0 && memory < calm.memory+32<<20 {
			return
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			s.Fatalf("%d shares wait, and %d MB are in use, after a minute", waiting, memory>>20)
		}
	}
}

// observeEnd ends the network while strangers delay everything that they can.
func (s *siege) observeEnd() {
	for _, a := range attacks {
		if a.holds {
			for range 10 {
				a.do(s.Context(), s)
			}
		}
	}
	began := time.Now()
	s.done()
	if err := <-s.end; err != nil {
		s.Error(err)
	}
	took := time.Since(began)
	s.Logf("the network ends after %v", took.Round(time.Millisecond))
	if sim.Strict() && took > 3*time.Second {
		s.Errorf("the network ends after %v", took)
	}
}
