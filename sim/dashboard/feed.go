package dashboard

import (
	"slices"
	"strings"
	"sync"
	"time"

	"dske/sim"
	"dske/sim/wire"
)

const (
	maxEvents = 60   // that are told one by one in a batch
	maxTimes  = 1000 // of requests, that percentiles are taken of
)

// traffic is the messages between nodes of a quarter of a second.
type traffic struct {
	Events []wire.Event `json:"events"` // the first ones
	More   int          `json:"more"`   // messages, besides
	Failed int          `json:"failed"` // of those
}

// feed collects what an open page is told. It is told itself by all the nodes, so it does little.
type feed struct {
	stop func()

	mu      sync.Mutex
	traffic traffic
	making  times // of keys, at the master's client
	fetch   times // at the slave's
}

func newFeed(n *sim.Network) *feed {
	f := &feed{}
	ends := []func(){n.Wire().Observe(f.message), n.ObserveRequests(f.request)}
	f.stop = func() {
		for _, end := range ends {
			end()
		}
	}
	return f
}

func (f *feed) message(e wire.Event) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch t := &f.traffic; {
	case len(t.Events) < maxEvents:
		t.Events = append(t.Events, e)
	case e.Status != 200:
		t.Failed++
		t.More++
	default:
		t.More++
	}
}

// request notes how long an encryptor waited.
func (f *feed) request(r sim.Request) {
	isMaking, isFetch := strings.HasSuffix(r.Route, "/enc_keys"), strings.HasSuffix(r.Route, "/dec_keys")
	if !isMaking && !isFetch {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if isMaking {
		f.making.add(r.Duration)
	} else {
		f.fetch.add(r.Duration)
	}
}

// take returns the messages since the last call.
func (f *feed) take() traffic {
	f.mu.Lock()
	defer f.mu.Unlock()
	t := f.traffic
	f.traffic = traffic{}
	return t
}

// latencies returns the percentiles of the last requests.
func (f *feed) latencies() (making, fetching percentiles) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.making.percentiles(), f.fetch.percentiles()
}

// times is the last durations of something.
type times struct {
	last [maxTimes]time.Duration
	n    int // that there were, ever
}

func (t *times) add(d time.Duration) {
	t.last[t.n%maxTimes] = d
	t.n++
}

// percentiles of durations, in milliseconds.
type percentiles struct {
	Count int     `json:"count"` // of the durations; 0: the others mean nothing
	P50   float64 `json:"p50"`
	P95   float64 `json:"p95"`
	P99   float64 `json:"p99"`
}

func (t *times) percentiles() percentiles {
	sorted := slices.Sorted(slices.Values(t.last[:min(t.n, maxTimes)]))
	if len(sorted) == 0 {
		return percentiles{}
	}
	at := func(percent int) float64 {
		return float64(sorted[(len(sorted)-1)*percent/100]) / float64(time.Millisecond)
	}
	return percentiles{len(sorted), at(50), at(95), at(99)}
}
