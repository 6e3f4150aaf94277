package sim

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
)

// garbageFor returns how many bytes of garbage there may be before it is collected, with so many
// bytes in use, of which a collection looks through those in scanned, as there are pointers in them.
// That takes 0.5 to 1.5 ns for each, so with four times as much garbage the collector costs the same
// for each byte of garbage in networks of any size. Go's own rule is as many as are in use: a small
// network would spend an eighth of its time on collecting a few megabytes, and PSRD, which nobody
// looks through, would count like the rest. There may always be 64 MiB, and a quarter of what is in
// use, but otherwise no more than 2 GiB.
func garbageFor(used, scanned int64) int64 {
	return max(64<<20, used/4, min(4*scanned, 2<<30))
}

// TuneCollector makes the collector of garbage go by [garbageFor]. It does nothing if the
// environment sets GOGC. Release undoes it.
func TuneCollector() (release func()) {
	if os.Getenv("GOGC") != "" {
		return func() {}
	}
	t := &tuning{before: debug.SetGCPercent(100)}
	t.tune(struct{}{})
	return t.release
}

// tuning is what tells the collector, which knows only percentages of what is in use, another one
// after each collection.
type tuning struct {
	mu       sync.Mutex
	before   int // percent
	released bool
}

func (t *tuning) tune(struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.released {
		return
	}
	const least = 4 << 20 // by a percentage of less, the collector would begin much later
	used, scanned := inUse()
	used = max(used, least)
	debug.SetGCPercent(int(100 * garbageFor(used, scanned) / used))
	collected := &struct{ any }{} // the next time
	runtime.AddCleanup(collected, t.tune, struct{}{})
}

func (t *tuning) release() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.released = true
	debug.SetGCPercent(t.before)
}

// inUse returns how many bytes of the heap were in use at the last collection, and how many of them it
// looked through.
func inUse() (used, scanned int64) {
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/gc/scan/heap:bytes"}}
	metrics.Read(live)
	return int64(live[0].Value.Uint64()), int64(live[1].Value.Uint64())
}
