// Package sametest is for tests that compare runs that must be the same: it provokes differences,
// and shows them.
package sametest

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"time"
)

// Burn keeps all processors busy until stop is called.
func Burn() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var all sync.WaitGroup
	for range 2 * runtime.NumCPU() {
		all.Go(func() {
			for ctx.Err() == nil {
				for began := time.Now(); time.Since(began) < 50*time.Microsecond; {
				}
				runtime.Gosched() // otherwise each step of the test would take 10 ms
			}
		})
	}
	return func() { cancel(); all.Wait() }
}

// FirstDifference returns the first lines in which two texts differ, or "".
func FirstDifference(a, b string) string {
	linesA, linesB := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range max(len(linesA), len(linesB)) {
		var one, other string
		if i < len(linesA) {
			one = linesA[i]
		}
		if i < len(linesB) {
			other = linesB[i]
		}
		if one != other {
			return fmt.Sprintf("line %d\n%s\n%s", i+1, one, other)
		}
	}
	return ""
}
