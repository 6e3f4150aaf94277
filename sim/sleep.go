package sim

import (
	"context"
	"net/http"
	"strings"

	"dske/node"
	"dske/protocol"
)

// sleeping fills the places of all clients that have got no request since they were started, and
// that have nothing to do on their own. It has no state, so that such a client costs no more than
// its place. It is ready: the first request makes the client.
type sleeping struct{ always chan struct{} }

func newSleeping() sleeping {
	always := make(chan struct{})
	close(always)
	return sleeping{always}
}

func (sleeping) Handler() http.Handler { return http.NotFoundHandler() }

func (sleeping) Begin(context.Context) {}

func (sleeping) End() {}

func (s sleeping) Ready() <-chan struct{} { return s.always }

func (sleeping) WaitIdle(context.Context) error { return nil }

func (sleeping) Announce(context.Context) {}

func (sleeping) Unregister(context.Context) {}

func (sleeping) Condition() condition { return condition{} }

func (p *place) isAsleep() bool {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.asleep
}

// sleeps reports whether the member sleeps until its first request.
func (p *place) sleeps() bool { return p.network.onDemand && p.kind() == node.KindClient }

func (p *place) fallAsleep() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asleep = true
}

// wake makes the member if it is asleep. Concurrent calls make one.
func (p *place) wake(ctx context.Context) {
	err := p.lock(ctx)
	if err == nil {
		defer p.unlock()
		err = p.wakeUp(ctx)
	}
	if err != nil {
		p.network.config.Logger.Warn("cannot wake the client", "node", p.path(), "error", err)
	}
}

// wakeUp is wake for a caller that has locked the place.
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

// sleepsOn answers a request for which the client need not be woken, if it is one: a client that
// has not dealt with a hub can ignore that the hub has started.
func (p *place) sleepsOn(w http.ResponseWriter, r *http.Request) bool {
	if r.Method != http.MethodPost || !strings.HasSuffix(r.URL.Path, protocol.PathHubStarted) || !p.isAsleep() {
		return false
	}
	w.Header().Set("Content-Type", "application/json")
	w.Write([]byte("{}\n"))
	return true
}
