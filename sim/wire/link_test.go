package wire

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"dske/sim/fault"
	"dske/sim/link"
)

// linked returns a wire in virtual time with a link between all parties, and a handler that records
// arrivals.
func linked(t testing.TB, l *link.Link) (*Wire, *arrivals) {
	t.Helper()
	a := &arrivals{began: time.Now()}
	links := func(from, to string) (*link.Link, [2]string) { return l, [2]string{from, to} }
	if l == nil {
		links = nil
	}
	w, err := New(Config{Transport: Memory, Handler: a, Links: links, Virtual: true, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	return w, a
}

// arrivals is a handler that records what arrives, and when.
type arrivals struct {
	began time.Time
	mu    sync.Mutex
	came  []string
	at    []time.Duration
}

func (a *arrivals) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	a.mu.Lock()
	a.came, a.at = append(a.came, r.URL.Path+" "+string(body)), append(a.at, time.Since(a.began))
	a.mu.Unlock()
	w.Write(body)
}

// post sends a message and returns how long it took.
func post(ctx context.Context, w *Wire, from, to, body string) (time.Duration, error) {
	began := time.Now()
	r, err := http.NewRequestWithContext(ctx, "POST", "http://memory/"+to, strings.NewReader(body))
	if err != nil {
		return 0, err
	}
	response, err := w.Transport(from).RoundTrip(r)
	if err != nil {
		return time.Since(began), err
	}
	defer response.Body.Close()
	if text, err := io.ReadAll(response.Body); err != nil || string(text) != body {
		return 0, fmt.Errorf("the answer is %q, %v", text, err)
	}
	return time.Since(began), nil
}

// Messages that reach a node at the same instant enter by name, one per nanosecond, whoever
// watches.
func TestOrderByName(t *testing.T) {
	for _, l := range []*link.Link{nil, {Latency: link.Fixed(time.Second)}} {
		for _, look := range []func(*Wire){
			func(*Wire) {},
			func(w *Wire) { w.Observe(func(Event) {}) },
			func(w *Wire) { w.Tap(func(Message) {}) },
		} {
			synctest.Test(t, func(t *testing.T) {
				w, a := linked(t, l)
				look(w)
				var all sync.WaitGroup
				for i := range 100 {
					all.Go(func() {
						if _, err := post(t.Context(), w, fmt.Sprintf("client/c%d", i%10), "hub/hank", fmt.Sprintf("%02d", 99-i)); err != nil {
							t.Error(err)
						}
					})
				}
				all.Wait()
				want := slices.SortedFunc(slices.Values(a.came), func(a, b string) int {
					first, second := a[len(a)-2:], b[len(b)-2:]
					return 2*strings.Compare(sender(first), sender(second)) + strings.Compare(first, second)
				})
				if !slices.Equal(a.came, want) {
					t.Errorf("they came in the order %v", a.came)
				}
				for i := range a.at[1:] {
					if a.at[i+1] != a.at[i]+1 {
						t.Fatalf("arrival %d was at %v, and the next at %v", i, a.at[i], a.at[i+1])
					}
				}
			})
		}
	}
}

// sender returns the sender of a body of TestOrderByName.
func sender(body string) string { return string('9' - (body[1] - '0')) }

// A message takes the latency each way, and its size divided by the bandwidth, after those in front
// of it.
func TestLinkTakesTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, _ := linked(t, &link.Link{Latency: link.Fixed(50 * time.Millisecond), Bandwidth: 8_000_000})
		took, err := post(t.Context(), w, "client/carol", "hub/hank", strings.Repeat("x", 100_000))
		if want := 2*50*time.Millisecond + 2*100*time.Millisecond; err != nil || took < want || took > want+time.Millisecond {
			t.Errorf("%v instead of %v, %v", took, want, err)
		}
		var all sync.WaitGroup
		var longest time.Duration
		var mu sync.Mutex
		for range 10 {
			all.Go(func() {
				took, _ := post(t.Context(), w, "client/carol", "hub/hank", strings.Repeat("x", 100_000))
				mu.Lock()
				defer mu.Unlock()
				longest = max(longest, took)
			})
		}
		all.Wait()
		if want := 2*50*time.Millisecond + 11*100*time.Millisecond; longest < want || longest > want+10*time.Millisecond {
			t.Errorf("the last of ten took %v instead of %v", longest, want)
		}
	})
}

