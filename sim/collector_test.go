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
	for used, garbage := range map[int64]int64{0: 64, 5: 64, 128: 64, 256: 128, 512: 512, 768: 1152, 1024: 2048, 2000: 2048, 8000: 2048, 16000: 4000} {
		if got := garbageFor(used * mega); got != garbage*mega {
			t.Errorf("with %d MiB in use, %d bytes of garbage, want %d MiB", used, got, garbage)
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
			t.Errorf("with %d bytes more in use the collector begins at %d bytes, when %d were in use", more, goal(), inUse())
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
		if used := inUse(); goal() >= used+garbageFor(used)*9/10 && goal() <= used+garbageFor(used)*12/10+4<<20 {
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
