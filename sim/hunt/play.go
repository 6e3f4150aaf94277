package hunt

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"dske/etsi"
	"dske/node"
	"dske/sim"
)

// Settle is how long after everything has healed keys flow again, or after a key that showed that
// the ends of an association disagree.
const Settle = 20 * time.Second

// expiry is the time after which no share may be left: longer than the hubs of a hunt keep them.
const expiry = 2 * time.Hour

// player plays the steps of a plan on a network.
type player struct {
	network *sim.Network
	began   time.Time
	saes    []string

	mu     sync.Mutex
	keys   []*made
	failed map[string]time.Time // by hub: when it last lost its state or lied, or stopped lying
	down   map[string]int       // by node: number of steps that keep it down, or make it lie
	err    error

	refusals *node.Refusals // refusals of messages of strangers
}

// made is a key that a master has got.
type made struct {
	etsi.Key
	master, slave string
	asked         time.Time
	tried         bool // a fetch was tried
	delivered     bool
}

// Play does steps on a running network with an audit, in virtual time, lets everything heal, and
// returns the first violation.
func Play(ctx context.Context, n *sim.Network, steps []Step) error {
	return play(ctx, n, steps, &node.Refusals{})
}

// play is Play, and counts the refusals of strangers' messages.
func play(ctx context.Context, n *sim.Network, steps []Step, refusals *node.Refusals) error {
	p := &player{network: n, began: time.Now(), failed: map[string]time.Time{}, down: map[string]int{}, refusals: refusals}
	for _, c := range n.Overview().Clients {
		p.saes = append(p.saes, c.Encryptors...)
	}
	var all sync.WaitGroup
	for i, s := range steps {
		at := p.began.Add(s.At + time.Duration(i)) // a nanosecond apart, so that their order is always the same
		all.Go(func() {
			time.Sleep(time.Until(at))
			p.do(ctx, s)
		})
	}
	all.Wait()
	p.heal(ctx)
	p.fetchRest(ctx)
	p.flows(ctx)
	p.steal(ctx)
	time.Sleep(expiry)
	p.leftOver()
	if v := n.TakeViolations(); len(v) > 0 {
		p.fail("PSRD was used twice: %s", strings.Join(v, "; "))
	}
	if mishaps := n.Mishaps(); len(mishaps) > 0 {
		p.fail("the program failed: %s", strings.Join(mishaps, "; "))
	}
	return p.err
}

// fail records the first violation.
func (p *player) fail(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err == nil {
		p.err = fmt.Errorf(format, args...)
	}
}

// do does a step, and undoes it when its time is over.
func (p *player) do(ctx context.Context, s Step) {
	switch s.Kind {
	case Key:
		p.exchange(ctx, s)
	case Fault:
		spec := strings.Join(s.Args, " ")
		if p.network.Wire().AddFault(spec) == nil {
			time.Sleep(s.For)
			p.network.Wire().EndFault(spec)
		}
	case Stranger:
		p.intrude(ctx, s.Args[0], s.Args[1])
	default:
		p.hurt(ctx, s)
	}
}

// hurt takes a node down, or makes it lie, for a while.
func (p *player) hurt(ctx context.Context, s Step) {
	name := s.Args[0]
	p.count(s, +1)
	var err error
	switch s.Kind {
	case Lie:
		err = p.network.Lie(name, true)
	case Crash:
		err = p.network.Crash(ctx, name)
	case Stop:
		err = p.network.Stop(ctx, name)
	}
	if err != nil {
		p.fail("%v: %w", s, err)
	}
	time.Sleep(s.For)
	switch last := p.count(s, -1); {
	case last && s.Kind == Lie:
		err = p.network.Lie(name, false)
	case last:
		err = p.network.Start(ctx, name)
	}
	if err != nil {
		p.fail("%v: %w", s, err)
	}
}

// count adds to the number of problems of a node, and reports whether there are no others.
func (p *player) count(s Step, by int) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s.Kind == Lie || !p.network.IsDurable() {
		p.failed[s.Args[0]] = time.Now()
	}
	what := s.Args[0]
	if s.Kind == Lie {
		what += " lies"
	}
	p.down[what] += by
	return p.down[what] == 0
}

