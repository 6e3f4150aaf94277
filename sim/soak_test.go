package sim

import (
	"bytes"
	"flag"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"dske/etsi"
	"dske/protocol"
	"dske/sim/topology"
)

var (
	soakTime = flag.Duration("soak", 30*time.Second, "how long TestSoak soaks each suite, in time of the network's own")
	soakSeed = flag.Uint64("soak-seed", 1, "what TestSoak does")
)

const (
	// liars is how many of the hubs may lie at a time: fewer than the threshold.
	liars = 2

	// leftover is how many bytes more than before may be in use at the end: mostly what the audit
	// remembers, and pools that are filled differently.
	leftover = 16 << 20
)

// soak is a network to which random things happen while encryptors make and fetch keys.
type soak struct {
	*testNetwork
	made, fetched, failed atomic.Int64
	lied                  map[string]bool // hubs that have ever lied
}

// TestSoak stops, starts and corrupts hubs and clients at random, and puts faults between them,
// while encryptors make keys. Both ends of every key are equal, none is delivered twice, no byte of
// PSRD is used twice by an honest node, and in the end the network works, with the goroutines,
// shares and memory that it had. The test ignores a hub that has lied, which may use bytes in any
// way, and the number of keys that fail meanwhile. It runs in virtual time, so a busy machine
// changes nothing. For an hour of virtual time:
//
//	go test ./sim -race -run Soak -v -timeout 1h -args -soak 1h
func TestSoak(t *testing.T) {
	for _, suite := range protocol.Suites {
		t.Run(suite.Name(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				top := topology.Reference()
				top.Suite = suite.Name()
				top.PSRD = topology.PSRD{BlockSize: 4096, LowWater: 1024, HighWater: 4096}
				s := &soak{testNetwork: start(t, Config{Topology: top, Audit: true, ShareTTL: 20 * time.Second}), lied: map[string]bool{}}
				s.rest()
				goroutines, memory := countGoroutines(), memoryInUse()
				s.run()
				s.rest()
				t.Logf("%d keys made, %d fetched, %d failed", s.made.Load(), s.fetched.Load(), s.failed.Load())
				s.check(goroutines, memory)
			})
		})
	}
}

// run soaks the network.
func (s *soak) run() {
	end := time.Now().Add(*soakTime)
	var workers sync.WaitGroup
	saes := s.Overview().Encryptors()
	for i := range 4 {
		workers.Go(func() {
			r := rand.New(rand.NewPCG(*soakSeed, uint64(i)))
			for time.Now().Before(end) {
				master := r.IntN(len(saes))
				s.makeKey(r, saes[master], saes[(master+1+r.IntN(len(saes)-1))%len(saes)])
				time.Sleep(time.Duration(r.IntN(200)) * time.Millisecond)
			}
		})
	}
	r := rand.New(rand.NewPCG(*soakSeed, 1000))
	for time.Now().Before(end) {
		s.happen(r)
		time.Sleep(time.Duration(r.IntN(1000)) * time.Millisecond)
	}
	workers.Wait()
}

// makeKey makes keys and fetches each, now or later, and then tries to fetch it again.
func (s *soak) makeKey(r *rand.Rand, master, slave string) {
	keys, err := s.sae(master).GetKey(s.Context(), slave, etsi.KeyRequest{Number: 1 + r.IntN(3), Size: 64 << r.IntN(6)})
	if err != nil {
		s.failed.Add(1)
		return
	}
	s.made.Add(int64(len(keys)))
	time.Sleep(time.Duration(r.IntN(3)) * time.Second)
	for _, k := range keys {
		delivered := 0
		for range 4 { // even after the delivery
			fetched, err := s.fetch(master, slave, k.ID)
			if err != nil {
				continue
			}
			if delivered++; !fetched.Equal(k) {
				s.Errorf("the ends of %v differ", k.ID)
			}
		}
		if s.fetched.Add(int64(delivered)); delivered > 1 {
			s.Errorf("%v was delivered %d times", k.ID, delivered)
		}
	}
}

// happen changes the network at random.
func (s *soak) happen(r *rand.Rand) {
	nodes := s.Overview().Nodes()
	some := func(names []string) string { return names[r.IntN(len(names))] }
	hub, client := some(nodes[:5]), some(nodes[5:])
	switch r.IntN(8) {
	case 0:
		s.stop(hub)
	case 1:
		s.stop(client)
	case 2, 3:
		s.start(nodes...)
	case 4:
		liar := some(nodes[:liars])
		s.lied[liar] = true
		if err := s.Corrupt(liar); err != nil {
			s.Error(err)
		}
	case 5:
		s.ClearFaults()
	default:
		kinds := []string{"drop", "delay=300ms", "duplicate", "hang", "reorder", "replay", "tamper=request where=signature", "tamper=response"}
		if err := s.Wire().AddFault(fmt.Sprintf("%s from=%s to=%s prob=0.3", some(kinds), client, hub)); err != nil {
			s.Error(err)
		}
	}
}

// rest ends all changes, and waits until nothing is left of them.
func (s *soak) rest() {
	s.ClearFaults()
	s.start(s.Overview().Nodes()...)
	if err := s.WaitReady(s.Context()); err != nil {
		s.Fatal(err)
	}
	time.Sleep(11 * time.Minute) // then the audit forgets old messages at the next one
	if failed := s.makePairs(100); failed > 0 {
		s.Errorf("%d key pairs of 100 fail", failed)
	}
	time.Sleep(5 * time.Minute) // shares expire, and blocks are given up
	if err := s.WaitIdle(s.Context()); err != nil {
		s.Fatal(err)
	}
	synctest.Wait()
}

// countGoroutines counts the goroutines that are not kept for tasks to come, see [node.Workers].
func countGoroutines() int {
	all := make([]byte, 16<<20)
	all = all[:runtime.Stack(all, true)]
	n := 0
	for one := range bytes.SplitSeq(all, []byte("\n\n")) {
		_, stack, _ := bytes.Cut(one, []byte("\n"))
		if !bytes.HasPrefix(stack, []byte("dske/node.(*Workers).work(")) {
			n++
		}
	}
	return n
}

// check compares the network with its state at the beginning.
func (s *soak) check(goroutines int, memory int64) {
	for _, v := range s.Violations() {
		if by, _, _ := strings.Cut(v, " "); !s.lied[by] {
			s.Errorf("PSRD is used twice: %v", v)
		}
	}
	if made := s.made.Load(); made == 0 || s.fetched.Load() == 0 {
		s.Error("no keys were made, or fetched")
	}
	if now := countGoroutines(); now > goroutines+5 {
		s.Errorf("%d goroutines, and there were %d", now, goroutines)
	}
	now := memoryInUse()
	s.Logf("%d hubs have lied; %d bytes are in use, and there were %d", len(s.lied), now, memory)
	if now > memory+leftover {
		s.Errorf("%d bytes in use, and there were %d", now, memory)
	}
	for _, h := range s.Snapshot().Hubs {
		if h.SharesWaiting > 0 {
			s.Errorf("%d shares wait at %s", h.SharesWaiting, h.Name)
		}
	}
}
