package sim

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"dske/etsi"
	"dske/node"
	"dske/protocol"
	"dske/sim/fault"
	"dske/sim/topology"
	"dske/sim/wire"
)

// The number of faults is limited, and a further one is refused with an error, until they are
// cleared.
func TestFaultsAreBounded(t *testing.T) {
	n := start(t, Config{})
	add := func() (int, string) {
		return n.do("POST", "/sim/v1/faults", nil, `{"spec": "drop to=hub/hank"}`)
	}
	for i := range fault.MaxFaults {
		if status, body := add(); status != 200 {
			t.Fatalf("fault %d: %d %s", i, status, body)
		}
	}
	if status, body := add(); status != 503 || body != fmt.Sprintf(`{"message":"Too many faults.","details":{"limit":%d}}`, fault.MaxFaults) {
		t.Errorf("%d %s", status, body)
	}
	if err := n.Wire().AddFault("drop to=hub/hank"); err == nil || !strings.Contains(err.Error(), "clear some") {
		t.Error(err)
	}
	n.ClearFaults()
	if status, body := add(); status != 200 {
		t.Errorf("after clearing: %d %s", status, body)
	}
}

// Large keys are made one after the other, however many are requested at once. Small ones do not
// wait for them.
func TestLargeKeysWaitForEachOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		most, now, goOn := 0, 0, make(chan struct{})
		count := func(by int) {
			mu.Lock()
			defer mu.Unlock()
			now += by
			most = max(most, now)
		}
		n := start(t, Config{Topology: python()}, func(ctx context.Context, r *wire.Request, next wire.Deliver) (wire.Response, error) { // the faster suite
			if len(r.Body) < 512<<10 {
				return next(ctx, r)
			}
			count(len(r.Body))
			defer count(-len(r.Body))
			<-goOn
			return next(ctx, r)
		})
		var large sync.WaitGroup
		for range 7 { // one more than there is room for
			large.Go(func() {
				if _, err := n.sae("sam").GetKey(t.Context(), "sofia", etsi.KeyRequest{Size: 4 << 20}); err != nil {
					t.Error(err)
				}
			})
		}
		time.Sleep(time.Second) // large work lets others go first
		n.keyPair("sam", "sofia", 256)
		close(goOn)
		large.Wait()
		if limit := 2 * node.MaxInMaking; most < limit/4 || most > limit { // base64 and metadata
			t.Errorf("%d bytes were under way at once", most)
		}
	})
}

// A lazy network reports how many keys can be had, although nothing is in the pools yet: otherwise
// an encryptor that waits for keys before it asks for one would wait forever. All reported keys can
// be had.
func TestLazyNetworksHaveKeys(t *testing.T) {
	for _, suite := range []string{protocol.SuitePython, protocol.SuiteITS} {
		top := topology.Reference()
		top.Suite, top.PSRD.Lazy = suite, true
		n := start(t, Config{Topology: top})
		status, err := n.sae("sam").Status(t.Context(), "sofia")
		if err != nil || status.StoredKeyCount < 200 {
			t.Fatalf("%s: %+v, %v", suite, status, err)
		}
		for left := status.StoredKeyCount; left > 0; left -= etsi.MaxKeyPerRequest {
			if _, err := n.sae("sam").GetKey(t.Context(), "sofia", etsi.KeyRequest{Number: min(left, etsi.MaxKeyPerRequest)}); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// The maximum number of keys in a status is the number of shares that hubs keep.
func TestMaxKeyCountIsKept(t *testing.T) {
	if etsi.MaxKeyCount != protocol.MaxSharesWaiting {
		t.Errorf("encryptors are told %d keys, and hubs keep %d shares", etsi.MaxKeyCount, protocol.MaxSharesWaiting)
	}
}
