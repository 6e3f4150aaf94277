package virtual

import (
	"context"
	"fmt"
	"regexp"
	"runtime"
	"strings"
	"time"
)

// The watchdog looks at a bubble again and again. If no goroutine of it can continue several times
// in a row, its time stands still. The watchdog stops the world while it looks, for seconds with a
// hundred thousand goroutines, so it looks only for a part of the time.
const (
	lookEvery = 5 * time.Second
	looks     = 6
	part      = 50
)

// watch waits for the end of a bubble, of ctx, or of time in the bubble. It runs outside the
// bubble.
func (b *bubble) watch(ctx context.Context, every time.Duration) error {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	var number string
	for still := 0; ; {
		select {
		case number = <-b.number:
		case err := <-b.ended:
			return err
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
			began := time.Now()
			goroutines, waiting := goroutinesOf(number)
			ticker.Reset(max(every, part*time.Since(began)))
			if still++; !waiting {
				still = 0
			}
			if still == looks {
				return fmt.Errorf("%w: for at least %v all its goroutines have waited, one of them for a mutex or for something outside:\n%s",
					ErrStands, looks*every, goroutines)
			}
		}
	}
}

var (
	headerForm = regexp.MustCompile(`^goroutine \d+ [^\[]*\[([a-zA-Z. ()-]+)`)
	bubbleForm = regexp.MustCompile(`^goroutine .*[ ,](synctest bubble \d+)`)
)

// header returns the first line of the dump of the calling goroutine.
func header() string {
	var text [256]byte
	line, _, _ := strings.Cut(string(text[:runtime.Stack(text[:], false)]), "\n")
	return line
}

// bubbleOf returns the bubble of a goroutine, such as "synctest bubble 3", from the first line of
// its dump, or "".
func bubbleOf(header string) string {
	if found := bubbleForm.FindStringSubmatch(header); found != nil {
		return found[1]
	}
	return ""
}

// goroutinesOf returns a dump of the goroutines of a bubble, and whether all of them wait.
func goroutinesOf(number string) (dump string, waiting bool) {
	var own []string
	waiting = true
	for text := range strings.SplitSeq(dumpAll(), "\n\n") {
		line, _, _ := strings.Cut(text, "\n")
		if bubbleOf(line) != number || number == "" {
			continue
		}
		own = append(own, text)
		state := headerForm.FindStringSubmatch(line)
		waiting = waiting && state != nil && !isBusy(state[1])
	}
	return strings.Join(own, "\n\n"), waiting && len(own) > 0
}

// isBusy reports whether a goroutine in a state, as named in dumps, continues by itself.
func isBusy(state string) bool {
	for _, busy := range []string{"runn", "syscall", "GC", "preempted", "copystack", "idle", "garbage"} {
		if strings.HasPrefix(state, busy) {
			return true
		}
	}
	return false
}

// dumpAll returns the dump of all goroutines.
func dumpAll() string {
	for size := 1 << 20; ; size *= 2 {
		text := make([]byte, size)
		if n := runtime.Stack(text, true); n < size || size >= 1<<28 {
			return string(text[:n])
		}
	}
}
