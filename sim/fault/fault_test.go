package fault

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"dske/protocol"
)

// wire is a set of faults and the messages that pass it.
type wire struct {
	*testing.T
	Set
	mu      sync.Mutex
	arrived []Request
	answer  func(*Request) Response
}

func newWire(t *testing.T, specs ...string) *wire {
	w := &wire{T: t, Set: Set{Seed: 7}, answer: func(*Request) Response {
		return Response{Status: 200, Header: signed(), Body: []byte(`{"share_index":1,"value":"bbbbbbbbbb=="}`)}
	}}
	for _, text := range specs {
		spec, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Add(spec); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

func (w *wire) deliver(_ context.Context, r *Request) (Response, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.arrived = append(w.arrived, *r)
	return w.answer(r), nil
}

// message is a request from carol to a hub.
func message(hub string) *Request {
	return &Request{
		From: "client/carol", To: "hub/" + hub, Method: "POST", Path: "/dske/api/v1/key-share", Query: "key_id=c0ffee00",
		Header: signed(), Body: []byte(`{"share_index":1,"value":"bbbbbbbbbb=="}`),
	}
}

func (w *wire) send(r *Request) (Response, error) {
	return w.Intercept(w.Context(), r, w.deliver)
}

func TestDrop(t *testing.T) {
	w := newWire(t, "drop to=hank")
	if _, err := w.send(message("hank")); !errors.Is(err, ErrLost) || len(w.arrived) != 0 {
		t.Errorf("%v, %d messages arrived", err, len(w.arrived))
	}
	if response, err := w.send(message("helen")); err != nil || response.Status != 200 {
		t.Errorf("to another hub: %v, %v", response, err)
	}
	if got := w.Statuses()[0].String(); got != "drop to=hank: fired 1 times" {
		t.Error(got)
	}
	w = newWire(t, "drop=response")
	if _, err := w.send(message("hank")); !errors.Is(err, ErrLost) || len(w.arrived) != 1 {
		t.Errorf("response: %v, %d messages arrived", err, len(w.arrived))
	}
}

func TestCountAndAfter(t *testing.T) {
	w := newWire(t, "drop after=2 count=3")
	var lost []int
	for i := range 8 {
		if _, err := w.send(message("hank")); err != nil {
			lost = append(lost, i)
		}
	}
	if len(lost) != 3 || lost[0] != 2 || lost[2] != 4 {
		t.Errorf("lost were %v", lost)
	}
}

func TestProbabilityFollowsFromTheSeed(t *testing.T) {
	lost := func(seed uint64) (pattern string) {
		w := newWire(t)
		w.Seed = seed
		spec, err := Parse("drop prob=0.3")
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Add(spec); err != nil {
			t.Fatal(err)
		}
		for range 1000 {
			if _, err := w.send(message("hank")); err != nil {
				pattern += "x"
			} else {
				pattern += "."
			}
		}
		return pattern
	}
	a, b, other := lost(1), lost(1), lost(2)
	if a != b || a == other {
		t.Error("the losses don't follow from the seed")
	}
	if n := strings.Count(a, "x"); n < 230 || n > 370 {
		t.Errorf("%d of 1000 lost with a probability of 0.3", n)
	}
}

func TestPartition(t *testing.T) {
	w := newWire(t, "partition=client/carol,hub/helen|hub/hank,hub/hugo")
	for hub, want := range map[string]bool{"hank": true, "hugo": true, "helen": false, "holly": false} {
		if _, err := w.send(message(hub)); (err != nil) != want {
			t.Errorf("carol to %s: %v", hub, err)
		}
	}
}

func TestStatus(t *testing.T) {
	w := newWire(t, "status=503")
	response, err := w.send(message("hank"))
	if err != nil || response.Status != 503 || len(w.arrived) != 0 || !strings.Contains(string(response.Body), "Service Unavailable") {
		t.Errorf("%v %s %v", response.Status, response.Body, err)
	}
}

func TestReplayAndDuplicate(t *testing.T) {
	for _, spec := range []string{"replay", "duplicate"} {
		w := newWire(t, spec)
		w.answer = func(r *Request) Response { // refuses the second message
			if len(w.arrived) == 1 {
				return Response{Status: 200}
			}
			return Response{Status: 409}
		}
		response, err := w.send(message("hank"))
		if err != nil || response.Status != 200 || len(w.arrived) != 2 {
			t.Fatalf("%s: %v, %v, %d messages arrived", spec, response, err, len(w.arrived))
		}
		if string(w.arrived[0].Body) != string(w.arrived[1].Body) || w.arrived[0].Repeated == w.arrived[1].Repeated {
			t.Errorf("%s: %+v", spec, w.arrived)
		}
	}
}

func TestDelayHangAndReorder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWire(t, "delay=20ms")
		before := time.Now()
		if _, err := w.send(message("hank")); err != nil || time.Since(before) != 20*time.Millisecond {
			t.Errorf("delay: %v after %v", err, time.Since(before))
		}
	})
	synctest.Test(t, func(t *testing.T) {
		w := newWire(t, "hang")
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := w.Intercept(ctx, message("hank"), w.deliver); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("hang: %v", err)
		}
		time.AfterFunc(time.Minute, w.Clear)
		if _, err := w.send(message("hank")); !errors.Is(err, ErrLost) || len(w.arrived) != 0 {
			t.Errorf("a hung message when faults are cleared: %v", err)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		w := newWire(t, "reorder")
		go w.send(message("hank"))
		synctest.Wait()
		if _, err := w.send(message("helen")); err != nil {
			t.Error(err)
		}
		synctest.Wait()
		if len(w.arrived) != 2 || w.arrived[0].To != "hub/helen" {
			t.Errorf("reorder: %v", w.arrived)
		}
		before := time.Now()
		if _, err := w.send(message("hank")); err != nil || time.Since(before) != orderWait {
			t.Errorf("the last one: %v after %v", err, time.Since(before))
		}
	})
}

