package experiment

import (
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"time"

	"dske/sim/topology"
)

// stream returns the random numbers for one thing, which derive only from the seed and its name.
func stream(seed uint64, name ...any) *rand.Rand {
	return rand.New(rand.NewChaCha8(sha256.Sum256(fmt.Appendf(nil, "dske experiment %d %q", seed, name))))
}

// exponential draws a time with a given mean, at least a nanosecond.
func exponential(r *rand.Rand, mean time.Duration) time.Duration {
	const longest = 200 * 365 * 24 * time.Hour
	return time.Duration(min(max(r.ExpFloat64()*float64(mean), 1), float64(longest)))
}

// encryptor is an encryptor with its client.
type encryptor struct{ sae, client string }

func encryptors(t *topology.Topology) []encryptor {
	var all []encryptor
	for _, c := range t.Clients {
		for _, sae := range c.SAEs() {
			all = append(all, encryptor{sae, c.Name})
		}
	}
	return all
}

// pair is a master and a slave.
type pair struct{ master, slave encryptor }

func (p pair) String() string { return p.master.sae + " " + p.slave.sae }

// pairs returns the pairs that want keys.
func (d *Demand) pairs(t *topology.Topology, seed uint64, number int) []pair {
	if d.Random > 0 {
		return couplesOf(t).draw(stream(seed, "pairs", number), d.Random)
	}
	var p pair
	for _, e := range encryptors(t) {
		switch e.sae {
		case d.Between[0]:
			p.master = e
		case d.Between[1]:
			p.slave = e
		}
	}
	return []pair{p}
}

// arrivals returns a function that returns the time from one request to the next. The first call
// returns the time from the beginning.
func (d *Demand) arrivals(r *rand.Rand) func() time.Duration {
	switch d.Arrivals {
	case Periodic:
		wait := time.Duration(r.Int64N(int64(d.Every)))
		return func() time.Duration {
			defer func() { wait = d.Every }()
			return wait
		}
	case OnOff:
		var left time.Duration // of the current on period
		if r.Float64() < float64(d.On)/float64(d.On+d.Off) {
			left = exponential(r, d.On)
		}
		return func() (wait time.Duration) {
			for {
				next := exponential(r, d.Every)
				if next <= left {
					left -= next
					return wait + next
				}
				wait += left + exponential(r, d.Off)
				left = exponential(r, d.On)
			}
		}
	default:
		return func() time.Duration { return exponential(r, d.Every) }
	}
}
