package association

import (
	"slices"
	"strings"

	"github.com/google/uuid"

	"dske/node"
	"dske/node/store"
	"dske/protocol"
	"dske/psrd"
)

// journal is what an association keeps over a crash. It is the only place that uses the store of
// the client. Without a store it keeps nothing, and its methods do not fail.
type journal struct {
	store *store.Store
	hub   string
}

func (a *Association) journal() journal { return journal{a.config.Store, a.hub.Name} }

// keptBlock is a block in a session with marks.
type keptBlock struct {
	supply
	size  int // bytes
	mark  int // bytes from the start; stored
	acked int // the last mark that the hub has stored, too
}

func (j journal) keeps() bool { return j.store != nil }

func (j journal) keep(records ...store.Record) error {
	if !j.keeps() || len(records) == 0 {
		return nil
	}
	return node.Unkept(j.store.Commit(records...))
}

// hasRegistered reports whether the client has registered with the hub with these encryptors.
func (j journal) hasRegistered(encryptors []string) (found bool) {
	if j.keeps() {
		j.store.View(func(s *store.State) {
			r := s.Registrations[j.hub]
			found = r.Registered && slices.Equal(r.Encryptors, encryptors)
		})
	}
	return found
}

// register stores that the client has registered, and so has no blocks any more.
func (j journal) register(encryptors []string) error {
	if !j.keeps() {
		return nil
	}
	records := []store.Record{&store.Registration{Client: j.hub, Encryptors: slices.Clone(encryptors), Registered: true}}
	for id := range j.blocks() {
		records = append(records, &store.Drop{Block: id})
	}
	return j.keep(records...)
}

// blocks returns the blocks that the hub has, too.
func (j journal) blocks() map[uuid.UUID]*keptBlock {
	blocks := map[uuid.UUID]*keptBlock{}
	for _, b := range j.inOrder() {
		blocks[b.ID] = &keptBlock{supply{protocol.PoolOwner(b.Owner), psrd.Purpose(b.Purpose)}, b.Size, b.Mark, b.Acked}
	}
	return blocks
}

// inOrder returns the blocks in the order in which they were added.
func (j journal) inOrder() (blocks []store.Block) {
	if j.keeps() {
		j.store.View(func(s *store.State) { blocks = s.BlocksWith(j.hub) })
	}
	return blocks
}

// addBlock stores a new block, of which nothing may be used yet, together with other records.
func (j journal) addBlock(to supply, id uuid.UUID, data []byte, with ...store.Record) error {
	if !j.keeps() {
		return nil
	}
	b := store.Block{ID: id, Peer: j.hub, Owner: string(to.owner), Purpose: string(to.purpose), Size: len(data)}
	return node.Unkept(j.store.AddBlock(b, data, with...))
}

// takenBefore returns how many bytes for a pool were taken from a courier.
func (j journal) takenBefore(to supply) (taken int) {
	j.store.View(func(s *store.State) { taken = int(s.Drawn[j.nameOf(to)]) })
	return taken
}

// taken returns the record that this number of bytes was taken.
func (j journal) taken(to supply, bytes int) store.Record {
	return &store.Drawn{Stream: j.nameOf(to), Times: int64(bytes)}
}

func (j journal) nameOf(to supply) string {
	return strings.Join([]string{"courier", j.hub, string(to.owner), string(to.purpose)}, " ")
}

// openBlock returns what is left of a block above its mark, nothing of which is open.
func (j journal) openBlock(id uuid.UUID) (*psrd.Block, error) {
	b, err := j.store.OpenBlock(id)
	return b, node.Unkept(err)
}