func TestTamper(t *testing.T) {
	for _, spec := range []string{"tamper=request", "tamper=request where=query", "tamper=request where=signature"} {
		w := newWire(t, spec)
		sent := message("hank")
		if _, err := w.send(sent); err != nil {
			t.Fatal(err)
		}
		was, is := message("hank"), w.arrived[0]
		n := differences(was.Query, is.Query) + differences(string(was.Body), string(is.Body)) +
			differences(was.Header.Get(protocol.SignatureHeader), is.Header.Get(protocol.SignatureHeader))
		if n != 1 {
			t.Errorf("%s: %d bits differ: %+v", spec, n, is)
		}
	}
	for spec, altered := range map[string]func(Response) string{
		"tamper=response":                 func(r Response) string { return string(r.Body) },
		"tamper=response where=signature": func(r Response) string { return r.Header.Get(protocol.SignatureHeader) },
	} {
		w := newWire(t, spec)
		response, err := w.send(message("hank"))
		if err != nil || differences(altered(response), altered(w.answer(nil))) != 1 {
			t.Errorf("%s: %v, %v", spec, response, err)
		}
	}
	if got := string(flip([]byte("{}"))); got != "{|" {
		t.Errorf("the body {} becomes %s", got)
	}
}

// differences counts the different bits of two texts.
func differences(a, b string) int {
	if len(a) != len(b) {
		return 8 * max(len(a), len(b))
	}
	n := 0
	for i := range a {
		for d := a[i] ^ b[i]; d != 0; d &= d - 1 {
			n++
		}
	}
	return n
}

func TestFaultsAreInTheOrderOfAdding(t *testing.T) {
	w := newWire(t, "delay=1ns", "drop")
	r := message("hank")
	if _, err := w.send(r); err == nil || strings.Join(r.Faults, " ") != "delay drop" {
		t.Errorf("%v, faults %v", err, r.Faults)
	}
	w.Clear()
	if _, err := w.send(message("hank")); err != nil || len(w.Statuses()) != 0 {
		t.Errorf("after clear: %v", err)
	}
}

