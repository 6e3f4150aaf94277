package dashboard

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"dske/sim"
	"dske/sim/exchange"
	"dske/sim/wire"
)

const (
	maxEvents = 60   // events per batch, and as many refusals of encryptors
	maxTimes  = 1000 // durations of requests for percentiles

	maxExchanges = 4 // exchanges per batch; nobody can look at more
)

// traffic has the messages between nodes during a quarter of a second.
type traffic struct {
	Events []wire.Event `json:"events"` // the first ones
	More   int          `json:"more"`   // number of further messages
	Failed int          `json:"failed"` // number of failed ones among those
}

// association is a client and a hub, by their names in messages.
type association struct{ client, hub string }

// feed collects what an open page is to receive. All nodes call it, so it does little.
type feed struct {
	stop func()

	mu        sync.Mutex
	traffic   traffic
	refusals  int                  // number of refused encryptors in the traffic; they have places of their own, since they look for the reason
	exchanges []exchange.Kept      // exchanges with news
	failing   map[association]bool // associations whose couriers did not come the last time
	making    times                // for keys, at the master's client
	fetch     times                // at the slave's
}

func newFeed(n *sim.Network, book *exchange.Book) *feed {
	f := &feed{failing: map[association]bool{}}
	ends := []func(){book.Watch(f.message, f.exchange), n.ObserveRequests(f.request)}
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
	f.courier(e)
	switch t := &f.traffic; {
	case isRefusal(e) && f.refusals < maxEvents:
		t.Events = append(t.Events, e)
		f.refusals++
	case !isRefusal(e) && len(t.Events)-f.refusals < maxEvents:
		t.Events = append(t.Events, e)
	case e.Status != 200:
		t.Failed++
		t.More++
	default:
		t.More++
	}
}

// isRefusal reports whether an encryptor did not get what it asked for.
func isRefusal(e wire.Event) bool {
	return e.Kind == wire.KindHandshake || e.Kind == wire.KindEncryptor && e.Status != http.StatusOK
}

// courier records whether an out-of-band message succeeded. The caller holds f.mu.
func (f *feed) courier(e wire.Event) {
	if e.Kind != wire.KindPSRD && e.Kind != wire.KindRegistration {
		return
	}
	a := association{e.From, e.To}
	if e.Status == http.StatusOK {
		delete(f.failing, a)
	} else if f.failing != nil {
		f.failing[a] = true
	}
}

// couriers returns the associations whose couriers did not come the last time.
func (f *feed) couriers() map[association]bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return maps.Clone(f.failing)
}

// request records how long an encryptor waited.
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

// exchange records that more is known of an exchange.
func (f *feed) exchange(x exchange.Kept) {
	f.mu.Lock()
	defer f.mu.Unlock()
	same := func(other exchange.Kept) bool { return other.ID == x.ID }
	if i := slices.IndexFunc(f.exchanges, same); i >= 0 {
		f.exchanges[i] = x
		return
	}
	f.exchanges = append(f.exchanges, x)
	f.exchanges = f.exchanges[max(0, len(f.exchanges)-maxExchanges):]
}

// take returns the messages since the last call, and the exchanges with news.
func (f *feed) take() (traffic, []exchange.Kept) {
	f.mu.Lock()
	defer f.mu.Unlock()
	t, exchanges := f.traffic, f.exchanges
	f.traffic, f.refusals, f.exchanges = traffic{}, 0, nil
	return t, exchanges
}

// latencies returns the percentiles of recent requests.
func (f *feed) latencies() (making, fetching percentiles) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.making.percentiles(), f.fetch.percentiles()
}

// times has recent durations.
type times struct {
	last [maxTimes]time.Duration
	n    int // number of durations ever added
}

func (t *times) add(d time.Duration) {
	t.last[t.n%maxTimes] = d
	t.n++
}

// percentiles has percentiles of durations, in milliseconds.
type percentiles struct {
	Count int     `json:"count"` // number of durations; 0: the others are meaningless
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
