package bench

import (
	"cmp"
	"context"
	"fmt"
	"time"
)

// rounds is how many times the network and the floor take turns, so that other activity on the
// machine affects both.
const rounds = 5

// warmUp is the part of the time for which both are warmed up first, as a divisor.
const warmUp = 10

// beside is the part of the time for which the network has the other loads, as a divisor.
const beside = 4

// Duration returns how long [Compare] takes for a duration, if no request is slow.
func Duration(d time.Duration) time.Duration { return 2*d + 2*d/warmUp + 2*d/beside }

// Outcome is the result of [Compare].
type Outcome struct {
	Network *Tally
	Floor   *Tally
	Used    Usage // while the load was on the network

	UsedByFloor Usage

	Two   *Tally // the network, with the load between the first two encryptors alone
	Alone *Tally // the network, with one request at a time
}

// Compare puts one load on a network and one on its floor in turns, each for the duration in total,
// and the other loads on the network for a part of it. Before that, it warms up both. It fails if
// ctx ends, or if the floor fails, since that says nothing about the network.
func Compare(ctx context.Context, network, floor Load, duration time.Duration) (Outcome, error) {
	network.Run(ctx, duration/warmUp, NewTally())
	floor.Run(ctx, duration/warmUp, NewTally())
	o := Outcome{Network: NewTally(), Floor: NewTally(), Two: NewTally(), Alone: NewTally()}
	two, alone := network, network
	two.Pairs = 1
	alone.Concurrency = 1
	for range rounds {
		start := Used()
		network.Run(ctx, duration/rounds, o.Network)
		between := Used()
		floor.Run(ctx, duration/rounds, o.Floor)
		o.Used = o.Used.Plus(between.Minus(start))
		o.UsedByFloor = o.UsedByFloor.Plus(Used().Minus(between))
		two.Run(ctx, duration/rounds/beside, o.Two)
		alone.Run(ctx, duration/rounds/beside, o.Alone)
	}
	if o.Floor.Failures > 0 {
		return o, cmp.Or(ctx.Err(), fmt.Errorf("the floor failed: %w", o.Floor.Error))
	}
	return o, ctx.Err()
}
