package hub

import (
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"dske/protocol"
	"dske/psrd"
)

// getRegistration tells a client how the hub sees their association. A client asks when an in-band
// answer makes it doubt that, since an unsigned answer is only a hint.
func (h *Hub) getRegistration(c echo.Context) error {
	query, err := parseQuery(c)
	if err != nil {
		return err
	}
	name, err := protocol.Single(query, "client_name")
	if err != nil {
		return err
	}
	if err := h.checkProof(name, h.proof(c)); err != nil {
		return err
	}
	a := protocol.Association{Blocks: []protocol.AssociatedBlock{}}
	if p, err := h.enter(name); err == nil {
		defer p.leave()
		a.Registered = true
		p.dropOvertaken(h.config.HubTimeout)
		a.Boot, a.Session = h.journal.boot, p.session
		a.Blocks, a.Lacks = p.blocks(h.config.Suite), p.lacking()
		h.addMarks(p, &a)
	}
	return c.JSON(http.StatusOK, a)
}

// addMarks adds what is stored of the blocks, if anything is: their marks, and the blocks that are
// in no pool.
func (h *Hub) addMarks(p *peerClient, a *protocol.Association) {
	if !h.journal.hasSessions() {
		return
	}
	place := map[uuid.UUID]int{}
	for i, b := range a.Blocks {
		place[b.UUID] = i
	}
	for _, b := range h.journal.blocksOf(p.name) {
		if i, found := place[b.ID]; found {
			a.Blocks[i].Mark = b.Mark
			continue
		}
		a.Blocks = append(a.Blocks, protocol.AssociatedBlock{UUID: b.ID, Owner: protocol.PoolOwner(b.Owner),
			Purpose: psrd.Purpose(b.Purpose), Size: b.Size, Mark: b.Mark, Unused: b.Size - b.Mark})
	}
}

// dropOvertaken gives up blocks in the hub's own pools, as the hub does before it chooses from
// them: the client may have done so.
func (p *peerClient) dropOvertaken(idle time.Duration) {
	for _, pool := range p.channel.OwnPools() {
		pool.DropOvertaken(idle)
	}
}

// blocks describes the blocks of all pools.
func (p *peerClient) blocks(suite protocol.Suite) []protocol.AssociatedBlock {
	blocks := []protocol.AssociatedBlock{}
	for _, owner := range []protocol.PoolOwner{protocol.OwnerClient, protocol.OwnerHub} {
		for _, purpose := range protocol.PurposesOf(suite) {
			for _, b := range p.pool(owner, purpose).Status() {
				blocks = append(blocks, protocol.AssociatedBlock{UUID: b.UUID, Owner: owner, Purpose: purpose, Size: b.Size, Unused: b.Unused})
			}
		}
	}
	return blocks
}

// pool returns the pool of an owner for a purpose.
func (p *peerClient) pool(owner protocol.PoolOwner, purpose psrd.Purpose) *psrd.Pool {
	return p.channel.Pool(owner == protocol.OwnerHub, purpose)
}
