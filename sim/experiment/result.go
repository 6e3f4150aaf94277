package experiment

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"dske/etsi"
)

// Run is the result of a run. Nothing in it depends on who was scheduled first, nor on how long the
// run took.
type Run struct {
	Seed       uint64
	Wanted     int64 // keys
	Made       int64 // of those, given to the master
	Fetched    int64 // of those, given to the slave
	Making     Delays
	Fetching   Delays
	Restored   int64         // stretches in which a pair got no key, and that ended
	Restoring  time.Duration // of all of them together
	Failures   []Failed      // by reason, sorted
	Violations []string      // of the audit
	Events     []Event       // in their order, and at the same time in that of their names
	Series     []Row         // by hour
}

// Failed is how often there was one reason.
type Failed struct {
	Reason string // enc_keys or dec_keys, and the status
	Count  int64
}

// Row is how the network was at one time.
type Row struct {
	At             time.Duration // since the start of the experiment
	Lowest, Median int           // bytes in the emptiest pool of each association
	Fetched        int64         // keys, since the row before
	HubsUp         int
	ClientsUp      int
}

// Delays is how long answers took that were what was asked for.
type Delays struct {
	histogram *hdrhistogram.Histogram // in microseconds, to three digits
	sum       time.Duration
	count     int64
}

func (d *Delays) add(delay time.Duration) {
	if d.histogram == nil {
		d.histogram = hdrhistogram.New(1, int64(10*time.Minute/time.Microsecond), 3)
	}
	_ = d.histogram.RecordValue(max(1, delay.Microseconds())) // no request takes longer
	d.sum += delay
	d.count++
}

// Mean returns the mean; 0 if there are none.
func (d *Delays) Mean() time.Duration { return d.sum / time.Duration(max(1, d.count)) }

// Quantile returns what a share of the delays, 0 to 1, does not exceed, to three digits.
func (d *Delays) Quantile(q float64) time.Duration {
	if d.histogram == nil {
		return 0
	}
	return time.Duration(d.histogram.ValueAtQuantile(100*q)) * time.Microsecond
}

// Availability returns the share of the keys that were wanted that both got.
func (r *Run) Availability() float64 { return ratio(r.Fetched, r.Wanted) }

// DeliveryErrorRatio returns the share of the keys that a master got and the slave did not.
func (r *Run) DeliveryErrorRatio() float64 { return ratio(r.Made-r.Fetched, r.Made) }

// RestorationTime returns how long a pair got no key, on average, from the first request that
// failed to the next one that did not.
func (r *Run) RestorationTime() time.Duration {
	return r.Restoring / time.Duration(max(1, r.Restored))
}

func ratio(part, whole int64) float64 { return float64(part) / float64(max(1, whole)) }

func (r *Run) add(o Outcome) {
	r.Wanted++
	switch {
	case o.Made != nil:
		r.fail("enc_keys", o.Made)
		return
	case o.Fetched != nil:
		r.fail("dec_keys", o.Fetched)
	default:
		r.Fetched++
		r.Fetching.add(o.Fetching)
	}
	r.Made++
	r.Making.add(o.Making)
}

// fail counts a failure by its status.
func (r *Run) fail(what string, err error) {
	reason := what + " without an answer"
	if e, ok := errors.AsType[*etsi.Error](err); ok {
		reason = what + " " + strconv.Itoa(e.Status)
	}
	i := slices.IndexFunc(r.Failures, func(f Failed) bool { return f.Reason == reason })
	if i < 0 {
		i = len(r.Failures)
		r.Failures = append(r.Failures, Failed{Reason: reason})
	}
	r.Failures[i].Count++
}

func (r *Run) restored(after time.Duration) {
	r.Restored++
	r.Restoring += after
}

// finish puts into order what came at the same time.
func (r *Run) finish() {
	slices.SortFunc(r.Failures, func(a, b Failed) int { return cmp.Compare(a.Reason, b.Reason) })
	slices.SortStableFunc(r.Events, func(a, b Event) int { return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Name, b.Name)) })
}

// problems returns what must not be in a result.
func (r *Run) problems() error {
	if len(r.Violations) > 0 {
		return fmt.Errorf("seed %d: the audit found %d violations, such as: %s", r.Seed, len(r.Violations), r.Violations[0])
	}
	return nil
}
