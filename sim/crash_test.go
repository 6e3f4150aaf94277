package sim

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"dske/etsi"
	"dske/node/store"
	"dske/sim/topology"
	"dske/sim/virtual"
)

var everyPoint = flag.Bool("every-point", false, "let nodes crash at every operation, not at some")

// These decide which of the writes that were not synced survive a crash.
func keepNone() bool { return false }
func keepAll() bool  { return true }
func keepSome(seed int) func() bool {
	draw := rand.New(rand.NewPCG(uint64(seed), 0))
	return func() bool { return draw.IntN(2) == 0 }
}

// mortal is a network of which one node crashes at an operation of its disk.
type mortal struct {
	*testNetwork
	node *place
	at   int         // number of the operation; 0: never
	keep func() bool // nil: the node does not crash, but somebody copies its disk

	mu    sync.Mutex
	count int
	over  bool              // stops counting
	left  *store.MemoryDisk // the disk after the crash; nil: no crash yet

	log     bytes.Buffer
	made    []etsi.Key
	fetched map[uuid.UUID]bool
	doubted map[uuid.UUID]bool // keys whose answer the crash has cut, or may have cut
}

// watch counts the operations of the node's disk.
func (m *mortal) watch() {
	disk := m.node.disk().fs.(*store.MemoryDisk)
	disk.Before = func(store.Operation) error {
		m.mu.Lock()
		defer m.mu.Unlock()
		if m.over {
			return nil
		}
		if m.count++; m.count == m.at {
			if m.keep == nil {
				m.left = disk.Copy()
			} else {
				m.left = disk.Crash(m.keep)
			}
		}
		return nil
	}
}

// Write receives the log of the network.
func (m *mortal) Write(line []byte) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.log.Write(line)
}

func (m *mortal) hasCrashed() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.left != nil
}

// operationsToOpen returns how many operations it takes to open a new store.
func operationsToOpen(t *testing.T) (n int) {
	disk := store.NewMemoryDisk()
	disk.Before = func(store.Operation) error {
		n++
		return nil
	}
	if _, err := store.Open(store.Config{FS: disk, Dir: "/hub/hank"}); err != nil {
		t.Fatal(err)
	}
	return n
}

// revive starts the node on what its crash has left, if it has crashed.
func (m *mortal) revive() {
	if !m.hasCrashed() || m.node.disk().fs == m.left {
		return
	}
	m.crash(m.node.path())
	m.node.disk().fs = m.left
	m.start(m.node.path())
}

// make makes a key. It may fail if the node has crashed.
func (m *mortal) make() {
	keys, err := m.sae("sae1").GetKey(context.Background(), "sae2", etsi.KeyRequest{Size: 8192})
	switch {
	case err == nil:
		m.made = append(m.made, keys[0])
	case !m.hasCrashed():
		m.Errorf("making a key: %v", err)
	}
	m.revive()
}

// fetchNext fetches the i-th key, if there is one.
func (m *mortal) fetchNext(i int) {
	if i < 0 || i >= len(m.made) || m.fetched[m.made[i].ID] {
		return
	}
	alive := !m.hasCrashed()
	key, err := m.fetch("sae1", "sae2", m.made[i].ID)
	m.doubted[m.made[i].ID] = m.doubted[m.made[i].ID] || alive && m.hasCrashed() && err != nil
	switch {
	case err == nil && !bytes.Equal(key.Key.Reveal(), m.made[i].Key.Reveal()):
		m.Errorf("key %d is another one", i)
	case err == nil:
		m.fetched[key.ID] = true
	case !m.hasCrashed():
		m.Errorf("fetching key %d: %v", i, err)
	}
	m.revive()
}

// exchange makes and fetches keys, with a planned restart of the node in the middle.
func (m *mortal) exchange() {
	m.revive()
	for i := range 6 {
		m.make()
		m.fetchNext(i - 1)
		if i == 3 {
			m.restart()
		}
	}
	m.rest()
}

