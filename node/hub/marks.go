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

// slot is the size of a signing key; marks in blocks for keys are multiples of it, in bytes.
const slot = psrd.SlotSize

// enterLine waits until nobody else changes the registration, the blocks or the marks of a client.
// The caller has to leave. There are a few lines for all clients; strangers, who may want the same
// encryptor, have one of them.
func (h *Hub) enterLine(ctx context.Context, client string) (leave func(), err error) {
	line := h.lines[0]
	if h.config.Directory.Client(client) != nil {
		sum := fnv.New32a()
		sum.Write([]byte(client))
		line = h.lines[sum.Sum32()%uint32(len(h.lines))]
	}
	return line.Leave, line.Enter(ctx)
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

// agreeOnMarks is keepMarks for somebody who shows that.
func (h *Hub) agreeOnMarks(ctx context.Context, m protocol.Marks, shown node.Proof) (protocol.MarksKept, error) {
	leave, err := h.enterLine(ctx, m.ClientName)
	if err != nil {
		return protocol.MarksKept{}, err
	}
	defer leave()
	p, err := h.authorize(m.ClientName, shown)
	if err != nil {
		return protocol.MarksKept{}, err
	}
	defer p.leave()
	return h.keepMarks(p, m)
}

// keepMarks keeps the marks, and then lets the bytes below them be used, in new pools if the client
// resumes. It keeps the other records with them. The caller has the line of the client.
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

// comparison is how the marks of a client and those of the hub go together.
type comparison struct {
	both       []store.Block  // that both have, with the higher mark
	records    []store.Record // that keep this
	rolledBack int            // bytes by which the marks of the client are below those that it had named
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
		case !found && out[b.ID] != nil: // it is in somebody's hands
			continue
		case !found:
			c.records = append(c.records, &store.Drop{Block: b.ID})
			continue
		case mark > b.Size, b.Purpose == string(psrd.ForKeys) && mark%slot != 0:
			return comparison{}, &psrd.FragmentError{Fragment: psrd.Fragment{Block: b.ID, Size: mark}, Err: psrd.ErrOutOfRange}
		case mark < b.Mark:
			// The client keeps a mark before it names it: it has forgotten this one.
			c.rolledBack += b.Mark - mark
		}
		b.Mark = max(b.Mark, mark)
		// Also if it is there already: what is below may not be zeroed yet, if that has failed.
		c.records = append(c.records, &store.Mark{Block: b.ID, Mark: b.Mark})
		c.both = append(c.both, b)
	}
	return c, nil
}

// raise lets bytes below the marks be used, also of blocks that the client has just got. Blocks
// that it has used up, and no longer names, stay where they are: the last messages that name them
// may be on their way. Of those that are used up here it may lack the last messages, and name them.
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
			p.supplied(psrd.Purpose(b.Purpose))
		}
	}
	p.dropFresh()
	return nil
}

// resume begins a session with new pools, which start at the marks.
func (h *Hub) resume(p *peerClient, m protocol.Marks, c comparison) error {
	next := newPeerClient(p.registration(), p.token, p.forgeries, h.config.Suite)
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

// noteRollback says that an old copy of a client's state was put back. The client may not know that
// it handed keys over whose delivery it has not confirmed: the shares that it was given of them are
// not given again.
func (h *Hub) noteRollback(client string, bytes int) {
	h.config.Counters.RolledBack.Add(1)
	h.config.Logger.Warn("an old copy of the client's state was put back", "client", client, "bytes", bytes)
	gone := h.shares.sentTo(client)
	if err := h.journal.keep(gone...); err != nil {
		h.config.Logger.Warn("shares that the client was given could not be forgotten on the disk", "client", client, "error", err)
	}
	h.shares.forget(gone)
}

// addFresh keeps a block that is on its way to the client, and of which nothing can be used yet.
func (p *peerClient) addFresh(id uuid.UUID, q psrdQuery, data []byte) error {
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

// freshBlock is a block in no pool, and what was asked for.
type freshBlock struct {
	*psrd.Block
	asked psrdQuery
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

// freshIn describes the blocks that are on their way for a pool.
func (p *peerClient) freshIn(q psrdQuery) (blocks []psrd.BlockStatus) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for id, b := range p.fresh {
		if b.asked.owner == q.owner && b.asked.purpose == q.purpose {
			blocks = append(blocks, psrd.BlockStatus{UUID: id, Size: b.asked.size, Unused: b.asked.size})
		}
	}
	return blocks
}

// registration returns what the client has said of itself.
func (p *peerClient) registration() protocol.Registration {
	return protocol.Registration{ClientName: p.name, EncryptorNames: slices.Clone(p.encryptors)}
}
