package wire

import (
	"context"
	"sync"
	"time"

	"dske/node"
)

// door lets in one message per tick, so that the code behind it never has two that came at the same
// instant. It is for virtual time only.
type door struct {
	queue queue
	last  time.Time // when it let the last one in
}

func newDoor() *door {
	d := &door{}
	d.queue.serve = d.serve
	return d
}

func (d *door) serve(p *passage, came time.Time) {
	p.at = came.Add(tick)
	if !p.at.After(d.last) {
		p.at = d.last.Add(tick)
	}
	d.last = p.at
}

// enter returns when a message that comes now is let in, at most some ticks later.
func (d *door) enter(p *passage, now time.Time) {
	b := d.queue.expect(p, now)
	time.Sleep(tick)
	d.queue.pass(b)
	time.Sleep(p.at.Sub(now) - tick)
}

// enterLater is like enter for a message that is to come. It fails with the error of ctx if that ends
// before the message comes.
func (d *door) enterLater(ctx context.Context, p *passage, comes time.Time) error {
	if now := time.Now(); !comes.After(now) {
		d.enter(p, now)
		return nil
	}
	b := d.queue.expect(p, comes)
	if err := node.SleepUntil(ctx, p.timer, comes.Add(tick)); err != nil {
		if time.Now().Before(comes) {
			d.queue.withdraw(b, p)
			return err
		}
		time.Sleep(tick)
	}
	d.queue.pass(b)
	time.Sleep(time.Until(p.at))
	return nil
}

// doors has the doors of all receivers, by name.
type doors struct {
	mu    sync.Mutex
	known map[string]*door
}

func (d *doors) of(name string) *door {
	d.mu.Lock()
	defer d.mu.Unlock()
	known := d.known[name]
	if known == nil {
		known = newDoor()
		d.known[name] = known
	}
	return known
}