// run is the fixed run.
func (m *mortal) run() {
	m.exchange()
	for i := range m.made {
		m.fetchNext(i)
	}
	m.rest()
	m.mu.Lock()
	m.over = true
	m.mu.Unlock()
	for i := range m.made { // keys whose answer the crash has cut, and that can still be fetched
		m.fetchNext(i)
	}
	m.check()
}

// rest waits until all activity is over and, if the node has crashed, until it has started and its
// peers have noticed.
func (m *mortal) rest() {
	m.idle()
	m.revive()
	m.ready()
	m.idle()
}

func (m *mortal) restart() {
	m.idle()
	m.revive()
	if m.hasCrashed() {
		m.start(m.node.path())
		return
	}
	m.crash(m.node.path())
	m.watch()
	if err := m.Start(context.Background(), m.node.path()); err != nil && !m.hasCrashed() {
		m.Errorf("starting again: %v", err)
	}
	m.revive()
}

// check checks the invariants: every key was fetched once, and new ones can be fetched.
func (m *mortal) check() {
	m.mu.Lock()
	m.at = 0 // a node that has not crashed by now does not crash any more
	m.mu.Unlock()
	for i, key := range m.made {
		if !m.fetched[key.ID] && !m.doubted[key.ID] {
			m.Errorf("key %d was lost", i)
		}
		if m.doubted[key.ID] {
			continue // it may have been delivered
		}
		var refused *etsi.Error
		if _, err := m.fetch("sae1", "sae2", key.ID); !errors.As(err, &refused) || refused.Status != 400 {
			m.Errorf("key %d, fetched before, again: %v", i, err)
		}
	}
	m.keyPair("sae1", "sae2", 8192)
	for _, v := range m.Violations() {
		m.Error(v)
	}
}

// runMortal runs the network in virtual time, and returns the number of operations.
func runMortal(t *testing.T, node string, at int, keep func() bool) (count int) {
	return runWith(t, &mortal{at: at, keep: keep}, node, (*mortal).run)
}

// runWith runs a node in virtual time, in a small network.
func runWith(t *testing.T, m *mortal, node string, run func(*mortal)) (count int) {
	top := small(t)
	top.PSRD = topology.PSRD{BlockSize: 8192, LowWater: 2048, HighWater: 8192}
	return runOn(t, m, top, node, run)
}

// runOn is runWith in any network.
func runOn(t *testing.T, m *mortal, top *topology.Topology, node string, run func(*mortal)) (count int) {
	seed := uint64(7)
	m.fetched, m.doubted = map[uuid.UUID]bool{}, map[uuid.UUID]bool{}
	config := Config{Topology: top, Data: MemoryData, Audit: true, Seed: &seed, Virtual: true, Transport: Memory}
	config.Logger = slog.New(slog.NewTextHandler(m, nil))
	err := virtual.Run(t.Context(), func(context.Context) error {
		n, err := New(config)
		if err != nil {
			return err
		}
		m.node = n.at(node)
		m.watch()
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan error, 1)
		go func() { ended <- n.Run(ctx) }()
		m.testNetwork = &testNetwork{n, t, n.Wire().Transport("outside")}
		soon, late := context.WithTimeout(ctx, 5*time.Second)
		n.WaitReady(soon)
		late()
		run(m)
		cancel()
		return <-ended
	})
	if err != nil {
		t.Error(err)
	}
	return m.count
}

// At whatever operation of its disk a node crashes, and whatever the crash leaves: no byte is used
// twice, no key is lost that a master has, and none is fetched twice.
func TestCrashPoints(t *testing.T) {
	for _, node := range []string{"hub/hub1", "client/client1", "client/client2"} {
		n := runMortal(t, node, 0, keepNone)
		t.Logf("%s: %d operations", node, n)
		step := 1
		if !*everyPoint {
			step = n/4 + 1
		}
		for at := operationsToOpen(t) + 1; at <= n; at += step {
			for name, keep := range map[string]func() bool{"none": keepNone, "all": keepAll, "some": keepSome(at)} {
				t.Run(fmt.Sprintf("%s %d %s", node, at, name), func(t *testing.T) { runMortal(t, node, at, keep) })
			}
		}
	}
}
