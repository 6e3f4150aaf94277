// Package link says what the way between two nodes does to messages: how long they take, how they
// queue, and how they are lost and sent again.
//
// A [Link] describes it, and a [Direction] does it: it is told of messages in their order, and says
// when each arrives. Chance has no state but a count: what happens to the n-th message of a
// direction follows from the seed, the names of its ends, and n. Nothing here waits, or knows what
// a message is.
package link

import (
	"time"
)

// Link is what a way is like, the same in both directions. Its zero value does nothing.
type Link struct {
	Latency   Latency       // nil: none
	Jitter    time.Duration // how much more or less than its latency a message takes, at most; each value is as likely
	Bandwidth int64         // in bits per second, for the messages of a direction together; 0: no limit
	Loss      float64       // chance that a transmission is lost, 0 to 1
	Burst     *Burst        // nil: what is lost says nothing of what is lost next
}

// Burst makes losses come together: the model of Gilbert and Elliott. Before each message a
// direction may change from good, as it begins, to bad, or back.
type Burst struct {
	Enter float64 // chance of becoming bad, over 0 to 1
	Leave float64 // chance of becoming good again, over 0 to 1
	Loss  float64 // chance that a transmission is lost while it is bad, over 0 to 1
}

// Lost transmissions are repeated as TCP does it: after a timeout that doubles each time (RFC 6298,
// clause 5.5; the first is Linux's TCP_RTO_MIN), and so often.
const (
	firstTimeout = 200 * time.Millisecond
	maxAttempts  = 10
)

// Passage is what becomes of a message.
type Passage struct {
	Arrives  time.Time
	Attempts int  // transmissions; 1: nothing was lost
	Lost     bool // it does not arrive; Arrives is when TCP gives up
}

// Direction is one direction of a link. Its methods must not be called at the same time.
type Direction struct {
	link    *Link
	lots    lots
	n       uint64    // messages so far
	bad     bool      // see [Burst]
	leaving time.Time // when all that was sent has left
}

// NewDirection returns a direction that has carried nothing. Its ends are any names that no other
// direction has, in that order.
func NewDirection(l *Link, seed uint64, from, to string) *Direction {
	return &Direction{link: l, lots: newLots(seed, from, to)}
}

// Pass says what becomes of the next message, of size bytes, which sets out at now or, if there is
// a queue, after it. Messages may overtake each other, as those of different connections do.
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

// transmit sends a message until it is not lost, or TCP gives up.
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

// waited returns how long TCP has waited when it makes an attempt.
func waited(attempt int) time.Duration { return firstTimeout * (1<<(attempt-1) - 1) }

func (d *Direction) draw(purpose uint64) float64 { return d.lots.draw(d.n, purpose) }
