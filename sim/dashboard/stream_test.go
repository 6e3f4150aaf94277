package dashboard

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"dske/etsi"
	"dske/node"
	"dske/sim"
	"dske/sim/wire"
)

// follower reads a stream.
type follower struct {
	testing.TB
	lines  *bufio.Reader
	cancel context.CancelFunc
}

// follow opens the stream of a network until the test ends.
func follow(t testing.TB, n *sim.Network) *follower {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	request, err := http.NewRequestWithContext(ctx, "GET", n.URL()+pathStream, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := remote(t, n).HTTP.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { response.Body.Close() })
	if response.StatusCode != 200 || response.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("%s, %v", response.Status, response.Header)
	}
	return &follower{t, bufio.NewReader(response.Body), cancel}
}

// next returns the content of the next event of a name.
func (f *follower) next(name string) string {
	f.Helper()
	for found := ""; ; {
		line, err := f.lines.ReadString('\n')
		if err != nil {
			f.Fatal(err)
		}
		if event, ok := strings.CutPrefix(line, "event: "); ok {
			found = strings.TrimSpace(event)
		}
		if data, ok := strings.CutPrefix(line, "data: "); ok && found == name {
			return data
		}
	}
}

func decode[T any](t testing.TB, text string) (value T) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return value
}

// sae returns an encryptor in the process.
func sae(n *sim.Network, name, client string) *etsi.Client {
	return &etsi.Client{URL: n.URL() + node.Prefix(node.KindClient, client) + "/etsi", SAE: name, HTTP: &http.Client{Transport: n.Wire().Direct("sae/" + name)}}
}

// makeAndFetch makes a key for sam and fetches it for sofia.
func makeAndFetch(n *sim.Network) error {
	keys, err := sae(n, "sam", "carol").GetKey(context.Background(), "sofia", etsi.KeyRequest{})
	if err == nil {
		_, err = sae(n, "sofia", "connie").GetKeyWithKeyIDs(context.Background(), "sam", keys[0].ID)
	}
	return err
}

func keyPair(t testing.TB, n *sim.Network) {
	t.Helper()
	if err := makeAndFetch(n); err != nil {
		t.Fatal(err)
	}
}

func TestStream(t *testing.T) {
	n := start(t, sim.Config{})
	keyPair(t, n) // before anybody looks
	f := follow(t, n)
	told := decode[introduction](t, f.next("network"))
	if len(told.Hubs) != 5 || told.Clients[0].Encryptors[0] != "sam" || told.PSRD.HighWater != 16384 || len(told.FaultHelp) < 5 {
		t.Errorf("%+v", told)
	}
	first := decode[state](t, f.next("state"))
	if fmt.Sprint(first.Hubs) != "[true true true true true]" || len(first.Levels) != 5 || len(first.Levels[0]) != 5 || first.Levels[0][0] < 1 ||
		first.KeysMade != 1 || first.KeysDelivered != 1 || first.MadeRate != 0 || first.Making.Count != 0 {
		t.Errorf("%+v", first)
	}
	if err := n.Stop(t.Context(), "hub/helen"); err != nil {
		t.Fatal(err)
	}
	if err := n.Wire().AddFault("drop to=hugo"); err != nil {
		t.Fatal(err)
	}
	keyPair(t, n)
	batch := decode[traffic](t, f.next("traffic"))
	if len(batch.Events) == 0 || batch.Events[0].Number == 0 || batch.Events[0].Start.IsZero() {
		t.Errorf("%+v", batch)
	}
	second := decode[state](t, f.next("state"))
	for second.KeysDelivered < 2 {
		second = decode[state](t, f.next("state"))
	}
	if second.Hubs[1] || !second.Hubs[0] || len(second.Faults) != 1 || second.MadeRate <= 0 || second.MadeRate > 1.5 ||
		second.Making.Count != 1 || second.Fetching.P99 <= 0 || second.Making.P50 != second.Making.P99 {
		t.Errorf("%+v", second)
	}
	if third := decode[state](t, f.next("state")); third.Levels != nil && fmt.Sprint(third.Levels) == fmt.Sprint(second.Levels) {
		t.Error("levels are told again, unchanged")
	}
}

// A batch tells no more than its share one by one.
func TestBusyNetwork(t *testing.T) {
	f := &feed{}
	for i := range 3 * maxEvents {
		f.message(wire.Event{Status: 200 + i%2})
	}
	batch := f.take()
	if len(batch.Events) != maxEvents || batch.More != 2*maxEvents || batch.Failed != maxEvents {
		t.Errorf("%d events, %d more, of which %d failed", len(batch.Events), batch.More, batch.Failed)
	}
	if batch = f.take(); len(batch.Events)+batch.More != 0 {
		t.Errorf("%+v is told twice", batch)
	}
}

func TestPercentiles(t *testing.T) {
	var all times
	if p := all.percentiles(); p != (percentiles{}) {
		t.Errorf("of nothing: %+v", p)
	}
	for i := range 5 * maxTimes { // the last ones are 4001 to 5000 ms, in no order
		all.add(time.Duration(i*7%maxTimes+1+i/maxTimes*maxTimes) * time.Millisecond)
	}
	if want := (percentiles{maxTimes, 4500, 4950, 4990}); all.percentiles() != want {
		t.Errorf("got %+v, want %+v", all.percentiles(), want)
	}
}

// A page that is closed is told nothing more.
func TestFeedStops(t *testing.T) {
	n := start(t, sim.Config{})
	f := newFeed(n)
	keyPair(t, n)
	if batch := f.take(); len(batch.Events) < 6 {
		t.Errorf("%+v", batch)
	}
	f.stop()
	f.take()
	before, _ := f.latencies()
	keyPair(t, n)
	if after, _ := f.latencies(); len(f.take().Events) != 0 || after.Count != before.Count || before.Count != 1 {
		t.Errorf("%d requests, then %d", before.Count, after.Count)
	}
}

// The stream ends with the page, and with the network, which does not wait for its pages.
func TestStreamEnds(t *testing.T) {
	var open *follower
	t.Run("network", func(inner *testing.T) { // runs as long as this
		n := start(inner, sim.Config{})
		closed := follow(inner, n)
		closed.next("state")
		closed.cancel()
		if _, err := closed.lines.ReadString(0); err == nil {
			t.Error("the stream goes on")
		}
		open = follow(t, n)
		open.next("state")
	})
	if _, err := open.lines.ReadString(0); err == nil {
		t.Error("the stream goes on without a network")
	}
}
