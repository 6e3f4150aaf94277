package sim

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"dske/etsi"
	"dske/node/store"
	"dske/sim/wire"
)

// spent returns how many bytes the node has consumed.
func (m *mortal) spent() int64 {
	counts := m.node.disk().counts()
	return counts["client_owned"] + counts["hub_owned"]
}

// While the disk of a node fails, requests that need it are refused with the reason and spend
// nothing. The node resumes when the disk does.
func TestFailingDisks(t *testing.T) {
	for _, failure := range []error{syscall.ENOSPC, syscall.EROFS, syscall.EIO} {
		for _, kind := range []string{"write", "sync"} {
			for _, node := range []string{"hub/hub1", "client/client2"} {
				t.Run(fmt.Sprint(failure, kind, node), func(t *testing.T) {
					failing := false
					runWith(t, &mortal{}, node, func(m *mortal) {
						m.node.disk().fs.(*store.MemoryDisk).Before = nil
						m.idle()
						m.node.disk().fs.(*store.MemoryDisk).Before = func(o store.Operation) error {
							m.mu.Lock()
							defer m.mu.Unlock()
							if failing && o.Kind == kind {
								return failure
							}
							return nil
						}
						m.failAndHeal(&failing, failure)
					})
				})
			}
		}
	}
}

// Whatever operation of its disk fails, also while a node starts, and for how long: refusals are
// 503s, nothing is lost or used twice, and the node recovers.
func TestFailingOperations(t *testing.T) {
	for _, node := range []string{"hub/hub1", "client/client1", "client/client2"} {
		n := runWith(t, &mortal{}, node, func(m *mortal) { m.struggle(0, 0, nil) })
		step := 1
		if !*everyPoint {
			step = n/4 + 1
		}
		causes, lengths := []error{syscall.ENOSPC, syscall.EROFS, syscall.EIO}, []int{1, 2, 30}
		for at := operationsToOpen(t) + 1; at <= n; at += step {
			for i, length := range lengths {
				cause := causes[(at+i)%len(causes)]
				t.Run(fmt.Sprintf("%s %d %v %d", node, at, cause, length), func(t *testing.T) {
					runWith(t, &mortal{}, node, func(m *mortal) { m.struggle(at, length, cause) })
				})
			}
		}
	}
}

// struggle is the fixed run in which length operations from the at-th on fail. The run goes as far
// as it can.
func (m *mortal) struggle(at, length int, cause error) {
	over := false
	fails := func(store.Operation) error {
		m.mu.Lock()
		defer m.mu.Unlock()
		if m.count++; m.count >= at && m.count < at+length && !over {
			return cause
		}
		return nil
	}
	m.node.disk().fs.(*store.MemoryDisk).Before = fails
	for i := range 6 {
		keys, err := m.sae("sae1").GetKey(context.Background(), "sae2", etsi.KeyRequest{Size: 8192})
		if m.wantStorage(err, at); err == nil {
			m.made = append(m.made, keys[0])
		}
		if len(m.made) > 1 {
			m.tryFetch(len(m.made)-2, at)
		}
		if i != 3 {
			continue
		}
		m.idle()
		m.crash(m.node.path())
		m.node.disk().fs.(*store.MemoryDisk).Before = fails
		for err := m.Start(context.Background(), m.node.path()); err != nil; err = m.Start(context.Background(), m.node.path()) {
			if !errors.Is(err, cause) {
				m.Fatalf("it does not start: %v", err)
			}
		}
	}
	m.set(&over, true)
	time.Sleep(time.Minute)
	for i := range m.made {
		m.tryFetch(i, 0)
	}
	m.check()
}

// tryFetch fetches a key unless it has been fetched.
func (m *mortal) tryFetch(i, at int) {
	if m.fetched[m.made[i].ID] {
		return
	}
	_, err := m.fetch("sae1", "sae2", m.made[i].ID)
	m.wantStorage(err, at)
	m.fetched[m.made[i].ID] = err == nil
}

// wantStorage checks that nothing fails before an operation of the disk has, and then only with a
// 503.
func (m *mortal) wantStorage(err error, at int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var said *etsi.Error
	if err != nil && (at == 0 || m.count < at || !errors.As(err, &said) || said.Status != 503) {
		m.Errorf("it says %v after %d operations", err, m.count)
	}
}

func (m *mortal) failAndHeal(failing *bool, failure error) {
	waiting, other := m.getKey("sae1", "sae2", 256), m.getKey("sae1", "sae2", 256)
	m.set(failing, true)
	refused := func() (err error) {
		if m.node.path() == "hub/hub1" {
			_, err = m.sae("sae1").GetKey(context.Background(), "sae2", etsi.KeyRequest{Size: 256})
		} else {
			_, err = m.fetch("sae1", "sae2", waiting.ID)
		}
		return err
	}
	refused() // the node notices that the disk fails
	m.idle()
	before := m.spent()
	var said *etsi.Error
	if err := refused(); !errors.As(err, &said) || said.Status != 503 || !strings.Contains(fmt.Sprint(said, said.Details), failure.Error()) {
		m.Errorf("it says %v, want 503 and %v", err, failure)
	}
	m.idle()
	if m.node.path() == "hub/hub1" { // it can hand out shares without storing anything
		before = m.spent()
		if _, err := m.fetch("sae1", "sae2", other.ID); err != nil || m.spent() == before {
			m.Errorf("fetching while the disk of a hub fails: %v", err)
		}
		before = m.spent()
	}
	if after := m.spent(); after != before {
		m.Errorf("%d bytes were spent", after-before)
	}
	m.set(failing, false)
	time.Sleep(time.Second)
	if key, err := m.fetch("sae1", "sae2", waiting.ID); err != nil || string(key.Key.Reveal()) != string(waiting.Key.Reveal()) {
		m.Errorf("the key that waited: %v", err)
	}
	m.keyPair("sae1", "sae2", 256)
	for _, v := range m.Violations() {
		m.Error(v)
	}
}

