package sim

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"dske/node"
	"dske/node/client"
)

// announceTimeout bounds the time that the start of a node waits until others know of it.
const announceTimeout = time.Second

// place is the place of a node in the network. It outlives the members that fill it one after the
// other.
type place struct {
	network *Network
	under   string // prefix of its paths, such as /hub/hank
	number  int    // the node's index in the topology's list of nodes of its kind
	apart   *apart // the node, if it runs in another process; then the place stays empty

	mu       sync.RWMutex  // held briefly
	life     *life         // nil: the place is empty, or its member is asleep
	asleep   bool          // the member is made at its first request; see [sleeping]
	changing bool          // a member starts or stops
	changed  chan struct{} // closed when no member starts or stops any more; nil: nobody waits for that

	// Who has locked the place may access these.
	lived bool  // the place was filled before
	kept  *disk // the node's disk; nil: the node keeps nothing
}

// life is the time of one member in its place.
type life struct {
	member   member
	handler  http.Handler
	requests underway
	lifetime node.Context // of the member
}

func newPlace(n *Network, kind node.Kind, name string, number int) place {
	return place{network: n, under: n.paths.Join(node.Prefix(kind, name)), number: number, kept: n.newDisk(string(kind), name)}
}

// path returns kind and name, such as hub/hank.
func (p *place) path() string { return strings.TrimPrefix(p.under, "/") }

func (p *place) kind() node.Kind {
	kind, _, _ := strings.Cut(p.path(), "/")
	return node.Kind(kind)
}

func (p *place) name() string {
	_, name, _ := strings.Cut(p.path(), "/")
	return name
}

// prefix returns the prefix of the node's paths.
func (p *place) prefix() string { return p.under }

// ServeHTTP passes a request to the member, or answers that there is none.
func (p *place) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if p.apart != nil {
		p.apart.ServeHTTP(w, r)
		return
	}
	if p.sleepsOn(w, r) {
		return
	}
	l, v := p.enter(r.Context(), w)
	if l == nil {
		writeError(w, r, node.Stopped(p.kind(), p.name()))
		return
	}
	defer l.requests.leave(v)
	l.handler.ServeHTTP(w, v.with(r))
}

// enter begins a visit to the member, which is woken if it sleeps. The life is nil if the place is
// empty. See [underway.enter].
func (p *place) enter(ctx context.Context, w http.ResponseWriter) (*life, *visit) {
	l, v, asleep := p.enterNow(ctx, w)
	if asleep {
		p.wake(ctx)
		l, v, _ = p.enterNow(ctx, w)
	}
	return l, v
}

// enterNow is enter without waking anybody: it reports whether the member is asleep.
func (p *place) enterNow(ctx context.Context, w http.ResponseWriter) (l *life, v *visit, asleep bool) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	if p.life == nil {
		return nil, nil, p.asleep
	}
	return p.life, p.life.requests.enter(ctx, w), false
}

// member returns the member in the place, or nil.
func (p *place) member() member {
	p.mu.RLock()
	defer p.mu.RUnlock()
	switch {
	case p.asleep:
		return p.network.sleeping
	case p.life == nil:
		return nil
	}
	return p.life.member
}

func (p *place) isRunning() bool {
	if p.apart != nil {
		return p.apart.isRunning()
	}
	return p.member() != nil
}

// settle gives the place a new life, or nil, and returns the previous one; nil: none, or the member
// was asleep.
func (p *place) settle(next *life) (last *life) {
	p.mu.Lock()
	defer p.mu.Unlock()
	last, p.life, p.asleep = p.life, next, false
	return last
}

// lock waits for its turn to change the place, until ctx ends. There may be a million places, so it
// makes nothing unless it has to wait.
func (p *place) lock(ctx context.Context) error {
	for {
		changed := p.tryLock()
		if changed == nil {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("waiting for %s, which is starting or stopping: %w", p.path(), ctx.Err())
		}
	}
}

// tryLock locks the place and returns nil, or returns a channel that is closed when it is unlocked.
func (p *place) tryLock() (changed <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.changing {
		p.changing = true
		return nil
	}
	if p.changed == nil {
		p.changed = make(chan struct{})
	}
	return p.changed
}

func (p *place) unlock() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.changing = false
	if p.changed != nil {
		close(p.changed)
		p.changed = nil
	}
}

// start fills the place, unless it is filled.
func (p *place) start(ctx context.Context) error {
	if err := p.lock(ctx); err != nil {
		return err
	}
	defer p.unlock()
	if p.isRunning() {
		return nil
	}
	running, err := p.network.lifetime()
	if err != nil {
		return err
	}
	if p.sleeps() {
		p.fallAsleep()
		p.tell("started, asleep")
		return nil
	}
	return p.bringIn(ctx, running)
}

