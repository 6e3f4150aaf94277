package stream

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"dske/etsi"
)

// KME makes and fetches the keys of streams. See [etsi.KME] for its methods. Keys are requested
// under an ID ([etsi.KeyRequest]); with a KME that makes a key under another ID, streams have one
// block.
type KME interface {
	Encryptors() []string
	GetKey(ctx context.Context, master, slave string, request etsi.KeyRequest) ([]etsi.Key, error)
	GetKeyWithKeyIDs(ctx context.Context, slave, master string, ids []uuid.UUID) ([]etsi.Key, error)
}

// Sizes of blocks. Both ends must agree on them.
const (
	firstBlock = 16       // chunks
	mostChunks = 1024     // maximum per block
	mostBytes  = 64 << 10 // maximum of the chunks of a block
	blocksKept = 4        // the rest of older ones is given up
	idSize     = 16       // bytes at the end of a block for the ID of the next one
	indexLimit = 1 << 32  // chunks of a stream
)

// blockChunks returns how many chunks of size bytes block number j has.
func blockChunks(j int, size int) int {
	n := mostChunks
	if j < 6 { // 16 << 6 is the maximum
		n = firstBlock << j
	}
	return min(n, mostBytes/size)
}

var (
	errTaken   = errors.New("the chunk was delivered before")
	errNoChunk = errors.New("there is no such chunk, or not any more")
	errBroken  = errors.New("the KME could not continue the stream")
)

// block is a key of the network, without the parts that were delivered.
type block struct {
	first uint64 // index of its first chunk
	value []byte // all chunks; zeros where they were taken
	taken []bool // by chunk
	since time.Time
}

// chain is the blocks of a stream, at one end. It is not safe for concurrent use.
type chain struct {
	kme       KME
	sae, peer string // this end and the other one
	makes     bool   // this end makes the blocks; the other end fetches them
	size      int    // size of a chunk in bytes

	count  int     // number of blocks so far
	end    uint64  // index after the last chunk
	blocks []block // the last ones
	next   uuid.UUID
	broken bool // nothing comes after these blocks
}

// begin makes or fetches the first block. The end that makes it gets the ID of the stream. The
// other end has the ID in next, and gets the size of the chunks.
func (c *chain) begin(ctx context.Context) (uuid.UUID, error) {
	id, value, err := c.key(ctx, c.next)
	if err != nil {
		return uuid.Nil, err
	}
	size := (len(value) - idSize) / firstBlock
	if size < MinChunkSize || size > MaxChunkSize || len(value) != firstBlock*size+idSize {
		return uuid.Nil, fmt.Errorf("a key of %d bytes does not belong to a stream", len(value))
	}
	c.size = size
	c.add(value)
	return id, nil
}

// key makes or fetches the key of the next block. The end that makes the first block passes no ID
// for it.
func (c *chain) key(ctx context.Context, id uuid.UUID) (uuid.UUID, []byte, error) {
	var keys []etsi.Key
	var err error
	if c.makes {
		request := etsi.KeyRequest{Number: 1, Size: 8 * (blockChunks(c.count, c.size)*c.size + idSize)}
		if id != uuid.Nil {
			request.IDs = []uuid.UUID{id}
		}
		keys, err = c.kme.GetKey(ctx, c.sae, c.peer, request)
	} else {
		keys, err = c.kme.GetKeyWithKeyIDs(ctx, c.sae, c.peer, []uuid.UUID{id})
	}
	if err != nil {
		return uuid.Nil, nil, err
	}
	if len(keys) != 1 {
		return uuid.Nil, nil, fmt.Errorf("%d keys instead of one", len(keys))
	}
	return keys[0].ID, keys[0].Key.Reveal(), nil
}

// extend adds a block. If the block cannot be made, the chain ends there: the other end may already
// have the block, and must not have one value of a chunk while this end delivers another.
func (c *chain) extend(ctx context.Context) error {
	if c.broken {
		return errBroken
	}
	id, value, err := c.key(ctx, c.next)
	if err != nil {
		c.broken = c.makes
		return err
	}
	if id != c.next || len(value) != blockChunks(c.count, c.size)*c.size+idSize {
		clear(value)
		c.broken = true
		return errBroken
	}
	c.add(value)
	return nil
}

// add appends a block and takes over value.
func (c *chain) add(value []byte) {
	chunks := len(value) - idSize
	c.next = blockID(value[chunks:])
	clear(value[chunks:])
	b := block{c.end, value[:chunks:chunks], make([]bool, chunks/c.size), time.Now()}
	c.blocks = append(c.blocks, b)
	c.count, c.end = c.count+1, c.end+uint64(len(b.taken))
	if len(c.blocks) > blocksKept {
		clear(c.blocks[0].value)
		c.blocks = c.blocks[1:]
	}
}

// blockID makes a version 4 UUID from random bytes.
func blockID(random []byte) uuid.UUID {
	id := uuid.UUID(random)
	id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80
	return id
}

// find returns the block of a chunk that was not taken, and the chunk's position in the block. It
// adds at most one block: a request for a far index gets nothing, and costs nothing.
func (c *chain) find(ctx context.Context, index uint32) (*block, int, error) {
	at := uint64(index)
	if at >= c.end && at < c.end+uint64(blockChunks(c.count, c.size)) {
		if err := c.extend(ctx); err != nil {
			return nil, 0, err
		}
	}
	for i := range c.blocks {
		b := &c.blocks[i]
		if at >= b.first && at-b.first < uint64(len(b.taken)) {
			place := int(at - b.first)
			if b.taken[place] {
				return nil, 0, errTaken
			}
			return b, place, nil
		}
	}
	return nil, 0, errNoChunk
}

// take removes a chunk from a block and returns a copy.
func (c *chain) take(b *block, place int) []byte {
	part := b.value[place*c.size : (place+1)*c.size]
	chunk := append([]byte(nil), part...)
	clear(part)
	b.taken[place] = true
	return chunk
}

// prepare adds the next block if index is in the second half of the last block, at the end that
// makes blocks.
func (c *chain) prepare(ctx context.Context, index uint32) error {
	last := c.blocks[len(c.blocks)-1]
	if !c.makes || c.broken || c.end >= indexLimit || uint64(index) < last.first+uint64(len(last.taken)/2) {
		return nil
	}
	return c.extend(ctx)
}

// clear clears the chunks that were not taken.
func (c *chain) clear() {
	for _, b := range c.blocks {
		clear(b.value)
	}
	c.blocks = nil
}
