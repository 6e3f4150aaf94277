package dashboard

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"dske/etsi"
	"dske/node"
	"dske/sim"
	"dske/sim/exchange"
	"dske/sim/simtest"
	"dske/sim/topology"
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
	return followURL(t, remote(t, n))
}

// followURL opens the stream at an address.
func followURL(t testing.TB, at sim.Remote) *follower {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	request, err := http.NewRequestWithContext(ctx, "GET", at.URL+pathStream, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := at.HTTP.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { response.Body.Close() })
	if response.StatusCode != 200 || response.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("%s, %v", response.Status, response.Header)
	}
	return &follower{t, bufio.NewReader(response.Body), cancel}
}

// next returns the content of the next event with a name.
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

// sae returns the ETSI client of an encryptor in the process.
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
	keyPair(t, n) // before anybody watches
	f := follow(t, n)
	told := decode[introduction](t, f.next("introduction"))
	if len(told.Hubs) != 5 || told.Clients[0].Encryptors[0] != "sam" || told.PSRD.HighWater != 16384 || len(told.FaultHelp) < 5 || told.Viewer || told.Network == "" {
		t.Errorf("%+v", told)
	}
	stock := decode[levels](t, f.next("levels"))
	if stock.Columns != 5 || stock.Bin != 1 || len(stock.Rows) != 5 || stock.Rows[0] != "33333" || stock.Counts.High != 25 || *stock.Cells[0][0] < 1 {
		t.Errorf("%+v", stock)
	}
	first := decode[state](t, f.next("state"))
	if first.Hubs != "11111" || first.Clients != "22222" || first.KeysMade != 1 || first.KeysDelivered != 1 || first.MadeRate != 0 || first.Making.Count != 0 || first.Median < 16000 {
		t.Errorf("%+v", first)
	}
	if err := n.Stop(t.Context(), "hub/helen"); err != nil {
		t.Fatal(err)
	}
	if err := n.Corrupt("hub/hank"); err != nil {
		t.Fatal(err)
	}
	if err := n.Wire().AddFault("delay=1ms to=hugo"); err != nil {
		t.Fatal(err)
	}
	keyPair(t, n)
	batch := decode[traffic](t, f.next("traffic"))
	if len(batch.Events) == 0 || batch.Events[0].Number == 0 || batch.Events[0].Start.IsZero() || batch.Events[0].Kind == "" {
		t.Errorf("%+v", batch)
	}
	second := decode[state](t, f.next("state"))
	for second.KeysDelivered < 2 || second.MadeRate == 0 { // needs at least a second
		second = decode[state](t, f.next("state"))
	}
	if second.Hubs != "10111" || fmt.Sprint(second.Lies) != "[hank]" || len(second.Faults) != 2 || second.MadeRate <= 0 || second.MadeRate > 1.5 ||
		second.Making.Count != 1 || second.Fetching.P99 <= 0 || second.Making.P50 != second.Making.P99 {
		t.Errorf("%+v", second)
	}
}

// A key of encryptors is reported as an exchange: first while it waits, and then when it was
// fetched.
func TestExchangesOfOthers(t *testing.T) {
	n := start(t, sim.Config{})
	f := follow(t, n)
	f.next("state")
	keys, err := sae(n, "sam", "carol").GetKey(t.Context(), "sofia", etsi.KeyRequest{})
	if err != nil {
		t.Fatal(err)
	}
	waiting := decode[exchange.Kept](t, f.next("exchange"))
	if waiting.Outcome.Kind != exchange.Waiting || waiting.Master.KeyID != keys[0].ID.String() || waiting.Origin != "outside" {
		t.Errorf("%+v", waiting)
	}
	if _, err := sae(n, "sofia", "connie").GetKeyWithKeyIDs(t.Context(), "sam", keys[0].ID); err != nil {
		t.Fatal(err)
	}
	made := decode[exchange.Kept](t, f.next("exchange"))
	for made.Outcome.Kind == exchange.Waiting || len(made.Events) < 12 {
		made = decode[exchange.Kept](t, f.next("exchange"))
	}
	if made.ID != waiting.ID || made.Outcome.Kind != exchange.Made || made.Slave.Fingerprint != made.Master.Fingerprint || made.Slave.Fingerprint == "" || len(made.Outcome.Used) != 3 {
		t.Errorf("%+v", made)
	}
	for _, e := range made.Events {
		if (e.Kind == wire.KindShare || e.Kind == wire.KindFetch) && (e.Cause == 0 || e.Share == 0 || e.Verified == nil || !*e.Verified || e.Exchange != made.ID) {
			t.Errorf("%+v %+v", e, e.About)
		}
	}
}