func (m *mortal) set(to *bool, value bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	*to = value
}

// A peer that was restored is logged once, by name.
func TestRollbackIsNoticed(t *testing.T) {
	for node, says := range map[string]string{
		"hub/hub1":       "an old copy of the hub's state was put back",
		"client/client1": "an old copy of the client's state was put back",
	} {
		runWith(t, &mortal{}, node, func(m *mortal) {
			if err := m.Copy(context.Background(), node); err != nil {
				t.Fatal(err)
			}
			for range 8 {
				m.keyPair("sae1", "sae2", 8192)
			}
			m.crash(node)
			if err := m.Restore(context.Background(), node); err != nil {
				t.Fatal(err)
			}
			m.start(node)
			m.ready()
			m.keyPair("sae1", "sae2", 8192)
			m.idle()
			m.mu.Lock()
			heard := m.log.String()
			m.mu.Unlock()
			// Each peer that has seen it logs it: both clients of a hub, both hubs of a client.
			if n := strings.Count(heard, says); n != 2 || strings.Count(heard, "put back") != 2 {
				t.Errorf("%s: it is said %d times in %s", node, n, heard)
			}
			if n := m.rolledBack(); n != 2 {
				t.Errorf("%s: it is counted %d times", node, n)
			}
			for _, v := range m.Violations() {
				t.Error(v)
			}
		})
	}
}

// rolledBack returns how often a node has noticed that a peer was restored.
func (m *mortal) rolledBack() (n int64) {
	s := m.Snapshot()
	for _, h := range s.Hubs {
		n += h.RolledBack
	}
	for _, c := range s.Clients {
		n += c.RolledBack
	}
	return n
}

// Messages from before a restart of all nodes are refused after it.
func TestReplayAfterRestart(t *testing.T) {
	runWith(t, &mortal{}, "hub/hub1", func(m *mortal) {
		var sent []*wire.Request
		stop := m.Wire().Intercept(func(ctx context.Context, r *wire.Request, next wire.Deliver) (wire.Response, error) {
			if strings.Contains(r.Path, inBand) {
				m.mu.Lock()
				sent = append(sent, r.Copy())
				m.mu.Unlock()
			}
			return next(ctx, r)
		})
		for range 3 {
			m.keyPair("sae1", "sae2", 256)
		}
		m.getKey("sae1", "sae2", 256)
		m.idle()
		stop()
		nodes := []string{"hub/hub1", "hub/hub2", "client/client1", "client/client2"}
		m.crash(nodes...)
		m.start(nodes...)
		m.ready()
		for _, r := range sent {
			if status := m.release(r); status < 400 {
				t.Errorf("%s %s: %d", r.Method, r.Path, status)
			}
		}
		m.keyPair("sae1", "sae2", 256)
		for _, v := range m.Violations() {
			t.Error(v)
		}
	})
}

// Two starts with the same seed on the same data have no block or key in common.
func TestSameSeedAndData(t *testing.T) {
	seed, dir := uint64(7), filepath.Join(t.TempDir(), "data")
	seen := map[string]bool{}
	for range 3 {
		config := Config{Topology: small(t), Data: dir, Seed: &seed, FreshPSRD: true}
		err := live(t, config, func(n *testNetwork) {
			key := n.getKey("sae1", "sae2", 256)
			names := []string{key.ID.String(), string(key.Key.Reveal())}
			blocks, err := os.ReadDir(filepath.Join(dir, "hub", "hub1", "blocks"))
			if err != nil {
				t.Fatal(err)
			}
			for _, b := range blocks {
				names = append(names, b.Name())
			}
			for _, name := range names {
				if seen[name] {
					t.Errorf("%x is there again", name)
				}
				seen[name] = true
			}
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// While the disk that counts the uses of a network's seed fails, its texts are still new ones.
func TestTextsWhileDiskFails(t *testing.T) {
	disk, failing := store.NewMemoryDisk(), false
	disk.Before = func(store.Operation) error {
		if failing {
			return syscall.EIO
		}
		return nil
	}
	kept, err := store.Open(store.Config{FS: disk, Dir: "/network"})
	if err != nil {
		t.Fatal(err)
	}
	n := &Network{seeds: &seeds{seed: 7, uses: map[string]int64{}, kept: map[string]int64{}}}
	n.seeds.recall(kept)
	seen := map[string]bool{strings.Repeat("A", 26): true} // zeros
	for i := range 3 * usesAhead {
		failing = i > 0
		text := n.Text("token")
		if seen[text] {
			t.Fatalf("%s is there again", text)
		}
		seen[text] = true
	}
}
