package wire

import "sync"

const (
	// maxRecorded is how many events are kept for requests from outside.
	maxRecorded = 10_000

	// MaxEvents is the maximum number of events in an answer. It limits how long an answer keeps a
	// processor.
	MaxEvents = 500
)

// recorder keeps the last events. It begins at the first request for events, so that it costs
// nothing before.
type recorder struct {
	begin sync.Once

	mu     sync.Mutex
	first  int // number of the first kept event
	events []Event
}

// Events returns the events since an earlier call, at most [MaxEvents]. after is next of that call;
// the first call, with 0, begins the recording. Only the last 10,000 are kept.
func (w *Wire) Events(after int) (events []Event, next int) {
	r := &w.recorder
	r.begin.Do(func() { w.Observe(r.add) })
	r.mu.Lock()
	defer r.mu.Unlock()
	from := min(max(after-r.first, 0), len(r.events))
	to := min(from+MaxEvents, len(r.events))
	return append([]Event{}, r.events[from:to]...), r.first + to
}

func (r *recorder) add(e Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, e)
	if len(r.events) > 2*maxRecorded {
		r.first += len(r.events) - maxRecorded
		r.events = append([]Event(nil), r.events[len(r.events)-maxRecorded:]...)
	}
}