// tell logs what became of the node.
func (p *place) tell(what string) { p.network.config.Logger.Info(what, "node", p.path()) }

// newMember makes a member of the place.
func (p *place) newMember() (member, error) {
	if p.kind() == node.KindHub {
		return p.network.hubs[p.number].newMember()
	}
	return p.network.perClient[p.number].newMember()
}

// bringIn makes a member and fills the place with it until running ends. The caller has locked the
// place.
func (p *place) bringIn(ctx, running context.Context) error {
	if err := p.disk().open(p.network.config.FreshPSRD); err != nil {
		return err
	}
	m, err := p.newMember()
	if err != nil {
		return errors.Join(err, p.disk().close())
	}
	l := &life{member: m, handler: m.Handler(), lifetime: node.Context{Parent: running}}
	m.Begin(&l.lifetime)
	p.settle(l)
	p.tell("started")
	switch {
	case p.lived:
		p.announce(ctx, l)
	case p.network.IsPart(): // an earlier process may have run it
		p.network.tasks.Go(func() { m.Announce(&l.lifetime) })
	}
	p.lived = true
	return nil
}

// announce has the member tell others that it has started. It waits only a short time, since there
// may be a million of them.
func (p *place) announce(ctx context.Context, l *life) {
	told := make(chan struct{})
	p.network.tasks.Go(func() {
		defer close(told)
		l.member.Announce(&l.lifetime)
	})
	select {
	case <-told:
	case <-ctx.Done():
	case <-time.After(announceTimeout):
	}
}

// stop empties the place after the member has answered the requests under way, within [node.Grace],
// and has unregistered. If ctx ends before, stop fails, but the node still stops.
func (p *place) stop(ctx context.Context) error {
	end := time.Now().Add(node.Grace)
	return p.empty(ctx, func(l *life) {
		l.requests.end(node.Grace)
		left := max(0, time.Until(end)) + node.Farewell
		ctx, cancel := context.WithTimeout(p.network.running, left)
		defer cancel()
		l.member.Unregister(ctx)
		l.end()
		p.closeDisk()
	})
}

// halt stops the node at once, without notice to others.
func (p *place) halt() {
	_ = p.empty(context.Background(), func(l *life) {
		l.requests.end(0)
		l.end()
		p.closeDisk()
	})
}

// crash empties the place as a crash of the node's machine does. State that was not synced is lost.
func (p *place) crash(ctx context.Context) error {
	return p.empty(ctx, func(l *life) {
		p.disk().crash()
		l.lifetime.End()
		l.requests.end(0)
		l.end()
		p.disk().abandon()
	})
}

// restore puts back an older copy of the node's disk. The place must be empty.
func (p *place) restore(ctx context.Context) error {
	if err := p.lock(ctx); err != nil {
		return err
	}
	defer p.unlock()
	return p.disk().restore()
}

// save makes a copy of the node's disk.
func (p *place) save(ctx context.Context) error {
	if err := p.lock(ctx); err != nil {
		return err
	}
	defer p.unlock()
	return p.disk().save()
}

// end ends the member.
func (l *life) end() {
	l.lifetime.End()
	l.member.End()
}

func (p *place) closeDisk() {
	if err := p.disk().close(); err != nil {
		p.network.config.Logger.Error("some state could not be stored", "node", p.path(), "error", err)
	}
}

// empty takes the member out of the place, and ends it.
func (p *place) empty(ctx context.Context, end func(*life)) error {
	if err := p.lock(ctx); err != nil {
		return err
	}
	wasAsleep := p.isAsleep()
	l := p.settle(nil)
	if l == nil { // nothing runs
		defer p.unlock()
		if wasAsleep {
			p.tell("stopped")
		}
		return nil
	}
	stopped := make(chan struct{})
	p.network.tasks.Go(func() {
		defer p.unlock()
		defer close(stopped)
		end(l)
		p.tell("stopped")
	})
	select {
	case <-stopped:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%s is still answering requests: %w", p.path(), ctx.Err())
	}
}

// stopSoon stops the node without waiting. The node itself calls it.
func (p *place) stopSoon() {
	p.network.tasks.Go(func() { _ = p.stop(p.network.running) }) // it fails when the network ends
}

// random returns the node's source of random bytes; nil: crypto/rand.
func (p *place) random() node.Random {
	if p.network.seeds == nil {
		return nil
	}
	return p.network.seeds.random(p.path())
}

// observer is the [node.Observer] of the node.
func (p *place) observer(*http.Request) func(node.Request) {
	if !p.network.requests.Any() {
		return nil
	}
	return func(r node.Request) {
		r.Route = strings.TrimPrefix(strings.TrimPrefix(r.Route, p.prefix()), client.Prefix)
		for _, f := range p.network.requests.All() {
			(*f)(Request{p.path(), r})
		}
	}
}
