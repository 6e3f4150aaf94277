package hub

import (
	"slices"

	"github.com/google/uuid"

	"dske/node"
	"dske/node/parcel"
	"dske/node/store"
	"dske/protocol"
	"dske/psrd"
)

// controlOf is the name under which the store keeps the control blocks of a client, which sign
// messages about marks. They are in no pool, and no client can have that name.
func controlOf(client string) string { return client + " marks" }

// parcels returns the files for a client, in the order of their numbers.
func (j journal) parcels(client string) (all []store.Parcel) {
	if j.keeps() {
		j.store.View(func(s *store.State) { all = s.ParcelsWith(client) })
	}
	return all
}

// addParcelBlock stores a block of a file.
func (j journal) addParcelBlock(client string, b parcel.Block, data []byte) error {
	if b.IsControl() {
		client = controlOf(client)
	}
	return node.Unkept(j.store.AddBlock(store.Block{ID: b.ID, Peer: client, Owner: string(b.Owner), Purpose: string(b.Purpose), Size: b.Size}, data))
}

// hasBlocks reports whether any block is left of the files for a client.
func (j journal) hasBlocks(client string) bool {
	return len(j.blocksOf(client))+len(j.blocksOf(controlOf(client))) > 0
}

// control returns what is left of a control block of a client. It fails with a
// [psrd.ErrUnknownBlock] if the client has no control block with that UUID.
func (j journal) control(client string, id uuid.UUID, suite protocol.Suite) (*protocol.Control, error) {
	isIts := func(b store.Block) bool { return b.ID == id }
	if !slices.ContainsFunc(j.blocksOf(controlOf(client)), isIts) {
		return nil, &psrd.FragmentError{Fragment: psrd.Fragment{Block: id}, Err: psrd.ErrUnknownBlock}
	}
	b, tail, err := j.store.ReadBlock(id)
	if err != nil {
		return nil, node.Unkept(err)
	}
	return protocol.NewControl(suite, false, id, b.Size, b.Mark, tail)
}

// revokeLost marks files as revoked that are out although their blocks are gone.
func (j journal) revokeLost(client string) error {
	if j.hasBlocks(client) {
		return nil
	}
	var records []store.Record
	for _, kept := range j.parcels(client) {
		if kept.State == store.ParcelOut {
			kept.State, kept.Blocks = store.ParcelRevoked, nil
			records = append(records, &kept)
		}
	}
	return j.keep(records...)
}

// dropControls returns the records that drop the control blocks of a client, except for one and
// those in files that are out.
func (j journal) dropControls(client string, except uuid.UUID) (drops []store.Record) {
	out := outOf(j.parcels(client))
	for _, b := range j.blocksOf(controlOf(client)) {
		if b.ID != except && out[b.ID] == nil {
			drops = append(drops, &store.Drop{Block: b.ID})
		}
	}
	return drops
}

// dropOrphans drops blocks that are in no file: the hub ended before it had stored that it made the
// file.
func (j journal) dropOrphans() error {
	var drops []store.Record
	j.store.View(func(s *store.State) {
		known := map[uuid.UUID]bool{}
		for _, kept := range s.Parcels {
			for _, id := range kept.Blocks {
				known[id] = true
			}
		}
		for id := range s.Blocks {
			if !known[id] {
				drops = append(drops, &store.Drop{Block: id})
			}
		}
	})
	return j.keep(drops...)
}

func dropsOf(blocks []uuid.UUID) []store.Record {
	drops := make([]store.Record, len(blocks))
	for i, id := range blocks {
		drops[i] = &store.Drop{Block: id}
	}
	return drops
}

// outOf returns, for each block in a file that is out, its file.
func outOf(all []store.Parcel) map[uuid.UUID]*store.Parcel {
	blocks := map[uuid.UUID]*store.Parcel{}
	for i, kept := range all {
		if kept.State == store.ParcelOut {
			for _, id := range kept.Blocks {
				blocks[id] = &all[i]
			}
		}
	}
	return blocks
}