// A network of 16 by 10,000 is shown in 250 columns: rows of digits, and only those that have
// changed.
func TestMatrix(t *testing.T) {
	top := simtest.Generate(t, topology.Sizes{Hubs: 16, Clients: 10_000})
	o := sim.Overview{PSRD: topology.PSRD{LowWater: 4096, HighWater: 16384}}
	var s sim.Snapshot
	for _, h := range top.Hubs {
		o.Hubs, s.Hubs = append(o.Hubs, sim.HubOverview{Name: h.Name}), append(s.Hubs, sim.HubSnapshot{})
	}
	for _, c := range top.Clients {
		o.Clients = append(o.Clients, sim.ClientOverview{Name: c.Name, Hubs: c.Hubs})
		s.Clients = append(s.Clients, sim.ClientSnapshot{NodeSnapshot: sim.NodeSnapshot{Name: c.Name}, Levels: slices.Repeat([]int{16384}, 16)})
	}
	m := newMatrix(o, 250)
	first, all := m.next(s, nil)
	if first.Columns != 250 || first.Bin != 40 || len(first.Rows) != 16 || first.Rows[3] != strings.Repeat("3", 250) || first.Counts.High != 160_000 || first.Cells != nil || len(all) != 160_000 {
		t.Errorf("%d columns of %d, %d rows, %+v", first.Columns, first.Bin, len(first.Rows), first.Counts)
	}
	s.Clients[41].Levels[3] = 5000
	s.Clients[42].Levels[3], s.Clients[42].Levels[4] = -1, 100
	second, _ := m.next(s, nil)
	if len(second.Rows) != 2 || second.Rows[3][:3] != "303" || second.Rows[4][:3] != "313" || second.Counts != (counts{None: 1, Low: 1, Mid: 1, High: 159_997}) {
		t.Errorf("%+v", second)
	}
	third, _ := m.next(s, nil)
	if len(third.Rows) != 0 || !third.same(second) {
		t.Errorf("%+v", third)
	}
	fourth, _ := m.next(s, map[association]bool{{"client/client43", "hub/hub4"}: true, {"client/client1", "hub/hub1"}: true})
	if fourth.Counts.Failing != 1 || fmt.Sprint(fourth.Failing) != "[[3 42]]" || fourth.same(third) {
		t.Errorf("%+v", fourth)
	}
	if text, _ := json.Marshal(first); len(text) > 60_000 {
		t.Errorf("all of it takes %d bytes", len(text))
	}
}

func testLevels(t *testing.T, n *sim.Network) {
	if part := decode[cells](t, get(n, "GET", pathLevels+"?from=1&to=3", "").Body.String()); len(part.Cells) != 5 || len(part.Cells[0]) != 2 || *part.Cells[4][1] < 16000 {
		t.Errorf("%+v", part)
	}
	for _, query := range []string{"", "?from=0", "?from=3&to=3", "?from=-1&to=2", "?from=0&to=6", "?from=x&to=y"} {
		if w := get(n, "GET", pathLevels+query, ""); w.Code != http.StatusBadRequest {
			t.Errorf("%s: %d", query, w.Code)
		}
	}
}

