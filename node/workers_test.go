package node

import (
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
)

// goroutine returns the text that says which goroutine the caller is.
func goroutine() string {
	var room [64]byte
	text := room[:runtime.Stack(room[:], false)]
	for i, c := range text {
		if c == '[' {
			return string(text[:i])
		}
	}
	return string(text)
}

func TestWorkersAreUsedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // which fails if a goroutine is left
		var w Workers
		defer w.Close()
		seen := map[string]bool{}
		for range 10 {
			w.Go(func() { seen[goroutine()] = true })
			synctest.Wait()
		}
		if len(seen) != 1 {
			t.Fatalf("ten tasks, one after the other, took %d goroutines", len(seen))
		}
	})
}

func TestWorkersKeepSoManyOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var w Workers
		defer w.Close()
		const tasks = 2 * maxSpare
		var together, done sync.WaitGroup
		together.Add(tasks)
		for range tasks {
			done.Add(1)
			w.Go(func() {
				defer done.Done()
				together.Done()
				together.Wait() // all run at once
			})
		}
		done.Wait()
		synctest.Wait()
		if len(w.spare) != maxSpare {
			t.Fatalf("%d goroutines are kept, want %d", len(w.spare), maxSpare)
		}
	})
}

func TestWorkersClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var w Workers
		busy := make(chan struct{})
		w.Go(func() { <-busy })
		w.Close()
		ran := false
		w.Go(func() { ran = true }) // in a goroutine that ends with it, as the first one does
		close(busy)
		synctest.Wait()
		if !ran {
			t.Fatal("a task was not run")
		}
	})
}