func (p *player) sae(name string) *etsi.Client {
	client, _ := p.network.Overview().ClientOf(name)
	return &etsi.Client{URL: sim.KMEURL(p.network.URL(), client), SAE: name, HTTP: &http.Client{Transport: p.network.Wire().Transport("sae/" + name)}}
}

// exchange makes a key and, if it is to be fetched before everything heals, fetches it.
func (p *player) exchange(ctx context.Context, s Step) {
	k := &made{master: s.Args[0], slave: s.Args[1], asked: time.Now()}
	keys, err := p.sae(k.master).GetKey(ctx, k.slave, etsi.KeyRequest{})
	if err != nil {
		return // faults may cause this
	}
	k.Key = keys[0]
	p.mu.Lock()
	p.keys = append(p.keys, k)
	p.mu.Unlock()
	if s.For > 0 {
		time.Sleep(s.For)
		_ = p.fetch(ctx, k)
	}
}

// fetch fetches a key for its slave, and checks the answer.
func (p *player) fetch(ctx context.Context, k *made) error {
	keys, err := p.sae(k.slave).GetKeyWithKeyIDs(ctx, k.master, k.ID)
	k.tried = true
	switch {
	case err != nil:
		return err
	case k.delivered:
		p.fail("key %v was delivered twice to %s", k.ID, k.slave)
	case !keys[0].Equal(k.Key):
		p.fail("the ends of key %v differ", k.ID)
	}
	k.delivered = true
	return nil
}

// heal ends all faults.
func (p *player) heal(ctx context.Context) {
	p.network.ClearFaults()
	for _, name := range p.network.Overview().Nodes() {
		if err := p.network.Start(ctx, name); err != nil {
			p.fail("%s does not start: %w", name, err)
		}
	}
	time.Sleep(Settle)
}

// fetchRest fetches the keys that nobody has tried to fetch, and tries again to fetch the others.
func (p *player) fetchRest(ctx context.Context) {
	for _, k := range p.keys {
		wasTried := k.tried
		err := p.fetch(ctx, k)
		if err != nil && !wasTried && !p.hubsFailedSince(k.asked) {
			p.fail("key %v cannot be fetched, though no hub has lost its state or lied since %s got it: %w", k.ID, k.master, err)
		}
		if k.delivered {
			_ = p.fetch(ctx, k) // must not succeed
		}
	}
}

// hubsFailedSince reports whether a hub was down or lied at any time since t.
func (p *player) hubsFailedSince(t time.Time) bool {
	for name, at := range p.failed {
		if strings.HasPrefix(name, "hub/") && !at.Before(t) {
			return true
		}
	}
	return false
}

// flows checks that every pair gets keys. An association whose ends disagree is repaired when that
// shows, which may cost a key, so there are several attempts.
func (p *player) flows(ctx context.Context) {
	const attempts = 4
	for _, master := range p.saes {
		for _, slave := range p.saes {
			if master == slave {
				continue
			}
			err := p.pair(ctx, master, slave)
			for range attempts - 1 {
				if err == nil {
					break
				}
				time.Sleep(Settle)
				err = p.pair(ctx, master, slave)
			}
			if err != nil {
				p.fail("%v after all has healed, %s and %s get no key: %w", attempts*Settle, master, slave, err)
			}
		}
	}
}

// pair makes a key and fetches it.
func (p *player) pair(ctx context.Context, master, slave string) error {
	keys, err := p.sae(master).GetKey(ctx, slave, etsi.KeyRequest{})
	if err != nil {
		return err
	}
	return p.fetch(ctx, &made{Key: keys[0], master: master, slave: slave})
}

// steal tries to fetch keys of others.
func (p *player) steal(ctx context.Context) {
	for _, k := range p.keys {
		for _, thief := range p.saes {
			if thief == k.master || thief == k.slave {
				continue
			}
			if _, err := p.sae(thief).GetKeyWithKeyIDs(ctx, k.master, k.ID); err == nil {
				p.fail("key %v of %s and %s was delivered to %s", k.ID, k.master, k.slave, thief)
			}
		}
	}
}

// leftOver checks that hubs have nothing left that has expired.
func (p *player) leftOver() {
	for _, h := range p.network.Snapshot().Hubs {
		if h.SharesWaiting > 0 {
			p.fail("%v later, %d shares are left at hub %s", expiry, h.SharesWaiting, h.Name)
		}
	}
}
