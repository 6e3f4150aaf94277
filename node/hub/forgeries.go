package hub

import (
	"sync/atomic"

	"dske/protocol"
)

// forgeries counts wrong tags. Each is an attempt to forge a message, and the chance that one of
// them would have succeeded grows with their number and size. They never lead to a refusal: a limit
// would let anybody lock a client out.
type forgeries struct {
	messages atomic.Uint64
	bytes    atomic.Uint64 // in contexts and bodies
	warned   atomic.Bool
}

func (f *forgeries) note(e *protocol.WrongTagError) {
	f.messages.Add(1)
	f.bytes.Add(uint64(e.Context) + uint64(e.Body))
}

// bound returns an upper bound on the chance that one of them would have succeeded, if the suite
// has one.
func (f *forgeries) bound(suite protocol.Suite) (protocol.Bound, bool) {
	return suite.ForgeryBound(f.messages.Load(), f.bytes.Load())
}

// noteForgery counts a wrong tag in the name of a client, and warns once when there are too many.
func (h *Hub) noteForgery(p *peerClient, e *protocol.WrongTagError) {
	p.forgeries.note(e)
	h.config.Counters.forgeries.note(e)
	chance, ok := p.forgeries.bound(h.config.Suite)
	if ok && chance >= protocol.ForgeryWarning && p.forgeries.warned.CompareAndSwap(false, true) {
		h.config.Logger.Warn("forgeries in the name of a client have become likely enough to matter", "client", p.name, "chance", chance.String())
	}
}
