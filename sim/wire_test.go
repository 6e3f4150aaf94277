package sim

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"dske/etsi"
	"dske/protocol"
	"dske/sim/wire"
)

// remote returns a Remote for the network.
func (n *testNetwork) remote() Remote {
	return Remote{URL: n.URL(), HTTP: &http.Client{Transport: n.outside}}
}

// fault adds faults between the nodes.
func (n *testNetwork) fault(specs ...string) {
	n.Helper()
	for _, spec := range specs {
		if err := n.Wire().AddFault(spec); err != nil {
			n.Fatal(err)
		}
	}
}

// idle waits until nothing goes on in the background.
func (n *testNetwork) idle() {
	n.Helper()
	if err := n.WaitIdle(context.Background()); err != nil {
		n.Fatal(err)
	}
}

// newsOf collects the calls of an observer or a tap.
type newsOf[T any] struct {
	mu  sync.Mutex
	all []T
}

func (c *newsOf[T]) add(news T) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all = append(c.all, news)
}

func (c *newsOf[T]) take() []T {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := c.all
	c.all = nil
	return all
}

func TestObserve(t *testing.T) {
	for _, transport := range []string{Memory, Loopback} {
		n := start(t, Config{Transport: transport, Listen: "127.0.0.1:0"})
		n.keyPair("sam", "sofia", 256)
		n.idle()
		var seen newsOf[wire.Event]
		cancel := n.Wire().Observe(seen.add)
		n.getKey("sam", "sofia", 256)
		n.idle()
		events := seen.take()
		isRequest := func(e wire.Event) bool { return e.Kind == wire.KindEncryptor }
		if transport == Loopback { // the encryptor uses the port
			i := slices.IndexFunc(events, isRequest)
			if i < 0 || events[i].From != "sae/sam" || events[i].To != "client/carol" || events[i].Caller.TakenAs != "SAE sam" {
				t.Errorf("the request is not among %+v", events)
			}
			events = slices.DeleteFunc(events, isRequest)
		}
		if len(events) != 5 {
			t.Fatalf("%d events: %+v", len(events), events)
		}
		for _, e := range events {
			if e.From != "client/carol" || !strings.HasPrefix(e.To, "hub/") || e.Method != "POST" || e.Path != "/dske/api/v1/key-share" ||
				e.Status != 200 || e.Fault != "" || e.Duration <= 0 || time.Since(e.Start) > time.Minute {
				t.Errorf("%+v", e)
			}
		}
		cancel()
		n.getKey("sam", "sofia", 256)
		n.idle()
		if len(seen.take()) != 0 {
			t.Error("the observer is still there")
		}
	}
}

func TestTapSeesWhatNodesSend(t *testing.T) {
	n := start(t, Config{Topology: python()})
	var tapped newsOf[wire.Message]
	defer n.Wire().Tap(tapped.add)()
	n.fault("tamper=request to=hank method=POST", "tamper=response to=helen method=POST", "replay to=holly method=POST")
	n.getKey("sam", "sofia", 256)
	n.idle()
	n.ClearFaults()
	n.fault("drop to=hugo method=POST")
	n.getKey("sam", "sofia", 256)
	n.idle()
	statuses := map[string][]int{}
	for _, m := range tapped.take() {
		if m.Method != "POST" {
			continue
		}
		statuses[m.To] = append(statuses[m.To], m.Response.Status)
		if m.Response.Status == 200 && string(m.Response.Body) != "{}" || !strings.HasSuffix(string(m.Body), `"}`) || len(m.Header.Values(protocol.SignatureHeader)) != 1 {
			t.Errorf("%+v", m)
		}
	}
	for hub, want := range map[string][]int{
		"hank": {401, 200}, "helen": {200, 200}, "hilary": {200, 200}, "holly": {200, 409, 200}, "hugo": {200, 0},
	} {
		got := statuses["hub/"+hub]
		if !slices.Equal(got, want) {
			t.Errorf("%s answers %v, not %v", hub, got, want)
		}
	}
}

