//go:build unix

package sim

import (
	"runtime"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"dske/sim/topology"
	"dske/sim/wire"
)

// An unused network does nothing: 30 days of it take no processor time, and hardly any when a hub
// that a client needs is down all the time.
func TestIdleMonthCostsNothing(t *testing.T) {
	const month = 30 * 24 * time.Hour
	inVirtualTime(t, Config{Topology: topology.Reference()}, func(n *testNetwork) {
		n.keyPair("sam", "sofia", 256)
		n.getKey("sam", "sofia", 256)
		var messages atomic.Int64
		defer n.Wire().Observe(func(wire.Event) { messages.Add(1) })()
		idle := func() time.Duration {
			messages.Store(0)
			runtime.GC() // that of other tests
			before := processorTime(t)
			time.Sleep(month)
			return processorTime(t) - before
		}
		if used := idle(); used > 2*time.Second || messages.Load() > 0 {
			t.Errorf("30 idle days took %v of processor time and %d messages", used, messages.Load())
		}
		n.stop("hub/hank", "client/carol")
		n.start("client/carol")
		const attempts = int64(month / (5 * time.Minute))
		if used := idle(); used > 20*time.Second || messages.Load() < attempts || messages.Load() > attempts+60 {
			t.Errorf("30 days without a hub took %v of processor time and %d messages", used, messages.Load())
		} else {
			t.Logf("30 days without a hub took %v of processor time", used)
		}
		n.keyPair("sam", "sofia", 256)
	})
}

// processorTime returns the processor time that the process has used.
func processorTime(t *testing.T) time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		t.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
