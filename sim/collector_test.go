package sim

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"testing"
	"time"
)

func TestGarbageFor(t *testing.T) {
	const mega = 1 << 20
	for _, test := range []struct{ used, scanned, garbage int64 }{
		{0, 0, 64}, {5, 2, 64}, {256, 16, 64}, {440, 20, 110}, {440, 100, 400}, {1000, 400, 1600}, {2000, 900, 2048}, {16000, 900, 4000},
	} {
		if got := garbageFor(test.used*mega, test.scanned*mega); got != test.garbage*mega {
			t.Errorf("with %d MiB in use, of which %d are looked through, %d bytes of garbage, want %d MiB", test.used, test.scanned, got, test.garbage)
		}
	}
}

// The collector is tuned by what is in use, again and again.
func TestTuneCollector(t *testing.T) {
	t.Setenv("GOGC", "")
	before := debug.SetGCPercent(100)
	defer debug.SetGCPercent(before)
	release := TuneCollector()
	for _, more := range []int{0, 200 << 20, 0} { // which take no memory: nobody touches them
		held := make([]byte, more)
		if !tuned(time.Minute) {
			used, _ := inUse()
			t.Errorf("with %d bytes more in use the collector begins at %d bytes, when %d were in use", more, goal(), used)
		}
		runtime.KeepAlive(held)
	}
	release()
	if percent := debug.SetGCPercent(100); percent != 100 {
		t.Errorf("after that it is %d percent", percent)
	}
}

// tuned reports whether the collector comes to begin when there is as much garbage as there may be.
func tuned(within time.Duration) bool {
	for end := time.Now().Add(within); time.Now().Before(end); {
		runtime.GC()
		used, scanned := inUse()
		if garbage := garbageFor(used, scanned); goal() >= used+garbage*9/10 && goal() <= used+garbage*12/10+4<<20 {
			return true
		}
	}
	return false
}

// goal returns the size of the heap, in bytes, at which garbage is collected.
func goal() int64 {
	goal := []metrics.Sample{{Name: "/gc/heap/goal:bytes"}}
	metrics.Read(goal)
	return int64(goal[0].Value.Uint64())
}
