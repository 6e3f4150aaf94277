package hub

import (
	"context"
	"errors"
	"hash/fnv"
	"net/http"
	"slices"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"dske/node"
	"dske/node/store"
	"dske/protocol"
	"dske/psrd"
)

// slot is the size of a signing key; in bytes; marks in blocks for keys are multiples of it.
const slot = psrd.SlotSize

// enterLine waits until no other request changes the registration, the blocks or the marks of a
// client. The caller must leave the line. All clients share a few lines; strangers, who may want the
// same encryptor, share one.
func (h *Hub) enterLine(ctx context.Context, client string) (node.Line, error) {
	line := h.lines[0]
	if h.config.Directory.Client(client) != nil {
		sum := fnv.New32a()
		sum.Write([]byte(client))
		line = h.lines[sum.Sum32()%uint32(len(h.lines))]
	}
	return line, line.Enter(ctx)
}

// putMarks raises the marks of the blocks that a client and this hub have, or begins a session.
func (h *Hub) putMarks(c echo.Context) error {
	body, err := node.ReadBody(c, maxBody)
	if err != nil {
		return err
	}
	m, err := protocol.ParseMarks(body)
	if err != nil {
		return err
	}
	kept, err := h.agreeOnMarks(c.Request().Context(), m, h.proof(c))
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, kept)
}

// agreeOnMarks is keepMarks for an out-of-band request with this proof.
func (h *Hub) agreeOnMarks(ctx context.Context, m protocol.Marks, shown node.Proof) (protocol.MarksKept, error) {
	line, err := h.enterLine(ctx, m.ClientName)
	if err != nil {
		return protocol.MarksKept{}, err
	}
	defer line.Leave()
	p, err := h.authorize(m.ClientName, shown)
	if err != nil {
		return protocol.MarksKept{}, err
	}
	defer p.leave()
	return h.keepMarks(p, m)
}

// keepMarks stores the marks and the other records, and then opens the bytes below the marks: in
// new pools if the client resumes. The caller holds the line of the client.
func (h *Hub) keepMarks(p *peerClient, m protocol.Marks, others ...store.Record) (protocol.MarksKept, error) {
	isCurrent := m.Session == p.session
	switch {
	case m.Boot != h.journal.boot || !h.journal.hasSessions(), !isCurrent && !m.Resume, isCurrent && m.Serial <= p.serial:
		return protocol.MarksKept{}, node.NewError(protocol.ErrOldSession, "client_name", p.name)
	}
	c, err := h.compareMarks(p, m)
	if err != nil {
		return protocol.MarksKept{}, err
	}
	if err := h.journal.keep(slices.Concat(others, c.records, h.shares.confirmations(p.name, m.Delivered))...); err != nil {
		return protocol.MarksKept{}, err
	}
	h.shares.confirm(p.name, m.Delivered)
	if m.Resume {
		err = h.resume(p, m, c)
	} else {
		err = p.raise(c)
		p.serial = m.Serial
	}
	return protocol.MarksKept{Blocks: c.marks()}, err
}

// comparison is the result of comparing the marks of a client with those of the hub.
type comparison struct {
	both       []store.Block  // blocks that both have, with the higher mark
	records    []store.Record // to store this
	rolledBack int            // bytes by which the client's marks are below marks that it had named before
}

func (c comparison) marks() []protocol.BlockMark {
	marks := make([]protocol.BlockMark, len(c.both))
	for i, b := range c.both {
		marks[i] = protocol.BlockMark{UUID: b.ID, Mark: b.Mark}
	}
	return marks
}

// compareMarks fails if a mark cannot be one of its block.
func (h *Hub) compareMarks(p *peerClient, m protocol.Marks) (c comparison, err error) {
	named := make(map[uuid.UUID]int, len(m.Blocks))
	for _, b := range m.Blocks {
		named[b.UUID] = b.Mark
	}
	out := outOf(h.journal.parcels(p.name))
	for _, b := range h.journal.blocksOf(p.name) {
		mark, found := named[b.ID]
		switch {
		case !found && out[b.ID] != nil: // it is in a file that is out
			continue
		case !found:
			c.records = append(c.records, &store.Drop{Block: b.ID})
			continue
		case mark > b.Size, b.Purpose == string(psrd.ForKeys) && mark%slot != 0:
			return comparison{}, &psrd.FragmentError{Fragment: psrd.Fragment{Block: b.ID, Size: mark}, Err: psrd.ErrOutOfRange}
		case mark < b.Mark:
			// The client stores a mark before it names it, so it has lost this one.
			c.rolledBack += b.Mark - mark
		}
		b.Mark = max(b.Mark, mark)
		// Even if it is stored already: zeroing the bytes below it may have failed.
		c.records = append(c.records, &store.Mark{Block: b.ID, Mark: b.Mark})
		c.both = append(c.both, b)
	}
	return c, nil
}