func TestFaultsAreInEvents(t *testing.T) {
	n := start(t, Config{Topology: python()})
	n.keyPair("sam", "sofia", 256)
	n.idle()
	var seen newsOf[wire.Event]
	defer n.Wire().Observe(seen.add)()
	n.fault("drop=response to=hank", "duplicate to=helen", "status=500 to=hilary", "delay=1ms")
	n.getKey("sam", "sofia", 256)
	n.idle()
	got := map[string]int{}
	for _, e := range seen.take() {
		got[strings.TrimPrefix(e.To, "hub/")+" "+http.StatusText(e.Status)+" "+e.Fault]++
	}
	for _, want := range []string{"hank  drop delay", "hilary Internal Server Error status", "holly OK delay", "hugo OK delay",
		"helen OK duplicate delay", "helen Conflict duplicate delay"} {
		if got[want] != 1 {
			t.Errorf("%q is not once in %v", want, got)
		}
	}
}

func TestCorrupt(t *testing.T) {
	n := start(t, Config{Audit: true})
	if err := n.Corrupt("hub/hank"); err != nil {
		t.Fatal(err)
	}
	n.keyPair("sam", "sofia", 256)
	n.idle() // the key may not have needed hank
	n.stop("hub/hank")
	n.start("hub/hank")
	for _, hub := range []string{"hub/helen", "hub/holly"} {
		if err := n.Corrupt(hub); err != nil {
			t.Fatal(err)
		}
	}
	made := n.getKey("sam", "sofia", 256)
	if _, err := n.fetch("sam", "sofia", made.ID); err == nil {
		t.Error("three lying hubs of five are not noticed")
	}
	n.idle()
	if faults := n.Faults(); len(faults) != 3 || faults[0].Spec != "corrupt hub/hank" || faults[0].Fired != 2 {
		t.Errorf("faults: %v", faults)
	}
	n.ClearFaults()
	n.keyPair("sam", "sofia", 256)
	if n.Corrupt("client/carol") == nil || !errors.Is(n.Corrupt("hub/nobody"), ErrNoSuchNode) {
		t.Error("a node that is not a hub lies")
	}
	n.idle()
	if v := n.Violations(); len(v) > 0 {
		t.Error(v)
	}
}

func TestAuditOfAWholeNetwork(t *testing.T) {
	n := start(t, Config{Audit: true})
	n.fault("replay path=key-share prob=0.3", "duplicate path=key-share prob=0.3", "drop=response prob=0.1 path=key-share")
	var pairs sync.WaitGroup
	for range 20 {
		pairs.Go(func() {
			n.sae("sam").GetKey(context.Background(), "sofia", etsi.KeyRequest{Size: 8 * 900, Number: 3})
		})
	}
	pairs.Wait()
	n.idle()
	if v := n.Violations(); len(v) > 0 {
		t.Error(v)
	}
}

func TestWaitIdleWaitsForStragglers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := start(t, Config{})
		n.fault("delay=3s to=hank method=POST")
		before := time.Now()
		n.getKey("sam", "sofia", 256)
		if time.Since(before) >= time.Second {
			t.Errorf("the key took %v", time.Since(before))
		}
		n.idle()
		if took := time.Since(before); took != 3*time.Second {
			t.Errorf("idle after %v", took)
		}
		n.ClearFaults()
		n.stop("hub/hank")
		n.getKey("sam", "sofia", 256)
		n.idle() // although carol keeps trying to reach hank
		n.fault("hang to=helen method=POST")
		n.getKey("sam", "sofia", 256)
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if err := n.WaitIdle(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("idle while a hub hangs: %v", err)
		}
	})
}

func TestExperimentsOverHTTP(t *testing.T) {
	ctx := context.Background()
	n := start(t, Config{Topology: python()})
	r := n.remote()
	if err := errors.Join(r.WaitReady(ctx), r.WaitIdle(ctx)); err != nil {
		t.Fatal(err)
	}
	list, err := r.Events(ctx, 0)
	if err != nil || len(list.Events) != 0 {
		t.Fatalf("%+v, %v", list, err)
	}
	if err := errors.Join(r.AddFault(ctx, "drop to=hub/hank count=1 method=POST"), r.Corrupt(ctx, "hub/helen")); err != nil {
		t.Fatal(err)
	}
	n.keyPair("sam", "sofia", 256)
	n.idle()
	faults, err := r.Faults(ctx)
	if err != nil || len(faults) != 2 || faults[0].String() != "drop to=hub/hank method=POST count=1: fired 1 times" || faults[1].Fired != 1 {
		t.Errorf("%v, %v", faults, err)
	}
	events, err := r.Events(ctx, list.Next)
	if err != nil || len(events.Events) != 5+5 { // shares to the hubs and from the hubs
		t.Errorf("%d events, %v", len(events.Events), err)
	}
	if again, err := r.Events(ctx, events.Next); err != nil || len(again.Events) != 0 || again.Next != events.Next {
		t.Errorf("%+v, %v", again, err)
	}
	for range wire.MaxEvents {
		n.wire.Witness(wire.Message{}, wire.Event{})
	}
	if all, err := r.Events(ctx, list.Next); err != nil || len(all.Events) != 5+5+wire.MaxEvents {
		t.Errorf("%d events, more than come in one answer, %v", len(all.Events), err)
	}
	if err := r.ClearFaults(ctx); err != nil {
		t.Fatal(err)
	}
	if faults, err := r.Faults(ctx); err != nil || len(faults) != 0 {
		t.Errorf("after clear: %v, %v", faults, err)
	}
}

