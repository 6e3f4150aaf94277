package sim

import (
	"context"
	"net/http"
	"strings"

	"dske/protocol"
)

// sleeping fills the places of all clients that nobody has wanted anything of since they were
// started, and that have nothing to do before. It has no state of their own, so that such a client
// takes no more than its place. It is ready: the first request for it makes the client.
type sleeping struct{ always chan struct{} }

// newSleep returns the life of all who sleep.
func newSleep() *life {
	always := make(chan struct{})
	close(always)
	return &life{member: sleeping{always}}
}

func (sleeping) Handler() http.Handler { return http.NotFoundHandler() }

func (sleeping) Run(context.Context) error { return nil }

func (s sleeping) Started() <-chan struct{} { return s.always }

func (s sleeping) Ready() <-chan struct{} { return s.always }

func (sleeping) WaitIdle(context.Context) error { return nil }

func (sleeping) Announce(context.Context) {}

func (sleeping) Unregister(context.Context) {}

func (sleeping) Condition() condition { return condition{} }

func (p *place) isAsleep() bool {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.life == p.network.asleep
}

// wake makes the member that somebody wants something of, if it is asleep. Of several who want that
// at once, one makes it.
func (p *place) wake(ctx context.Context) {
	err := p.lock(ctx)
	if err == nil {
		defer p.unlock()
		err = p.wakeUp(ctx)
	}
	if err != nil {
		p.network.config.Logger.Warn("cannot be woken", "node", p.path(), "error", err)
	}
}

// wakeUp is wake for whoever has the turn to change the place.
func (p *place) wakeUp(ctx context.Context) error {
	if !p.isAsleep() {
		return nil
	}
	running, err := p.network.lifetime()
	if err != nil {
		return err
	}
	return p.bringIn(ctx, running)
}

// sleepsOn answers a request that nobody need be woken for, if it is one: that a hub has started is
// no news to a client that has not dealt with it.
func (p *place) sleepsOn(w http.ResponseWriter, r *http.Request) bool {
	if r.Method != http.MethodPost || !strings.HasSuffix(r.URL.Path, protocol.PathHubStarted) || !p.isAsleep() {
		return false
	}
	w.Header().Set("Content-Type", "application/json")
	w.Write([]byte("{}\n"))
	return true
}