// raise opens the bytes below the marks, also in blocks that the client has just got. Blocks that
// the client has used up and no longer names stay in their pools: the last messages that name them
// may be on their way. The client may still name blocks that are used up here, since it may not
// have the last messages that used them.
func (p *peerClient) raise(c comparison) error {
	for _, b := range c.both {
		pool := p.pool(protocol.PoolOwner(b.Owner), psrd.Purpose(b.Purpose))
		if fresh := p.takeFresh(b.ID); fresh != nil {
			if err := pool.Add(fresh); err != nil {
				return err
			}
		}
		switch err := pool.Raise(b.ID, b.Mark); {
		case errors.Is(err, psrd.ErrUnknownBlock), pool.IsRetired(b.ID):
			continue
		case err != nil:
			return err
		}
		if b.Owner == string(protocol.OwnerHub) {
			p.noteSupplied(psrd.Purpose(b.Purpose))
		}
	}
	p.dropFresh()
	return nil
}

// resume begins a session with new pools, which start at the marks.
func (h *Hub) resume(p *peerClient, m protocol.Marks, c comparison) error {
	next := newPeerClient(p.registration(), p.token, h.config.Suite)
	h.config.Counters.Watch(next.channel.PeerPools(), next.channel.OwnPools())
	next.session, next.serial = m.Session, m.Serial
	for _, b := range c.both {
		block, err := h.journal.openBlock(b.ID)
		if err == nil {
			err = next.pool(protocol.PoolOwner(b.Owner), psrd.Purpose(b.Purpose)).Add(block)
		}
		if err != nil {
			next.channel.Close()
			return err
		}
	}
	h.mu.Lock()
	h.clients[p.name] = next
	h.mu.Unlock()
	p.end()
	if c.rolledBack > 0 {
		h.noteRollback(p.name, c.rolledBack)
	}
	return nil
}

// noteRollback logs that an old copy of a client's state was put back. The client may not know that
// it handed keys over whose delivery it has not confirmed. So the shares that it was given of these
// keys are not given again.
func (h *Hub) noteRollback(client string, bytes int) {
	h.config.Counters.RolledBack.Add(1)
	h.config.Logger.Warn("an old copy of the client's state was put back", "client", client, "bytes", bytes)
	gone := h.shares.sentTo(client)
	if err := h.journal.keep(gone...); err != nil {
		h.config.Logger.Warn("could not forget shares that the client was given on disk", "client", client, "error", err)
	}
	h.shares.forget(gone)
}

// addFresh stores a block that is on its way to the client, and of which nothing can be used yet.
func (p *peerClient) addFresh(id uuid.UUID, q protocol.GetBlock, data []byte) error {
	block, err := psrd.OpenBlock(id, len(data), 0, data)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.fresh == nil {
		p.fresh = map[uuid.UUID]freshBlock{}
	}
	p.fresh[id] = freshBlock{block, q}
	return nil
}

// freshBlock is a block that is in no pool yet, and the query that asked for it.
type freshBlock struct {
	*psrd.Block
	asked protocol.GetBlock
}

// takeFresh returns a block that the client now has, or nil.
func (p *peerClient) takeFresh(id uuid.UUID) *psrd.Block {
	p.mu.Lock()
	defer p.mu.Unlock()
	fresh := p.fresh[id].Block
	delete(p.fresh, id)
	return fresh
}

// isFresh reports whether a block is on its way to the client.
func (p *peerClient) isFresh(id uuid.UUID) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.fresh[id].Block != nil
}

// dropFresh forgets blocks that did not arrive.
func (p *peerClient) dropFresh() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, b := range p.fresh {
		b.Clear()
	}
	p.fresh = nil
}

// held sums up the blocks of a pool, with those that are on their way for it.
func (p *peerClient) held(q protocol.GetBlock) psrd.Total {
	held := p.pool(q.Owner, q.Purpose).Total()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, b := range p.fresh {
		if b.asked.Owner == q.Owner && b.asked.Purpose == q.Purpose {
			held = held.With(b.asked.Size, b.asked.Size)
		}
	}
	return held
}

// registration returns the registration message of the client.
func (p *peerClient) registration() protocol.Registration {
	return protocol.Registration{ClientName: p.name, EncryptorNames: slices.Clone(p.encryptors)}
}
