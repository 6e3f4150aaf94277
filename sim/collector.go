package sim

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
)

// garbageFor returns how many bytes of garbage there may be before it is collected, with so many
// bytes in use. Go's own rule is as many as are in use: a small network would spend an eighth of its
// time on collecting a few megabytes. Here it is at least 64 MiB, and a quarter of what is in use. The
// more is in use, the longer a collection takes (with a million clients, a second of CPU), and the
// more garbage it has to be worth: that grows with the square, to 2 GiB from 1 GiB in use on.
func garbageFor(used int64) int64 {
	size := float64(used) / (1 << 30)
	worth := min(size*size, 1) * (2 << 30)
	return max(64<<20, used/4, int64(worth))
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
	used := max(inUse(), least)
	debug.SetGCPercent(int(100 * garbageFor(used) / used))
	collected := &struct{ any }{} // the next time
	runtime.AddCleanup(collected, t.tune, struct{}{})
}

func (t *tuning) release() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.released = true
	debug.SetGCPercent(t.before)
}

// inUse returns how many bytes of the heap were in use at the last collection.
func inUse() int64 {
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(live)
	return int64(live[0].Value.Uint64())
}
