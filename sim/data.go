package sim

import (
	"crypto/rand"
	"errors"
	"path/filepath"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"dske/node/store"
)

// MemoryData is the Data of a network whose nodes keep their state on simulated disks, one each,
// which in a crash forget what was not synced.
const MemoryData = "memory:"

// network is both the kind and the name of the network's own directory.
const network = "network"

// disk stores the state of one node, or of the network itself. The zero value stores nothing, and
// so serves any number of nodes.
type disk struct {
	fs       store.FS // nil: none
	dir      string
	identity store.Identity
	counters func(func(string, *atomic.Int64)) // nil: none

	store *store.Store // nil: not open
	copy  *store.Copy  // the last copy that was made; nil: none
	lived bool         // the store was open before
}

// IsDurable reports whether nodes keep their state through a crash.
func (n *Network) IsDurable() bool { return n.config.Data != "" }

// disk returns the node's disk.
func (p *place) disk() *disk {
	if p.kept == nil {
		return p.network.disk
	}
	return p.kept
}

// newDisk returns the disk for a subdirectory of the network's directory, or nil if nothing is kept.
// It opens nothing.
func (n *Network) newDisk(kind, name string) *disk {
	d := &disk{identity: store.Identity{Kind: kind, Node: name, Suite: n.suite.Name()}}
	switch n.config.Data {
	case "":
		return nil
	case MemoryData:
		d.fs, d.dir = store.NewMemoryDisk(), filepath.Join("/", kind, name)
	default:
		d.fs, d.dir = store.OS{}, filepath.Join(n.config.Data, kind, name)
	}
	return d
}

// open opens the store, unless it is open. With fresh, it discards all blocks.
func (d *disk) open(fresh bool) error {
	if d.fs == nil || d.store != nil {
		return nil
	}
	s, err := store.Open(store.Config{FS: d.fs, Dir: d.dir, Identity: d.identity, Counters: d.counts})
	if err != nil {
		return err
	}
	d.store = s
	if !d.lived {
		d.recount()
		d.lived = true
	}
	if !fresh {
		return nil
	}
	var drops []store.Record
	s.View(func(state *store.State) {
		for id := range state.Blocks {
			drops = append(drops, &store.Drop{Block: id})
		}
	})
	return s.Commit(drops...)
}

// verify returns the stored state, or an error if the store is visibly damaged. It does not open
// the store.
func (d *disk) verify() (*store.State, error) {
	return store.Verify(store.Config{FS: d.fs, Dir: d.dir, Identity: d.identity})
}

// counts returns the values of the counters.
func (d *disk) counts() map[string]int64 {
	counts := map[string]int64{}
	if d.counters != nil {
		d.counters(func(name string, n *atomic.Int64) { counts[name] = n.Load() })
	}
	return counts
}

// recount restores the counters to their stored values.
func (d *disk) recount() {
	if d.counters == nil {
		return
	}
	d.store.View(func(s *store.State) {
		d.counters(func(name string, n *atomic.Int64) { n.Store(s.Counters[name]) })
	})
}

// close closes the store in good order, if it is open.
func (d *disk) close() error {
	if d.store == nil {
		return nil
	}
	err := d.store.Close()
	d.store = nil
	return err
}

// crash makes a simulated disk forget what was not synced. A real disk cannot do that.
func (d *disk) crash() {
	if memory, ok := d.fs.(*store.MemoryDisk); ok {
		d.fs = memory.Crash(func() bool { return false })
	}
}

// abandon ends the use of the store as a crash does.
func (d *disk) abandon() {
	if d.store != nil {
		_ = d.store.Abandon() // the disk has crashed
		d.store = nil
	}
}

// save makes a copy of the disk.
func (d *disk) save() (err error) {
	fs := d.fs
	switch memory, ok := fs.(*store.MemoryDisk); {
	case fs == nil:
		return errNoData
	case ok:
		fs = memory.Copy()
	}
	d.copy, err = store.Save(fs, d.dir)
	return err
}

// restore puts back the last copy.
func (d *disk) restore() error {
	switch {
	case d.fs == nil:
		return errNoData
	case d.copy == nil:
		return errors.New("there is no copy to restore: make one first")
	case d.store != nil:
		return errors.New("the node is running: stop or crash it first")
	}
	return d.copy.Restore(d.fs, d.dir)
}

var errNoData = errors.New("the network keeps nothing on a disk")

// openData opens the stores of the network and of all nodes, before any of them runs. If one of
// them cannot be opened, nothing is written to any.
func (n *Network) openData() error {
	if n.config.Data == "" {
		return nil
	}
	n.disk = n.newDisk(network, "")
	if err := n.verifyData(); err != nil {
		return err
	}
	if err := n.disk.open(false); err != nil {
		return err
	}
	name, err := n.recall(network, rand.Text)
	if err != nil {
		return err
	}
	if n.seeds != nil {
		n.seeds.recall(n.disk.store)
	}
	var opening errgroup.Group
	opening.SetLimit(opensAtOnce)
	for _, p := range n.places {
		if p.apart != nil {
			continue
		}
		p.disk().identity.Network = name
		opening.Go(func() error { return p.disk().open(n.config.FreshPSRD) })
	}
	return opening.Wait()
}

// opensAtOnce is how many stores are opened at the same time, since each waits for the disk many
// times.
const opensAtOnce = 16

// verifyData checks all stores and changes nothing.
func (n *Network) verifyData() error {
	kept, err := n.disk.verify()
	if err != nil {
		return err
	}
	for _, p := range n.places {
		if p.apart != nil {
			continue
		}
		p.disk().identity.Network = string(kept.Registrations[network].Token.Reveal())
		if _, err := p.disk().verify(); err != nil {
			return err
		}
	}
	return nil
}

// closeData closes the stores that stopped nodes have left open.
func (n *Network) closeData() error {
	err := n.disk.close()
	for _, p := range n.places {
		err = errors.Join(err, p.disk().close())
	}
	return err
}

// recall returns the text that the network stores under a name, and makes it if there is none.
func (n *Network) recall(name string, make func() string) (text string, err error) {
	if n.disk.store == nil {
		return make(), nil
	}
	n.disk.store.View(func(s *store.State) { text = string(s.Registrations[name].Token.Reveal()) })
	if text != "" {
		return text, nil
	}
	text = make()
	return text, n.disk.store.Commit(&store.Registration{Client: name, Token: store.NewSecret([]byte(text))})
}
