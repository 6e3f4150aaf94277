// Package link simulates the path between two nodes: how long messages take, how they queue, and
// how they are lost and sent again.
//
// A [Link] has the properties, and a [Direction] applies them: it is given the messages in order,
// and returns when each arrives. Randomness has no state except a counter: the fate of the n-th
// message of a direction derives from the seed, the names of its ends, and n. The package does not
// wait, and does not look into messages.
package link

import (
	"time"
)

// Link has the properties of a path, the same in both directions. Its zero value has no effect.
type Link struct {
	Latency   Latency       // nil: none
	Jitter    time.Duration // maximum deviation from the latency, uniform in both directions
	Bandwidth int64         // bits per second, for all messages of a direction together; 0: no limit
	Loss      float64       // probability that a transmission is lost, 0 to 1
	Burst     *Burst        // nil: losses are independent of each other
}

// Sure returns how long each message takes, if that depends neither on chance nor on other messages.
func (l *Link) Sure() (takes time.Duration, isSure bool) {
	if l.Jitter != 0 || l.Bandwidth > 0 || l.Loss > 0 || l.Burst != nil {
		return 0, false
	}
	latency, isFixed := l.Latency.(Fixed)
	return max(0, time.Duration(latency)), isFixed || l.Latency == nil
}

// Burst makes losses come in bursts: the model of Gilbert and Elliott. Before each message a
// direction may change from good, its initial state, to bad, or back.
type Burst struct {
	Enter float64 // probability of becoming bad, over 0 to 1
	Leave float64 // probability of becoming good again, over 0 to 1
	Loss  float64 // probability that a transmission is lost while bad, over 0 to 1
}

// Lost transmissions are repeated as by TCP: after a timeout that doubles each time (RFC 6298,
// clause 5.5; the first is Linux's TCP_RTO_MIN), up to a maximum number.
const (
	firstTimeout = 200 * time.Millisecond
	maxAttempts  = 10
)

// Passage is the fate of a message.
type Passage struct {
	Arrives  time.Time
	Attempts int  // number of transmissions; 1: nothing was lost
	Lost     bool // the message does not arrive; Arrives is when TCP gives up
}

// Direction is one direction of a link. Its methods must not be called concurrently.
type Direction struct {
	link    *Link
	lots    lots
	n       uint64    // number of messages so far
	bad     bool      // see [Burst]
	leaving time.Time // when everything that was sent has left
}

// NewDirection returns a direction that has carried nothing. Its ends may have any names, but no
// two directions the same pair in the same order.
func NewDirection(l *Link, seed uint64, from, to string) *Direction {
	return &Direction{link: l, lots: newLots(seed, from, to)}
}

// Pass returns the fate of the next message, of size bytes, which departs at now or, if there is a
// queue, after it. Messages may overtake each other, like those of different connections.
func (d *Direction) Pass(now time.Time, size int) Passage {
	d.n++
	l := d.link
	if d.leaving.Before(now) {
		d.leaving = now
	}
	if l.Bandwidth > 0 {
		d.leaving = d.leaving.Add(time.Duration(float64(size) * 8 / float64(l.Bandwidth) * float64(time.Second)))
	}
	var takes time.Duration
	if l.Latency != nil {
		takes = l.Latency.draw(d.draw(latencyLot), d.draw(secondLatencyLot))
	}
	takes += time.Duration((2*d.draw(jitterLot) - 1) * float64(l.Jitter))
	p := d.transmit()
	p.Arrives = d.leaving.Add(max(takes, 0) + waited(p.Attempts))
	return p
}

// transmit transmits a message until it is not lost, or TCP gives up.
func (d *Direction) transmit() Passage {
	loss := d.link.Loss
	if b := d.link.Burst; b != nil {
		change := b.Enter
		if d.bad {
			change = b.Leave
		}
		if d.draw(burstLot) < change {
			d.bad = !d.bad
		}
		if d.bad {
			loss = b.Loss
		}
	}
	p := Passage{Attempts: 1}
	for d.draw(lossLot+uint64(p.Attempts)) < loss {
		if p.Attempts == maxAttempts {
			p.Lost = true
			break
		}
		p.Attempts++
	}
	return p
}

// waited returns how long TCP has waited before an attempt.
func waited(attempt int) time.Duration { return firstTimeout * (1<<(attempt-1) - 1) }

func (d *Direction) draw(purpose uint64) float64 { return d.lots.draw(d.n, purpose) }
