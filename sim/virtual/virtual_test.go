package virtual

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestTimeJumps(t *testing.T) {
	start := time.Now()
	var passed time.Duration
	err := Run(t.Context(), func(context.Context) error {
		began := time.Now()
		time.Sleep(365 * 24 * time.Hour)
		passed = time.Since(began)
		return nil
	})
	if err != nil || passed != 365*24*time.Hour || time.Since(start) > time.Minute {
		t.Errorf("%v: %v have passed in %v", err, passed, time.Since(start))
	}
}

func TestErrors(t *testing.T) {
	own := errors.New("own")
	for name, test := range map[string]struct {
		f    func(ctx context.Context) error
		want error
		says string
	}{
		"its own": {func(context.Context) error { return own }, own, "own"},
		"a panic": {func(context.Context) error { panic("at the disco") }, ErrPanic, "at the disco"},
		"an end":  {func(context.Context) error { runtime.Goexit(); return nil }, ErrPanic, "ended early"},
		"a deadlock": {func(context.Context) error { <-make(chan int); return nil },
			ErrDeadlock, "all goroutines in bubble are blocked"},
		"a leak": {func(context.Context) error { go func() { <-make(chan int) }(); return nil },
			ErrDeadlock, "blocked goroutines remain"},
		"a bubble in a bubble": {func(ctx context.Context) error { return Run(ctx, func(context.Context) error { return nil }) },
			ErrNoVirtual, "is virtual already"},
	} {
		t.Run(name, func(t *testing.T) {
			if err := Run(t.Context(), test.f); !errors.Is(err, test.want) || !strings.Contains(err.Error(), test.says) {
				t.Errorf("%v", err)
			}
		})
	}
}

// If the holder of a mutex waits for time while another goroutine wants the mutex, time stops. The
// bubble is abandoned.
func TestWatchdog(t *testing.T) {
	err := run(t.Context(), func(context.Context) error {
		var mu sync.Mutex
		mu.Lock()
		defer mu.Unlock()
		go func() {
			mu.Lock()
			defer mu.Unlock()
		}()
		time.Sleep(time.Hour)
		return nil
	}, 5*time.Millisecond)
	if !errors.Is(err, ErrStands) || !strings.Contains(err.Error(), "[sleep") || !strings.Contains(err.Error(), "[sync.Mutex.Lock") {
		t.Errorf("%v", err)
	}
}

// Goroutines that compute, or that do much in little time, are left alone.
func TestWatchdogLetsWork(t *testing.T) {
	err := run(t.Context(), func(context.Context) error {
		for range 1000 {
			time.Sleep(time.Nanosecond)
			for i := range 200_000 {
				_ = i
			}
		}
		return nil
	}, time.Millisecond)
	if err != nil {
		t.Error(err)
	}
}

// Goroutines that wait inside a bubble do not delay a caller whose context has ended.
func TestContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.WithValue(t.Context(), t, "value"))
	release := make(chan struct{})
	defer close(release)
	err := Run(ctx, func(inner context.Context) error {
		if inner.Value(t) != "value" || inner.Done() != nil {
			t.Error("the context is not that of the caller without its end")
		}
		cancel()
		<-release
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestSideBySide(t *testing.T) {
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			err := Run(t.Context(), func(context.Context) error {
				began := time.Now()
				for range 100 {
					time.Sleep(time.Duration(i+1) * time.Minute)
				}
				if passed := time.Since(began); passed != time.Duration(i+1)*100*time.Minute {
					t.Errorf("%v have passed in bubble %d", passed, i)
				}
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}

// Run works outside a test, too: this test builds a program that is not a test.
func TestInAProgram(t *testing.T) {
	dir := t.TempDir()
	program := `package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"dske/sim/virtual"
)

func main() {
	err := virtual.Run(context.Background(), func(context.Context) error { time.Sleep(8760 * time.Hour); return nil })
	second := virtual.Run(context.Background(), func(context.Context) error { <-make(chan int); return nil })
	fmt.Println(err, time.Now().Year() > 2000, second)
	if err != nil { os.Exit(1) }
}
`
	if err := os.WriteFile(dir+"/main.go", []byte(program), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("go", "run", dir+"/main.go").CombinedOutput()
	want := "<nil> true " + ErrDeadlock.Error() + ": deadlock: all goroutines in bubble are blocked\n"
	if err != nil || string(out) != want {
		t.Errorf("%v: %s", err, out)
	}
}

// If a bubble cannot be recognised, the error says what to do.
func TestCheck(t *testing.T) {
	if _, err := check(); !errors.Is(err, ErrNoVirtual) || !strings.Contains(err.Error(), runtime.Version()) {
		t.Error(err)
	}
}
