package command

import (
	"runtime"
	"testing"
)

func TestTuneProcessors(t *testing.T) {
	const processors = 4
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(processors))
	for bubbles, want := range map[int]int{0: 1, 1: 1, 3: 3, 4: 4, 9: 4} {
		release := tuneProcessors(bubbles)
		if got := runtime.GOMAXPROCS(0); got != want {
			t.Errorf("%d bubbles have %d processors, want %d", bubbles, got, want)
		}
		release()
		if got := runtime.GOMAXPROCS(processors); got != processors {
			t.Errorf("after %d bubbles there are %d processors, and %d before", bubbles, got, processors)
		}
	}
}
