package client

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"dske/etsi"
	"dske/node/hub"
	"dske/protocol"
	"dske/sim/adversary"
)

var forgeries = flag.Int("forgeries", 10_000, "number of forged errors that TestForgedErrors sends")

// crowd is a network of many hubs, whose answers to requests for shares arrive in an order that a
// test draws.
type crowd struct {
	*world
	threshold int

	mu    sync.Mutex
	rank  map[string]int // of a hub's answers
	count int            // answers so far
	turn  *sync.Cond
}

// newCrowd returns a network of hubs, the first of which lie.
func newCrowd(t testing.TB, hubs, threshold, liars int) *crowd {
	w := &world{TB: t, suite: protocol.ITS, hubs: map[string]*hub.Hub{}, instead: map[string]http.Handler{}}
	c := &crowd{world: w, threshold: threshold, rank: map[string]int{}}
	c.turn = sync.NewCond(&c.mu)
	for i := range hubs {
		name := fmt.Sprint("hub", i)
		h, err := hub.New(hub.Config{Name: name, Number: i, Suite: protocol.ITS, Directory: everybody})
		if err != nil {
			t.Fatal(err)
		}
		w.hubs[name] = h
		if i < liars {
			liar := adversary.NewLiar(name, protocol.ITS)
			liar.Start()
			w.instead[name] = liar.Around(h.Handler(), "/hub/"+name, h.LeakBlocks)
		}
	}
	return c
}

func (c *crowd) join(name, encryptor string) *Client {
	c.Helper()
	config := c.config(name, encryptor)
	config.Hubs, config.Threshold = nil, c.threshold
	for i := range len(c.hubs) {
		hub := fmt.Sprint("hub", i)
		config.Hubs = append(config.Hubs, Hub{Name: hub, URL: "http://memory/hub/" + hub, Number: i})
	}
	return c.ready(config)
}

// answerInOrder makes the answers of the hubs to requests for shares arrive in this order.
func (c *crowd) answerInOrder(order []int) {
	c.mu.Lock()
	for rank, hub := range order {
		c.rank[fmt.Sprint("hub", hub)] = rank
	}
	c.count = 0
	c.mu.Unlock()
	c.onTheWire(func(r *http.Request, next roundTrip) (*http.Response, error) {
		response, err := next(r)
		if r.Method == "GET" && strings.Contains(r.URL.Path, protocol.PathKeyShare) {
			c.mu.Lock()
			for c.rank[hubOf(r)] != c.count {
				c.turn.Wait()
			}
			c.count++
			c.turn.Broadcast()
			c.mu.Unlock()
		}
		return response, err
	})
}

// makeKeys makes keys of 32 bytes.
func makeKeys(t testing.TB, carol *Client, number int) []etsi.Key {
	t.Helper()
	keys, err := carol.GetKey(context.Background(), "sam", "sofia", etsi.KeyRequest{Number: number, Size: 256})
	if err != nil {
		t.Fatal(err)
	}
	if err := carol.WaitIdle(context.Background()); err != nil { // wait until all hubs have the shares
		t.Fatal(err)
	}
	return keys
}

// wantKeys fetches keys. It returns how long that took, once all hubs have answered.
func wantKeys(t testing.TB, connie *Client, keys []etsi.Key) time.Duration {
	t.Helper()
	var ids []uuid.UUID
	for _, k := range keys {
		ids = append(ids, k.ID)
	}
	start, computed := time.Now(), cpuTime()
	got, err := connie.GetKeyWithKeyIDs(context.Background(), "sofia", "sam", ids)
	took := min(time.Since(start), cpuTime()-computed) // others may keep the processors busy
	if err != nil || !slices.EqualFunc(got, keys, func(a, b etsi.Key) bool { return bytes.Equal(a.Key.Reveal(), b.Key.Reveal()) }) {
		t.Fatalf("%d keys: %v", len(got), err)
	}
	if err := connie.WaitIdle(context.Background()); err != nil {
		t.Fatal(err)
	}
	return took
}

// wantSoon fails the test unless one of three measurements is below the limit; the machine may be
// busy.
func wantSoon(t testing.TB, limit time.Duration, measure func() time.Duration) time.Duration {
	t.Helper()
	best := measure()
	if underRace {
		return best
	}
	for range 2 {
		if best >= limit {
			best = min(best, measure())
		}
	}
	if best >= limit {
		t.Errorf("it takes %v, want less than %v", best, limit)
	}
	return best
}

// As many liars as the suite tolerates cost a key hardly any time, whatever the order in which the
// hubs answer, even before the liars are known.
func TestLiarsInEveryOrder(t *testing.T) {
	orders := 12
	if underRace {
		orders = 2 // each takes many times as long
	}
	for _, n := range []struct{ hubs, threshold, liars int }{{16, 9, 7}, {5, 3, 2}} {
		var worst time.Duration
		for seed := range orders {
			c := newCrowd(t, n.hubs, n.threshold, n.liars)
			carol, connie := c.join("carol", "sam"), c.join("connie", "sofia")
			order := rand.New(rand.NewPCG(uint64(seed), 1)).Perm(n.hubs)
			if seed == 0 { // the liars first
				slices.Sort(order)
			}
			worst = max(worst, wantSoon(t, 200*time.Millisecond, func() time.Duration {
				c.onTheWire(nil)
				connie.setSuspects("sam", nil)
				keys := makeKeys(t, carol, 1)
				c.answerInOrder(order)
				return wantKeys(t, connie, keys)
			}))
		}
		t.Logf("%d liars of %d hubs, threshold %d: %v at worst", n.liars, n.hubs, n.threshold, worst)
	}
}

