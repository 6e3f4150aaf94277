package store

import (
	"bytes"
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"
)

// State is the stored state of a node: the sum of all records. It does no I/O.
type State struct {
	Registrations map[string]Registration // by client
	Blocks        map[uuid.UUID]Block
	Shares        map[ShareID]Share
	Deliveries    map[DeliveryID]time.Time // when keys were handed over
	Counters      map[string]int64
	Drawn         map[string]int64 // by stream
	Parcels       map[uuid.UUID]Parcel

	added int64                             // number of blocks ever added
	peers map[string]map[uuid.UUID]struct{} // by peer: its blocks
}

// NewState returns an empty state.
func NewState() *State {
	return &State{
		Registrations: map[string]Registration{},
		Blocks:        map[uuid.UUID]Block{},
		Shares:        map[ShareID]Share{},
		Deliveries:    map[DeliveryID]time.Time{},
		Counters:      map[string]int64{},
		Drawn:         map[string]int64{},
		Parcels:       map[uuid.UUID]Parcel{},
		peers:         map[string]map[uuid.UUID]struct{}{},
	}
}

// BlocksWith returns the blocks that a peer has, too, in the order in which they were added.
func (s *State) BlocksWith(peer string) []Block {
	blocks := make([]Block, 0, len(s.peers[peer]))
	for id := range s.peers[peer] {
		blocks = append(blocks, s.Blocks[id])
	}
	slices.SortFunc(blocks, inOrder)
	return blocks
}

func (s *State) sortedBlocks() []Block {
	return slices.SortedFunc(maps.Values(s.Blocks), inOrder)
}

func inOrder(a, b Block) int { return cmp.Compare(a.order, b.order) }

// ParcelsWith returns the files for or from a peer, in the order of their numbers.
func (s *State) ParcelsWith(peer string) []Parcel {
	var files []Parcel
	for _, f := range s.Parcels {
		if f.Peer == peer {
			files = append(files, f)
		}
	}
	slices.SortFunc(files, Parcel.compare)
	return files
}

// Apply changes the state. It takes over the secrets in the record, and clears the secrets that it
// forgets.
func (s *State) Apply(r Record) { r.apply(s) }

func (r *Registration) apply(s *State) { s.Registrations[r.Client] = *r }

func (r *Block) apply(s *State) {
	if _, found := s.Blocks[r.ID]; found || r.Size <= 0 {
		return
	}
	b := *r
	b.order = s.added
	b.Mark, b.Acked = min(max(r.Mark, 0), r.Size), min(max(r.Acked, 0), r.Size)
	s.added++
	s.Blocks[r.ID] = b
	if s.peers[r.Peer] == nil {
		s.peers[r.Peer] = map[uuid.UUID]struct{}{}
	}
	s.peers[r.Peer][r.ID] = struct{}{}
}

func (r *Mark) apply(s *State) {
	b, found := s.Blocks[r.Block]
	if !found {
		return
	}
	b.Mark = min(max(b.Mark, r.Mark), b.Size)
	b.Acked = min(max(b.Acked, r.Acked), b.Size)
	s.Blocks[r.Block] = b
}

func (r *Drop) apply(s *State) {
	peer := s.Blocks[r.Block].Peer
	delete(s.Blocks, r.Block)
	delete(s.peers[peer], r.Block)
	if len(s.peers[peer]) == 0 {
		delete(s.peers, peer)
	}
}

func (r *Share) apply(s *State) { s.Shares[r.ShareID] = *r }

func (r *Confirmed) apply(s *State) {
	share, found := s.Shares[r.ShareID]
	if !found {
		return
	}
	share.Slaves = slices.DeleteFunc(slices.Clone(share.Slaves), func(slave string) bool { return slave == r.Slave })
	s.Shares[r.ShareID] = share
	if len(share.Slaves) == 0 {
		(&Forgotten{r.ShareID}).apply(s)
	}
}

func (r *Forgotten) apply(s *State) {
	clear(s.Shares[r.ShareID].Value.Reveal())
	delete(s.Shares, r.ShareID)
}

func (r *Delivered) apply(s *State) {
	for _, key := range r.KeyIDs {
		s.Deliveries[DeliveryID{r.MasterSAE, r.SlaveSAE, key}] = r.At
	}
}

func (r *DeliveryOver) apply(s *State) {
	for _, key := range r.KeyIDs {
		delete(s.Deliveries, DeliveryID{r.MasterSAE, r.SlaveSAE, key})
	}
}

func (r *Counter) apply(s *State) { s.Counters[r.Name] = r.Value }

func (r *Drawn) apply(s *State) { s.Drawn[r.Stream] = max(s.Drawn[r.Stream], r.Times) }

func (r *Parcel) apply(s *State) { s.Parcels[r.ID] = *r }

// records returns the records that make this state from an empty one. Equal states have equal
// records.
func (s *State) records() []Record {
	var records []Record
	for _, client := range slices.Sorted(maps.Keys(s.Registrations)) {
		r := s.Registrations[client]
		records = append(records, &r)
	}
	for _, b := range s.sortedBlocks() {
		records = append(records, &b)
	}
	for _, id := range slices.SortedFunc(maps.Keys(s.Shares), ShareID.compare) {
		share := s.Shares[id]
		records = append(records, &share)
	}
	for _, id := range slices.SortedFunc(maps.Keys(s.Deliveries), DeliveryID.compare) {
		records = append(records, &Delivered{id.MasterSAE, id.SlaveSAE, []uuid.UUID{id.KeyID}, s.Deliveries[id]})
	}
	for _, name := range slices.Sorted(maps.Keys(s.Counters)) {
		records = append(records, &Counter{name, s.Counters[name]})
	}
	for _, stream := range slices.Sorted(maps.Keys(s.Drawn)) {
		records = append(records, &Drawn{stream, s.Drawn[stream]})
	}
	for _, f := range slices.SortedFunc(maps.Values(s.Parcels), Parcel.compare) {
		records = append(records, &f)
	}
	return records
}

func (a Parcel) compare(b Parcel) int {
	return cmp.Or(cmp.Compare(a.Peer, b.Peer), a.Since.Compare(b.Since), cmp.Compare(a.Number, b.Number), bytes.Compare(a.ID[:], b.ID[:]))
}

func (a ShareID) compare(b ShareID) int {
	return cmp.Or(cmp.Compare(a.MasterClient, b.MasterClient), bytes.Compare(a.KeyID[:], b.KeyID[:]))
}

func (a DeliveryID) compare(b DeliveryID) int {
	return cmp.Or(cmp.Compare(a.MasterSAE, b.MasterSAE), cmp.Compare(a.SlaveSAE, b.SlaveSAE), bytes.Compare(a.KeyID[:], b.KeyID[:]))
}
