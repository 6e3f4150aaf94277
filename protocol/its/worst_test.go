//go:build unix && !race

package its

import (
	"context"
	"syscall"
	"testing"
	"time"
)

// Seven liars of sixteen that answer first cost at most 0.2 seconds of CPU time, so that other
// programs do not count.
func TestWorstSearchTakesLittleTime(t *testing.T) {
	search, start := testSearch(t, 9), processorTime(t)
	for _, a := range lyingAnswers(t, 32, 9, 16, 7) {
		if err := search.Add(a); err != nil {
			t.Fatal(err)
		}
		search.Find(context.Background())
	}
	if took := processorTime(t) - start; !search.found || took > 200*time.Millisecond {
		t.Errorf("found: %v, it takes %v", search.found, took)
	}
}

func processorTime(t *testing.T) time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		t.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
