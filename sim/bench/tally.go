package bench

import (
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Tally is the result of a load. Its size does not depend on the duration.
type Tally struct {
	KeyPairs int           // keys that both sides have
	Failures int           // pairs of requests of which one failed, or whose keys differ
	Error    error         // of one failure
	Elapsed  time.Duration // duration of the load

	mu             sync.Mutex
	enc, dec, pair *hdrhistogram.Histogram // durations, in microseconds
}

// NewTally returns an empty tally.
func NewTally() *Tally {
	return &Tally{enc: newHistogram(), dec: newHistogram(), pair: newHistogram()}
}

// newHistogram returns a histogram for durations up to an hour, with a precision of 1 percent.
func newHistogram() *hdrhistogram.Histogram {
	return hdrhistogram.New(1, time.Hour.Microseconds(), 2)
}

func (t *Tally) fail(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.Failures++
	t.Error = err
}

func (t *Tally) succeed(keys int, enc, dec time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.KeyPairs += keys
	t.enc.RecordValue(enc.Microseconds())
	t.dec.RecordValue(dec.Microseconds())
	t.pair.RecordValue((enc + dec).Microseconds())
}

// Rate returns the key pairs per second.
func (t *Tally) Rate() float64 {
	if t.Elapsed == 0 {
		return 0
	}
	return float64(t.KeyPairs) / t.Elapsed.Seconds()
}

// Quantiles are the median and the 95th and 99th percentiles of durations, in milliseconds.
type Quantiles struct {
	P50 float64 `json:"p50"`
	P95 float64 `json:"p95"`
	P99 float64 `json:"p99"`
}

func quantilesOf(h *hdrhistogram.Histogram) Quantiles {
	at := func(q float64) float64 { return float64(h.ValueAtQuantile(q)) / 1000 }
	return Quantiles{at(50), at(95), at(99)}
}