// Which faults a message passes is remembered by its sender and receiver, until a fault comes or
// goes, and for a limited number of them.
func TestFaultsComeAndGo(t *testing.T) {
	w := newWire(t, "drop to=hub/helen")
	send := func(isLost bool) {
		t.Helper()
		if _, err := w.send(message("hank")); (err != nil) != isLost {
			t.Error(err)
		}
	}
	send(false)
	if err := w.AddAs("one", Spec{Kind: "drop", Prob: 1, To: []string{"h*k"}}); err != nil {
		t.Fatal(err)
	}
	send(true)
	for i := range maxPairs {
		if _, err := w.send(message(strconv.Itoa(i))); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(w.between); n > maxPairs {
		t.Errorf("%d pairs are remembered", n)
	}
	send(true)
	w.Remove("one")
	send(false)
	w.Clear()
	send(false)
	if len(w.between) > 0 {
		t.Error("pairs are remembered when there are no faults")
	}
}

func signed() http.Header {
	h := http.Header{}
	h.Set(protocol.SignatureHeader, "b:0:32%AAAAbbbbAAAA=")
	return h
}

// What was removed does not come again with its ID. The IDs are kept for a while, and known to others.
func TestRemovedFaultsStayAway(t *testing.T) {
	w := newWire(t)
	spec := Spec{Kind: "drop", Prob: 1}
	add := func(id string, there bool) {
		t.Helper()
		if err := w.AddAs(id, spec); err != nil || w.Any() != there {
			t.Errorf("%s: %v, %v", id, err, w.Any())
		}
	}
	w.Remove("early")
	add("early", false)
	add("cleared", true)
	w.Clear()
	add("cleared", false)
	if got := w.Removed(); !slices.Equal(got, []string{"early", "cleared"}) {
		t.Errorf("removed: %q", got)
	}
	for i := range maxRemoved {
		w.Remove(strconv.Itoa(i))
	}
	if n := len(w.Removed()); n != maxRemoved {
		t.Errorf("%d IDs are kept", n)
	}
	add("cleared", true)

	long := strings.Repeat("x", maxID+1)
	w.Clear()
	w.Remove("")
	w.Remove(long)
	if got := w.Removed(); slices.Contains(got, "") || slices.Contains(got, long) {
		t.Error("what no fault can have as its ID is kept")
	}
	add("", true)
}

// Messages that come only once, such as requests for a key, leave nothing behind permanently.
func TestProbabilityForgets(t *testing.T) {
	w := newWire(t, "drop prob=0.3")
	lost := 0
	for i := range 3 * maxSeen {
		m := message("hank")
		m.Query = fmt.Sprint("key_id=", i)
		if _, err := w.send(m); err != nil {
			lost++
		}
		w.arrived = nil
	}
	if seen := len(w.faults[0].seen); seen > maxSeen {
		t.Errorf("%d messages are remembered", seen)
	}
	if lost < maxSeen*8/10 || lost > maxSeen {
		t.Errorf("%d of %d lost with a probability of 0.3", lost, 3*maxSeen)
	}
}

// Long messages, which anybody can send to a port, leave no more behind than short ones.
func TestProbabilityForgetsText(t *testing.T) {
	w := newWire(t, "drop prob=0.3")
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	const messages, size = 400, 32 << 10
	before := heap()
	for i := range messages {
		m := message("hank")
		m.Query = strings.Repeat("a", size) + strconv.Itoa(i)
		w.send(m)
		w.arrived = nil
	}
	if after := heap(); after > before+messages*size/4 {
		t.Errorf("%d bytes are kept of %d messages", after-before, messages)
	}
	runtime.KeepAlive(w)
}
