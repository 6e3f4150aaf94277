package association

import (
	"slices"
	"time"

	"github.com/google/uuid"

	"dske/node"
	"dske/node/parcel"
	"dske/node/store"
	"dske/protocol"
)

// parcels returns the files of the hub, in the order of their numbers.
func (j journal) parcels() (all []store.Parcel) {
	if j.keeps() {
		j.store.View(func(s *store.State) { all = s.ParcelsWith(j.hub) })
	}
	return all
}

// controlName is the name under which the store keeps the blocks that sign marks. They are in no
// pool, and no hub can have that name.
func (j journal) controlName() string { return j.hub + " marks" }

// controls returns the blocks that sign marks, the block of the last file first.
func (j journal) controls() (blocks []store.Block) {
	j.store.View(func(s *store.State) { blocks = s.BlocksWith(j.controlName()) })
	slices.Reverse(blocks)
	return blocks
}

func (j journal) openControl(suite protocol.Suite, id uuid.UUID) (*protocol.Control, error) {
	b, tail, err := j.store.ReadBlock(id)
	if err != nil {
		return nil, node.Unkept(err)
	}
	return protocol.NewControl(suite, true, id, b.Size, b.Mark, tail)
}

// takeIn stores a file: first that it is coming, then its blocks, and at last that it is complete
// and the client registered. If the process ends in between, nothing of the file has been used, and
// it can be taken in again.
func (j journal) takeIn(p *parcel.Parcel, encryptors []string) error {
	if err := j.dropComing(); err != nil {
		return err
	}
	kept := store.Parcel{ID: p.ID, Peer: j.hub, Number: p.Number, Session: p.Session, Since: p.Since, At: time.Now(), State: store.ParcelComing}
	for _, b := range p.Blocks {
		kept.Blocks = append(kept.Blocks, b.ID)
	}
	coming := kept
	if err := j.keep(&coming); err != nil {
		return err
	}
	for i, b := range p.Blocks {
		peer := j.hub
		if b.IsControl() {
			peer = j.controlName()
		}
		if err := node.Unkept(j.store.AddBlock(store.Block{ID: b.ID, Peer: peer, Owner: string(b.Owner), Purpose: string(b.Purpose), Size: b.Size}, p.Data[i])); err != nil {
			return err
		}
	}
	kept.State = store.ParcelTaken
	return j.keep(&kept, &store.Registration{Client: j.hub, Encryptors: slices.Clone(encryptors), Registered: true})
}

// dropComing drops the blocks of files that are incomplete.
func (j journal) dropComing() error {
	var drops []store.Record
	for _, kept := range j.parcels() {
		if kept.State != store.ParcelComing {
			continue
		}
		for _, id := range kept.Blocks {
			if j.has(id) {
				drops = append(drops, &store.Drop{Block: id})
			}
		}
	}
	return j.keep(drops...)
}

// has reports whether there is a block of that UUID.
func (j journal) has(id uuid.UUID) (found bool) {
	j.store.View(func(s *store.State) { _, found = s.Blocks[id] })
	return found
}
