package hub

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"dske/node"
)

// watched is the clients that have left something behind which will have to be forgotten, and when.
// Of the many that a hub may have these are those that it has dealt with a short while ago.
type watched struct {
	mu  sync.Mutex
	due map[*peerClient]time.Time
}

// over returns the clients whose time has come, by name, and when that of the next one will have.
// An answer can be forgotten some time before it must be. So a client whose answers are a little
// younger than those of another one is over with that, and the hub need not look again soon.
func (w *watched) over() (now []*peerClient, next time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	soon := time.Now().Add(forgottenAfter)
	for p, due := range w.due {
		if !due.After(soon) {
			now = append(now, p)
		} else {
			next = node.Earlier(next, due)
		}
	}
	slices.SortFunc(now, func(a, b *peerClient) int { return cmp.Compare(a.name, b.name) })
	return now, next
}

// sweepClients forgets what clients have left behind, if its time has come.
func (h *Hub) sweepClients() {
	now, next := h.watched.over()
	h.alarm.By(next)
	for _, p := range now {
		p.answers.forgetOld()
		for _, pool := range p.channel.PeerPools() {
			if n := pool.DropOvertaken(node.OvertakenAfter(h.config.HubTimeout)); n > 0 {
				h.config.Logger.Info("blocks given up", "client", p.name, "count", n)
			}
		}
		h.watch(p)
	}
}

// watch has the hub look for blocks that the client has left behind, and for old answers, if there
// are any. Of two who do so at once, the one who looks last has the last word.
func (h *Hub) watch(p *peerClient) {
	h.watched.mu.Lock()
	defer h.watched.mu.Unlock()
	due := p.answers.oldest()
	for _, pool := range p.channel.PeerPools() {
		if t := pool.Overtaken(); !t.IsZero() {
			due = node.Earlier(due, t.Add(node.OvertakenAfter(h.config.HubTimeout)))
		}
	}
	if due.IsZero() {
		delete(h.watched.due, p)
		return
	}
	h.watched.due[p] = due
	h.alarm.By(due)
}