func TestManyKeysAndTwoLiars(t *testing.T) {
	c := newCrowd(t, 5, 3, 2)
	carol, connie := c.join("carol", "sam"), c.join("connie", "sofia")
	took := wantSoon(t, time.Second, func() time.Duration {
		c.onTheWire(nil)
		keys := makeKeys(t, carol, 128)
		c.answerInOrder([]int{0, 1, 2, 3, 4})
		return wantKeys(t, connie, keys)
	})
	t.Logf("128 keys took %v", took)
}

// TestForgedErrors answers messages with errors that no hub has sent. Whatever they say, the client
// spends only the PSRD that it signed with, fetches only what it has used, and keeps its sessions.
func TestForgedErrors(t *testing.T) {
	errorsSaid := []struct {
		status  int
		message string
	}{
		{503, `{"message":"Out of pre-shared random data.","details":{"pool_owner":"hub","needed":4000000,"available":0,"purpose":"pad"}}`},
		{403, `{"message":"Client is not registered.","details":{}}`},
		{404, `{"message":"Unknown block.","details":{}}`},
		{404, `{"message":"Unknown key ID.","details":{}}`},
		{404, `{"message":"Unknown path.","details":{}}`},
		{400, `{"message":"Message of another suite.","details":{}}`},
		{401, `{"message":"Signature is missing or wrong.","details":{}}`},
		{409, `{"message":"Already used.","details":{}}`},
		{200, `{}`},
		{500, `nonsense`},
	}
	w := newWorldOf(t, protocol.ITS)
	carol := w.ready(w.config("carol", "sam"))
	before := w.supplied()
	var mu sync.Mutex
	forged, asked := 0, 0
	w.onTheWire(func(r *http.Request, next roundTrip) (*http.Response, error) {
		mu.Lock()
		defer mu.Unlock()
		if !strings.Contains(r.URL.Path, protocol.PathKeyShare) {
			if r.Method == "GET" && strings.Contains(r.URL.Path, protocol.PathRegistration) {
				asked++
			}
			return next(r)
		}
		e := errorsSaid[forged%len(errorsSaid)]
		forged++
		recorder := httptest.NewRecorder()
		recorder.WriteHeader(e.status)
		recorder.WriteString(e.message)
		return recorder.Result(), nil
	})
	m := protocol.GetShares{MasterSAE: "sofia", SlaveSAE: "sam", KeyIDs: protocol.KeyIDs{uuid.New()}}
	for sent := 0; forged < *forgeries; sent++ {
		carol.hubs[sent%len(carol.hubs)].Get(t.Context(), m, func(_ uuid.UUID, _ protocol.Share, err error) {
			if err == nil || isUnknown(err) || isDenied(err) {
				t.Fatalf("a forged error is believed: %v", err)
			}
		})
	}
	w.onTheWire(nil)
	if err := carol.WaitIdle(t.Context()); err != nil {
		t.Fatal(err)
	}
	after := w.supplied()
	for hub, blocks := range after {
		if blocks.hub != before[hub].hub || blocks.pads != before[hub].pads {
			t.Errorf("%s has %+v bytes, and had %+v", hub, blocks, before[hub])
		}
	}
	t.Logf("%d forged errors, %d questions out of band", forged, asked)
}

// stock is the unused PSRD of carol that a hub holds, in bytes.
type stock struct{ pads, hub int }

func (w *world) supplied() map[string]stock {
	all := map[string]stock{}
	for name, h := range w.hubs {
		for _, p := range h.Inspect().PeerClients {
			all[name] = stock{pads: p.PeerPool.Unused(), hub: p.LocalPool.Unused() + p.LocalKeyPool.Unused()}
		}
	}
	return all
}

// A search that ran out of time continues with the next request, even when all hubs have answered.
func TestSearchGoesOnWithTheNextRequest(t *testing.T) {
	c := newCrowd(t, 16, 9, 7)
	carol := c.join("carol", "sam")
	config := carol.config
	config.Name, config.Encryptors, config.Token = "connie", []string{"sofia"}, "token of connie"
	config.RequestTimeout = 50 * time.Millisecond
	connie := c.ready(config)
	made := makeKeys(t, carol, 1)
	for i := range connie.hubs { // one at a time, the liars first, each too late for a search
		c.onTheWire(func(r *http.Request, next roundTrip) (*http.Response, error) {
			if hubOf(r) != fmt.Sprint("hub", i) {
				return stopped()
			}
			return next(r)
		})
		if _, err := fetch(connie, "sofia", "sam", made[0].ID); err == nil {
			return // on a machine this fast there is nothing to test
		}
	}
	c.onTheWire(func(*http.Request, roundTrip) (*http.Response, error) { return stopped() })
	end := time.Now().Add(20 * time.Second)
	for {
		key, err := fetch(connie, "sofia", "sam", made[0].ID)
		if err == nil && bytes.Equal(key, made[0].Key.Reveal()) {
			return
		}
		if err == nil || time.Now().After(end) {
			t.Fatalf("the key is %x, %v", key, err)
		}
	}
}