func TestExperimentsOverHTTPRefuse(t *testing.T) {
	n := start(t, Config{})
	for _, test := range []struct {
		method, path, body string
		status             int
		says               string
	}{
		{"POST", "/sim/v1/faults", "nonsense", 400, "Malformed"},
		{"POST", "/sim/v1/faults", `{"spec":"dorp"}`, 400, "dorp"},
		{"POST", "/sim/v1/faults", `{"spec":"drop to=hub/hnak"}`, 400, "there is no node or encryptor hub/hnak"},
		{"GET", "/sim/v1/events?after=x", "", 400, "Malformed"},
		{"PUT", "/sim/v1/nodes/hub/nobody/corrupt", "", 404, "No such node."},
	} {
		status, body := n.do(test.method, test.path, nil, test.body)
		if status != test.status || !strings.Contains(body, test.says) {
			t.Errorf("%s %s: %d %s", test.method, test.path, status, body)
		}
	}
}

func TestFaultsKnowEncryptors(t *testing.T) {
	n := start(t, Config{})
	n.fault("drop from=sae/sam", "drop from=sae/cindy", "drop from=sofia")
	if n.Wire().AddFault("drop from=sae/carol") == nil {
		t.Error("carol is not an encryptor")
	}
}

func TestWaitIdleOfSome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := start(t, Config{})
		n.idle()
		n.fault("delay=1s from=carol")
		n.getKey("sam", "sofia", 256) // carol's messages are delayed
		n.fault("hang from=curtis to=hank")
		n.getKey("sunny", "sam", 256)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := n.WaitIdle(ctx, "connie", "carol"); err != nil {
			t.Error(err)
		}
		if err := n.WaitIdle(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("curtis waits for a hub, and WaitIdle says %v", err)
		}
		n.ClearFaults()
	})
}

// A tap and the observers see the same messages.
func TestNumbersOfMessages(t *testing.T) {
	n := start(t, Config{Topology: python()})
	n.getKey("sam", "sofia", 256) // asks the hubs who sofia is
	n.idle()
	var tapped newsOf[wire.Message]
	var seen newsOf[wire.Event]
	defer n.Wire().Tap(tapped.add)()
	defer n.Wire().Observe(seen.add)()
	n.fault("drop to=hank", "duplicate to=helen")
	n.getKey("sam", "sofia", 256)
	n.idle()
	parties := map[uint64]string{}
	for _, m := range tapped.take() {
		parties[m.Number] = m.To
	}
	events := seen.take()
	for _, e := range events {
		if parties[e.Number] != e.To {
			t.Errorf("%+v: the tap saw a message to %q", e, parties[e.Number])
		}
	}
	if len(parties) != 5 || len(events) != 6 {
		t.Errorf("%d messages, %d events", len(parties), len(events))
	}
}

// An encryptor in the process needs no certificate, even where everybody else does. Faults apply to
// it.
func TestDirect(t *testing.T) {
	dir := certify(t)
	n := start(t, Config{Transport: Loopback, Listen: "127.0.0.1:0", TLS: dir, TLSAll: true})
	sam := n.sae("sam")
	sam.HTTP = &http.Client{Transport: n.Wire().Direct("sae/sam")}
	if _, err := sam.Status(t.Context(), "sofia"); err != nil {
		t.Error(err)
	}
	sam.SAE = "sofia"
	if _, err := sam.Status(t.Context(), "serena"); !errors.Is(err, etsi.ErrUnauthorized) {
		t.Errorf("sofia at carol: %v", err)
	}
	n.fault("status=418 from=sae/sam")
	var refused *etsi.Error
	if _, err := sam.Status(t.Context(), "sofia"); !errors.As(err, &refused) || refused.Status != 418 {
		t.Errorf("with a fault: %v", err)
	}
}
