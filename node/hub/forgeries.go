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
func (h *Hub) noteForgery(client string, e *protocol.WrongTagError) {
	f := h.forgeriesOf(client)
	f.note(e)
	h.config.Counters.forgeries.note(e)
	chance, ok := f.bound(h.config.Suite)
	if ok && chance >= protocol.ForgeryWarning && f.warned.CompareAndSwap(false, true) {
		h.config.Logger.Warn("forgeries in the name of a client have become likely enough to matter", "client", client, "chance", chance.String())
	}
}

// forgeriesOf returns the forgeries in the name of a client, to count one more. Registering again
// does not end them.
func (h *Hub) forgeriesOf(client string) *forgeries {
	h.mu.Lock()
	defer h.mu.Unlock()
	f := h.forgeries[client]
	if f == nil {
		f = &forgeries{}
		h.forgeries[client] = f
	}
	return f
}

// tellForgeries adds the forgeries in the name of a client to its status.
func (h *Hub) tellForgeries(s *ClientStatus) {
	h.mu.Lock()
	defer h.mu.Unlock()
	f := h.forgeries[s.ClientName]
	if f == nil {
		return
	}
	s.Failures = int(f.messages.Load())
	if chance, ok := f.bound(h.config.Suite); ok && s.Failures > 0 {
		s.ForgeryChance = chance.String()
	}
}
