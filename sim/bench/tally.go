package bench

import (
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Tally is what came of a load. It takes the same memory however long that was.
type Tally struct {
	KeyPairs int           // keys that both sides have
	Failures int           // pairs of requests of which one failed, or whose keys differ
	Error    error         // of one failure
	Elapsed  time.Duration // that the load was on

	enc, dec, pair *hdrhistogram.Histogram // durations, in microseconds
}

// NewTally returns an empty tally.
func NewTally() *Tally {
	return &Tally{enc: newHistogram(), dec: newHistogram(), pair: newHistogram()}
}

// newHistogram returns a histogram that is good for durations up to an hour, to 1 percent.
func newHistogram() *hdrhistogram.Histogram {
	return hdrhistogram.New(1, time.Hour.Microseconds(), 2)
}

func (t *Tally) fail(err error) {
	t.Failures++
	t.Error = err
}

func (t *Tally) succeed(keys int, enc, dec time.Duration) {
	t.KeyPairs += keys
	t.enc.RecordValue(enc.Microseconds())
	t.dec.RecordValue(dec.Microseconds())
	t.pair.RecordValue((enc + dec).Microseconds())
}

// add adds what another tally has counted, but not its time.
func (t *Tally) add(part *Tally) {
	t.KeyPairs += part.KeyPairs
	t.Failures += part.Failures
	if part.Error != nil {
		t.Error = part.Error
	}
	t.enc.Merge(part.enc)
	t.dec.Merge(part.dec)
	t.pair.Merge(part.pair)
}

// Rate returns the key pairs per second.
func (t *Tally) Rate() float64 {
	if t.Elapsed == 0 {
		return 0
	}
	return float64(t.KeyPairs) / t.Elapsed.Seconds()
}

// Quantiles are durations in milliseconds that half, 95 and 99 percent of the requests stay below.
type Quantiles struct {
	P50 float64 `json:"p50"`
	P95 float64 `json:"p95"`
	P99 float64 `json:"p99"`
}

func quantilesOf(h *hdrhistogram.Histogram) Quantiles {
	at := func(q float64) float64 { return float64(h.ValueAtQuantile(q)) / 1000 }
	return Quantiles{at(50), at(95), at(99)}
}