// A message that TCP repeats is late and is marked. One that TCP cannot deliver costs the sender
// its time.
func TestLinkLoses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, _ := linked(t, &link.Link{Loss: 0.3})
		var faults []string
		w.Observe(func(e Event) { faults = append(faults, e.Fault) })
		again := 0
		for range 200 {
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			took, err := post(ctx, w, "client/carol", "hub/hank", "x")
			cancel()
			late := took >= 200*time.Millisecond
			if late {
				again++
			}
			if said := faults[len(faults)-1] == sentAgain; said != late {
				t.Fatalf("took %v and says %v", took, faults[len(faults)-1])
			}
			if err != nil && (took != 5*time.Second || !errors.Is(err, context.DeadlineExceeded)) {
				t.Errorf("%v after %v", err, took)
			}
		}
		if again < 70 || again > 130 { // 51 % of 200: the mean is 102, and the standard deviation is 7
			t.Errorf("%d of 200 were late", again)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		w, a := linked(t, &link.Link{Loss: 1})
		if _, err := post(t.Context(), w, "client/carol", "hub/hank", "x"); !errors.Is(err, fault.ErrLost) {
			t.Errorf("without a deadline: %v", err)
		}
		if len(a.came) > 0 {
			t.Errorf("a lost message has arrived: %v", a.came)
		}
	})
}

// A message whose sender gives up before it arrives does not arrive, and others do. The sender knows
// at once, but not in the instant in which it has sent the message, or in which the message comes.
func TestSenderGivesUp(t *testing.T) {
	const latency = 50 * time.Millisecond
	for _, l := range []link.Link{{Latency: link.Fixed(latency)}, {Latency: link.Fixed(latency), Bandwidth: 1e15}} {
		for patience, want := range map[time.Duration]time.Duration{0: time.Nanosecond, latency - 1: latency - 1, latency: latency + 1} {
			synctest.Test(t, func(t *testing.T) {
				w, a := linked(t, &l)
				var other sync.WaitGroup
				other.Go(func() {
					if _, err := post(t.Context(), w, "client/connie", "hub/hank", "y"); err != nil {
						t.Error(err)
					}
				})
				ctx, cancel := context.WithTimeout(t.Context(), patience)
				defer cancel()
				if took, err := post(ctx, w, "client/carol", "hub/hank", "x"); !errors.Is(err, context.DeadlineExceeded) || took != want {
					t.Errorf("%+v, %v: %v after %v", l, patience, err, took)
				}
				other.Wait()
				if !slices.Equal(a.came, []string{"/hub/hank y"}) {
					t.Errorf("%+v, %v: there came %v", l, patience, a.came)
				}
			})
		}
	}
}

// In real time, links delay messages, except for the network's own interface.
func TestLinkInRealTime(t *testing.T) {
	a := &arrivals{}
	w, err := New(Config{Transport: Memory, Handler: a, Links: func(string, string) (*link.Link, [2]string) {
		return &link.Link{Latency: link.Fixed(20 * time.Millisecond)}, [2]string{}
	}})
	if err != nil {
		t.Fatal(err)
	}
	if took, err := post(t.Context(), w, "client/carol", "hub/hank", "x"); err != nil || took < 40*time.Millisecond {
		t.Errorf("%v, %v", took, err)
	}
	if took, err := post(t.Context(), w, "outside", "sim/v1/nodes", "x"); err != nil || took > 20*time.Millisecond {
		t.Errorf("the network's own interface took %v, %v", took, err)
	}
}

func TestVirtualTimeHasNoPorts(t *testing.T) {
	if _, err := New(Config{Transport: Loopback, Handler: &nodes{}, Virtual: true}); err == nil {
		t.Error("a port in virtual time is accepted")
	}
}

// failing is a writer that fails.
type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, io.ErrShortWrite }

func TestTrace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, _ := linked(t, nil)
		var text strings.Builder
		stop, stopFailing := w.Trace(&text), w.Trace(failing{})
		for i := range 3 {
			if _, err := post(t.Context(), w, "client/carol", "hub/hank/x", fmt.Sprint(i)); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
		}
		if lines := strings.Count(text.String(), "\n"); lines != 2 {
			t.Errorf("after 3 instants %d lines are written", lines)
		}
		if err := stop(); err != nil {
			t.Error(err)
		}
		if err := stopFailing(); !errors.Is(err, io.ErrShortWrite) {
			t.Errorf("an error of writing: %v", err)
		}
		for i, line := range strings.Split(strings.TrimSpace(text.String()), "\n") {
			at, rest, _ := strings.Cut(line, " ")
			passed, err := time.ParseDuration(at + "ns")
			if err != nil || passed.Truncate(time.Second) != time.Duration(i)*time.Second || !strings.HasPrefix(rest, "client/carol hub/hank POST /x? 200 1 ") {
				t.Errorf("%s", line)
			}
		}
	})
}