// A viewer's page knows that it is one, and can change and reveal nothing.
func TestViewers(t *testing.T) {
	n := start(t, sim.Config{Viewers: "127.0.0.1:0"})
	viewers := remote(t, n)
	viewers.URL = n.ViewersURL()
	f := followURL(t, viewers)
	if told := decode[introduction](t, f.next("introduction")); !told.Viewer || len(told.Hubs) != 5 {
		t.Errorf("%+v", told)
	}
	for _, request := range [][2]string{
		{"POST", exchange.Path}, {"POST", exchange.Path + "/x/values"}, {"POST", "/sim/v1/nodes/hub/hank/stop"}, {"PUT", "/sim/v1/attack"}, {"POST", "/sim/v1/faults"},
		{"GET", "/client/carol/etsi/api/v1/keys/sofia/enc_keys"}, {"GET", "/hub/hank/mgmt/v1/status"},
	} {
		r, err := http.NewRequest(request[0], viewers.URL+request[1], nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := viewers.HTTP.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != http.StatusForbidden {
			t.Errorf("%v: %s", request, response.Status)
		}
	}
}

// However many viewers there are, the operator's page finds a place, and vice versa.
func TestPlaces(t *testing.T) {
	n := start(t, sim.Config{Viewers: "127.0.0.1:0"})
	operator := remote(t, n)
	viewers := operator
	viewers.URL = n.ViewersURL()
	for _, at := range []struct {
		sim.Remote
		places int
	}{{viewers, node.MaxViewers}, {operator, node.MaxReaders}} {
		for range at.places {
			followURL(t, at.Remote)
		}
		response, err := at.HTTP.Get(at.URL + pathStream)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != http.StatusServiceUnavailable {
			t.Errorf("with %d pages: %s", at.places, response.Status)
		}
	}
}

// A batch reports only its share of events one by one, and a refused encryptor is not lost among
// them.
func TestBusyNetwork(t *testing.T) {
	f := &feed{}
	for i := range 3 * maxEvents {
		f.message(wire.Event{Status: 200 + i%2})
	}
	refused := wire.Event{Status: 401, Kind: wire.KindEncryptor}
	for range maxEvents + 1 {
		f.message(refused)
	}
	batch, _ := f.take()
	if len(batch.Events) != 2*maxEvents || batch.Events[maxEvents].Status != refused.Status || batch.More != 2*maxEvents+1 || batch.Failed != maxEvents+1 {
		t.Errorf("%d events, %d more, of which %d failed", len(batch.Events), batch.More, batch.Failed)
	}
	if batch, _ = f.take(); len(batch.Events)+batch.More != 0 {
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

// A closed page receives nothing more.
func TestFeedStops(t *testing.T) {
	n := start(t, sim.Config{})
	f := newFeed(n, exchange.NewBook(n))
	keyPair(t, n)
	if err := n.WaitIdle(t.Context()); err != nil { // the hubs that the key did not need have answered, too
		t.Fatal(err)
	}
	if batch, _ := f.take(); len(batch.Events) < 6 {
		t.Errorf("%+v", batch)
	}
	f.stop()
	f.take()
	before, _ := f.latencies()
	keyPair(t, n)
	batch, _ := f.take()
	if after, _ := f.latencies(); len(batch.Events) != 0 || after.Count != before.Count || before.Count != 1 {
		t.Errorf("%d requests, then %d", before.Count, after.Count)
	}
}

// The stream ends with the page and with the network, which does not wait for its pages.
func TestStreamEnds(t *testing.T) {
	var open *follower
	t.Run("network", func(inner *testing.T) { // lives as long as this subtest
		n := start(inner, sim.Config{})
		closed := follow(inner, n)
		closed.next("state")
		closed.cancel()
		if _, err := closed.lines.ReadString(0); err == nil {
			t.Error("the stream continues")
		}
		open = follow(t, n)
		open.next("state")
	})
	if _, err := open.lines.ReadString(0); err == nil {
		t.Error("the stream continues without a network")
	}
}
