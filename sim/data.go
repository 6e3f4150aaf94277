package sim

import (
	"crypto/rand"
	"errors"
	"path/filepath"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"dske/node/store"
)

// MemoryData is the Data of a network whose nodes keep their state on disks that are only
// simulated: each has one, which forgets in a crash what was not synced.
const MemoryData = "memory:"

// network is the name of the directory of what belongs to the network, and of its kind.
const network = "network"

// disk is where one node, or the network itself, keeps what it must not forget. The zero value
// keeps nothing.
type disk struct {
	fs       store.FS // nil: none
	dir      string
	identity store.Identity
	counters func(func(string, *atomic.Int64)) // nil: there are none

	store *store.Store // nil: it is not open
	copy  *store.Copy  // that somebody made; nil: none
	lived bool         // it was open before
}

// IsDurable reports whether nodes keep their state over a crash.
func (n *Network) IsDurable() bool { return n.config.Data != "" }

// newDisk returns the disk of what is below the network's directory; nothing is opened yet.
func (n *Network) newDisk(kind, name string) disk {
	d := disk{identity: store.Identity{Kind: kind, Node: name, Suite: n.suite.Name()}}
	switch n.config.Data {
	case "":
		return d
	case MemoryData:
		d.fs, d.dir = store.NewMemoryDisk(), filepath.Join("/", kind, name)
	default:
		d.fs, d.dir = store.OS{}, filepath.Join(n.config.Data, kind, name)
	}
	return d
}

// open opens the store, unless it is open. With fresh, no blocks are in it.
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

// verify returns what is kept, or why it could not be opened, if that shows in what is there.
func (d *disk) verify() (*store.State, error) {
	return store.Verify(store.Config{FS: d.fs, Dir: d.dir, Identity: d.identity})
}

// counts returns what is counted.
func (d *disk) counts() map[string]int64 {
	counts := map[string]int64{}
	if d.counters != nil {
		d.counters(func(name string, n *atomic.Int64) { counts[name] = n.Load() })
	}
	return counts
}

// recount goes on with the counts of before.
func (d *disk) recount() {
	if d.counters == nil {
		return
	}
	d.store.View(func(s *store.State) {
		d.counters(func(name string, n *atomic.Int64) { n.Store(s.Counters[name]) })
	})
}

// close ends the store in good order, if it is open.
func (d *disk) close() error {
	if d.store == nil {
		return nil
	}
	err := d.store.Close()
	d.store = nil
	return err
}

// crash has the disk forget what was not synced, if it can: a real one cannot be told to.
func (d *disk) crash() {
	if memory, ok := d.fs.(*store.MemoryDisk); ok {
		d.fs = memory.Crash(func() bool { return false })
	}
}

// abandon ends the store as a crash does.
func (d *disk) abandon() {
	if d.store != nil {
		_ = d.store.Abandon() // of a disk that has crashed
		d.store = nil
	}
}

// save makes a copy of what is on the disk.
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

// restore puts the last copy back.
func (d *disk) restore() error {
	switch {
	case d.fs == nil:
		return errNoData
	case d.copy == nil:
		return errors.New("there is no copy to put back: make one first")
	case d.store != nil:
		return errors.New("it is running: stop it or let it crash first")
	}
	return d.copy.Restore(d.fs, d.dir)
}

var errNoData = errors.New("the network keeps nothing on a disk")

// openData opens the stores of the network and of all nodes, before any of them does anything. If
// one of them cannot be opened, nothing is written to any.
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
		p.disk.identity.Network = name
		opening.Go(func() error { return p.disk.open(n.config.FreshPSRD) })
	}
	return opening.Wait()
}

// opensAtOnce is how many stores are opened at a time: each waits for the disk again and again.
const opensAtOnce = 16

// verifyData looks at what there is, and changes nothing.
func (n *Network) verifyData() error {
	kept, err := n.disk.verify()
	if err != nil {
		return err
	}
	for _, p := range n.places {
		if p.apart != nil {
			continue
		}
		p.disk.identity.Network = string(kept.Registrations[network].Token.Reveal())
		if _, err := p.disk.verify(); err != nil {
			return err
		}
	}
	return nil
}

// closeData closes what nodes that run no more have not.
func (n *Network) closeData() error {
	err := n.disk.close()
	for _, p := range n.places {
		err = errors.Join(err, p.disk.close())
	}
	return err
}

// recall returns the text that the network keeps under a name, and makes it if there is none.
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
