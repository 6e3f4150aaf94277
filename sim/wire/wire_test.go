package wire

import (
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
)

// nodes is a handler that records requests, and answers with the request's own body.
type nodes struct {
	mu   sync.Mutex
	came []string // method, URI and body
}

func (n *nodes) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	n.mu.Lock()
	defer n.mu.Unlock()
	n.came = append(n.came, r.Method+" "+r.URL.RequestURI()+" "+string(body))
	if strings.HasSuffix(r.URL.Path, "/nothing") {
		w.WriteHeader(http.StatusNotFound)
	}
	w.Write(body)
}

// take returns the requests since the last call, one per line.
func (n *nodes) take() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	all := strings.Join(n.came, "\n")
	n.came = nil
	return all
}

func newWire(t testing.TB) (*Wire, *nodes) {
	t.Helper()
	n := &nodes{}
	w, err := New(Config{Transport: Memory, Handler: n, Parties: slices.Values([]string{"hub/hank", "hub/helen", "client/carol"})})
	if err != nil {
		t.Fatal(err)
	}
	return w, n
}

// send sends a message of carol's and returns the status and the body of the response.
func send(t testing.TB, w *Wire, method, path, body string) (int, string, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, "http://memory"+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	response, err := w.Transport("client/carol").RoundTrip(r)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	return response.StatusCode, string(text), err
}

func TestNewRefuses(t *testing.T) {
	for _, c := range []Config{{Transport: Memory}, {Handler: &nodes{}}, {Transport: "pigeon", Handler: &nodes{}}} {
		if _, err := New(c); err == nil {
			t.Errorf("%+v is accepted", c)
		}
	}
}

// Messages that nobody watches are not read.
func TestAttention(t *testing.T) {
	w, _ := newWire(t)
	expect := func(want int32) {
		t.Helper()
		if got := w.attention.Load(); got != want {
			t.Errorf("the attention is %d, not %d", got, want)
		}
	}
	expect(nobody)
	unobserve := w.Observe(func(Event) {})
	expect(onlookers)
	untap := w.Tap(func(Message) {})
	expect(insiders)
	untap()
	expect(onlookers)
	if err := w.AddFault("drop to=hank"); err != nil {
		t.Fatal(err)
	}
	unobserve()
	expect(insiders)
	w.ClearFaults()
	expect(nobody)
}

// A fault can name only parties.
func TestFaultsNameParties(t *testing.T) {
	w, _ := newWire(t)
	for _, spec := range []string{"drop to=hub/hugo", "partition=carol|hugo", "dorp", "drop from=sae/sam"} {
		if w.AddFault(spec) == nil {
			t.Errorf("%s is accepted", spec)
		}
	}
	if len(w.Faults()) != 0 {
		t.Errorf("there are %v", w.Faults())
	}
}

// Observers are notified of errors, and do not change what passes.
func TestObservedErrors(t *testing.T) {
	w, _ := newWire(t)
	broken := errors.New("broken")
	next := w.port
	w.port = roundTrip(func(r *http.Request) (*http.Response, error) {
		if strings.Contains(r.URL.Path, "helen") {
			return nil, broken
		}
		return next.RoundTrip(r)
	})
	var seen []Event
	defer w.Observe(func(e Event) { seen = append(seen, e) })()
	for path, want := range map[string]int{"/hub/hank/mgmt/v1/status": 200, "/hub/hank/nothing": 404, "/hub/helen/mgmt/v1/status": 0} {
		seen = nil
		_, _, err := send(t, w, "GET", path, "")
		if len(seen) != 1 || seen[0].Status != want || (want == 0) != errors.Is(err, broken) {
			t.Errorf("%s: %v, %+v", path, err, seen)
		}
	}
	seen = nil
	if _, _, err := send(t, w, "GET", "/sim/v1/nodes", ""); err != nil || seen != nil {
		t.Errorf("the network's own interface is observed: %v, %v", seen, err)
	}
}

func TestRecorderForgets(t *testing.T) {
	var r recorder
	for range 3*maxRecorded + 5 {
		r.add(Event{})
	}
	if r.first+len(r.events) != 3*maxRecorded+5 || len(r.events) > 2*maxRecorded {
		t.Errorf("first %d, %d events", r.first, len(r.events))
	}
}

func TestEventsAtOnce(t *testing.T) {
	w, _ := newWire(t)
	w.Events(0)
	for i := range 2*MaxEvents + 1 {
		w.recorder.add(Event{Number: uint64(i)})
	}
	next, want := 0, uint64(0)
	for _, n := range []int{MaxEvents, MaxEvents, 1, 0} {
		var events []Event
		if events, next = w.Events(next); len(events) != n {
			t.Fatalf("%d events, not %d", len(events), n)
		}
		for _, e := range events {
			if e.Number != want {
				t.Fatalf("event %d in the place of %d", e.Number, want)
			}
			want++
		}
	}
}

// roundTrip makes a transport of a function.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func BenchmarkObserved(b *testing.B) {
	w, _ := newWire(b)
	w.port = roundTrip(func(*http.Request) (*http.Response, error) { return &http.Response{StatusCode: 200}, nil })
	defer w.Observe(func(Event) {})()
	benchmark(b, w)
}

func BenchmarkUnwatched(b *testing.B) {
	w, _ := newWire(b)
	w.port = roundTrip(func(*http.Request) (*http.Response, error) { return nil, nil })
	benchmark(b, w)
}

func benchmark(b *testing.B, w *Wire) {
	r, err := http.NewRequest("GET", "http://memory/hub/hank/dske/api/v1/key-share", nil)
	if err != nil {
		b.Fatal(err)
	}
	carol := w.Transport("client/carol")
	b.ReportAllocs()
	for b.Loop() {
		carol.RoundTrip(r)
	}
}
