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

// Run is the result of a run. It depends neither on scheduling nor on the real duration of the run.
type Run struct {
	Seed       uint64
	Wanted     int64 // keys
	Made       int64 // of those, given to the master
	Fetched    int64 // of those, given to the slave
	Making     Delays
	Fetching   Delays
	Restored   int64         // number of periods in which a pair got no key, and that ended
	Restoring  time.Duration // their total duration
	Failures   []Failed      // by reason, sorted
	Violations []string      // found by the audit
	Events     []Event       // in order of time, then of names
	Series     []Row         // by hour
}

// Failed is the number of failures with one reason.
type Failed struct {
	Reason string // enc_keys or dec_keys, and the status
	Count  int64
}

// Row is the state of the network at one time.
type Row struct {
	At             time.Duration // since the start of the experiment
	Lowest, Median int           // bytes in the emptiest pool of each association
	Fetched        int64         // keys since the previous row
	HubsUp         int
	ClientsUp      int
}

// Delays has the times of successful answers.
type Delays struct {
	histogram *hdrhistogram.Histogram // in microseconds, to three digits
	sum       time.Duration
	count     int64
}

func (d *Delays) add(delay time.Duration) {
	if d.histogram == nil {
		d.histogram = hdrhistogram.New(1, int64(10*time.Minute/time.Microsecond), 3)
	}
	_ = d.histogram.RecordValue(max(1, delay.Microseconds())) // cannot fail: no request takes longer
	d.sum += delay
	d.count++
}

// Mean returns the mean, or 0 if there are none.
func (d *Delays) Mean() time.Duration { return d.sum / time.Duration(max(1, d.count)) }

// Quantile returns the delay that the fraction q of the delays, 0 to 1, does not exceed, to three
// digits.
func (d *Delays) Quantile(q float64) time.Duration {
	if d.histogram == nil {
		return 0
	}
	return time.Duration(d.histogram.ValueAtQuantile(100*q)) * time.Microsecond
}

// Availability returns the fraction of the wanted keys that both ends got.
func (r *Run) Availability() float64 { return ratio(r.Fetched, r.Wanted) }

// DeliveryErrorRatio returns the fraction of the made keys that the slave did not get.
func (r *Run) DeliveryErrorRatio() float64 { return ratio(r.Made-r.Fetched, r.Made) }

// RestorationTime returns how long a pair got no key, on average, from the first request that
// failed to the next that succeeded.
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

// finish sorts what happened at the same time.
func (r *Run) finish() {
	slices.SortFunc(r.Failures, func(a, b Failed) int { return cmp.Compare(a.Reason, b.Reason) })
	slices.SortStableFunc(r.Events, func(a, b Event) int { return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Name, b.Name)) })
}

// problems returns an error if the result has what it must not have.
func (r *Run) problems() error {
	if len(r.Violations) > 0 {
		return fmt.Errorf("seed %d: the audit found %d violations, such as: %s", r.Seed, len(r.Violations), r.Violations[0])
	}
	return nil
}
