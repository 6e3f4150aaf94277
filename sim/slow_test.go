package sim

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"dske/etsi"
	"dske/node"
	"dske/node/store"
	"dske/sim/link"
	"dske/sim/topology"
)

var (
	slowSeeds = flag.Int("slow-seeds", 3, "with how many seeds nodes with slow disks crash")
	slowFor   = flag.Duration("slow-for", 3*time.Second, "for how long they do, in virtual time")
)

// battered is a network with slow disks, whose nodes crash during writes.
type battered struct {
	*mortal
	draw    *rand.Rand
	putBack node.Kind // kind of the nodes whose old copies are restored; "": none
	copies  map[*place]*store.MemoryDisk
	old     map[*place]bool // places whose copies were restored

	mu      sync.Mutex
	crashes map[string]int // by node
	keys    []*batteredKey
}

type batteredKey struct {
	etsi.Key
	master, slave    string
	fetched, doubted bool
}

// random returns a random duration up to most.
func (b *battered) random(most time.Duration) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	return 1 + time.Duration(b.draw.Int64N(int64(most)))
}

// slow delays the durable operations of a node's disk.
func (b *battered) slow(p *place) {
	p.disk().fs.(*store.MemoryDisk).Before = func(o store.Operation) error {
		switch o.Kind {
		case "sync", "sync-dir", "write", "rename", "remove":
			time.Sleep(b.random(10 * time.Millisecond))
		}
		return nil
	}
}

// findAfter returns the disk that a crashed node finds: what is left, or an old copy.
func (b *battered) findAfter(p *place, disk *store.MemoryDisk, keep func() bool) *store.MemoryDisk {
	b.mu.Lock()
	defer b.mu.Unlock()
	left, old := disk.Crash(keep), b.copies[p]
	b.copies[p] = left.Copy()
	if p.kind() == b.putBack && old != nil {
		b.old[p] = true
		return old
	}
	return left
}

// crashSome crashes a node, and starts it again after a while.
func (b *battered) crashSome() {
	b.mu.Lock()
	p := b.placeAt(b.draw.IntN(len(b.hubs) + len(b.perClient)))
	b.crashes[p.name()]++
	keep := keepSome(int(b.draw.Int64()))
	b.mu.Unlock()
	left := b.findAfter(p, p.disk().fs.(*store.MemoryDisk), keep)
	b.crash(p.path())
	b.mu.Lock()
	b.crashes[p.name()]++
	b.mu.Unlock()
	p.disk().fs = left
	b.slow(p)
	time.Sleep(b.random(500 * time.Millisecond))
	b.start(p.path())
}

// mayRepeat reports whether a key may be delivered twice: a restored client may deliver a key whose
// delivery was not confirmed, and as many hubs as make a key may hand out their shares again.
func (b *battered) mayRepeat() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.putBack == node.KindClient || len(b.old) >= b.config.Topology.Threshold
}

func (b *battered) crashesOf(node string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.crashes[node]
}

// exchange makes a key and perhaps fetches it.
func (b *battered) exchange(i int) {
	k := &batteredKey{master: "sae1", slave: "sae2"}
	if i%2 == 1 {
		k.master, k.slave = k.slave, k.master
	}
	keys, err := b.sae(k.master).GetKey(context.Background(), k.slave, etsi.KeyRequest{Size: 4096})
	if err != nil {
		return // a crash may have caused it
	}
	k.Key = keys[0]
	b.mu.Lock()
	b.keys = append(b.keys, k)
	b.mu.Unlock()
	time.Sleep(b.random(300 * time.Millisecond))
	if i%4 < 3 {
		_ = b.fetchOnce(k)
	}
}

// fetchOnce tries to fetch a key, and records whether a crash may have cut the answer.
func (b *battered) fetchOnce(k *batteredKey) error {
	client := "client" + k.slave[3:]
	before := b.crashesOf(client)
	got, err := b.fetch(k.master, k.slave, k.ID)
	switch {
	case err != nil:
		k.doubted = k.doubted || b.crashesOf(client) != before || before%2 == 1
		return err
	case k.fetched && !b.mayRepeat():
		b.Errorf("key %v was delivered twice", k.ID)
	case !bytes.Equal(got.Key.Reveal(), k.Key.Key.Reveal()):
		b.Errorf("key %v is another one", k.ID)
	}
	k.fetched = true
	return nil
}

func (b *battered) batter() {
	for _, p := range b.places {
		b.slow(p)
	}
	var all sync.WaitGroup
	over := time.Now().Add(*slowFor)
	for i := range 6 {
		all.Go(func() {
			for ; time.Now().Before(over); i++ {
				b.exchange(i)
				time.Sleep(b.random(200 * time.Millisecond))
			}
		})
	}
	for time.Now().Before(over) {
		b.crashSome()
		time.Sleep(b.random(time.Second))
	}
	all.Wait()
	time.Sleep(10 * time.Second)
	b.ready()
	b.settle()
}

// settle checks the invariants when all is well again.
func (b *battered) settle() {
	lost := 0
	for _, k := range b.keys {
		if k.fetched {
			continue
		}
		if err := b.fetchOnce(k); err != nil && !k.doubted && b.putBack == "" {
			b.Errorf("key %v is lost: %v", k.ID, err)
		}
		if !k.fetched {
			lost++
		}
	}
	for _, k := range b.keys {
		var refused *etsi.Error
		if !k.fetched || b.mayRepeat() {
			continue
		}
		if err := b.fetchOnce(k); !errors.As(err, &refused) || refused.Status != 400 {
			b.Errorf("key %v again: %v", k.ID, err)
		}
	}
	b.keyPair("sae1", "sae2", 4096)
	b.keyPair("sae2", "sae1", 4096)
	for _, v := range b.Violations() {
		b.Error(v)
	}
	b.Logf("%d keys, %d cut by a crash, crashes %v", len(b.keys), lost, b.crashes)
}

// Nodes crash again and again while their disks write and messages are under way: no byte is used
// twice, no key is lost and none delivered twice. No byte is used twice, either, if an old copy of
// hubs, or of clients, is restored each time.
//
//	go test ./sim -run TestCrashesOnSlowDisks -args -slow-seeds 30 -slow-for 30s
func TestCrashesOnSlowDisks(t *testing.T) {
	for seed := range uint64(*slowSeeds) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			top, err := topology.Generate(topology.Sizes{Hubs: 3, Clients: 2, Threshold: 2})
			if err != nil {
				t.Fatal(err)
			}
			top.PSRD = topology.PSRD{BlockSize: 8192, LowWater: 2048, HighWater: 8192}
			top.Links = []topology.Link{{Link: link.Link{Latency: link.Fixed(5 * time.Millisecond), Jitter: 4 * time.Millisecond}}}
			if err := top.Validate(); err != nil {
				t.Fatal(err)
			}
			b := &battered{draw: rand.New(rand.NewPCG(seed, 0)), crashes: map[string]int{},
				copies: map[*place]*store.MemoryDisk{}, old: map[*place]bool{}}
			b.putBack = []node.Kind{"", node.KindHub, node.KindClient}[seed%3]
			runOn(t, &mortal{}, top, "hub/hub1", func(m *mortal) {
				m.node.disk().fs.(*store.MemoryDisk).Before = nil
				b.mortal = m
				b.batter()
			})
		})
	}
}
