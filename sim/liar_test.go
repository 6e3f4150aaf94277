package sim

import (
	"context"
	"slices"
	"sync"
	"testing"

	"github.com/google/uuid"

	"dske/etsi"
	"dske/protocol"
	"dske/sim/topology"
)

// A hub that lies alters every share that it hands out, alone or with others, also while its PSRD
// is being replaced, in a way that no signature shows. The keys are still made.
func TestLiesAreCounted(t *testing.T) {
	for _, suite := range protocol.Suites {
		top := topology.Reference()
		top.Suite = suite.Name()
		top.PSRD.BlockSize, top.PSRD.LowWater, top.PSRD.HighWater = 2048, 1024, 2048
		n := start(t, Config{Topology: top, Audit: true})
		if err := n.Corrupt("hub/hank"); err != nil {
			t.Fatal(err)
		}
		for range 4 {
			n.lieInBatches(1, 3, 1, 5, 2, 1)
		}
		n.idle()
		fired := n.Faults()[0].Fired
		snapshot := n.Snapshot()
		if handed := snapshot.Hubs[0].SharesHandedOut; handed == 0 || int64(fired) != handed {
			t.Errorf("%s: %d lies, and %d shares handed out", suite.Name(), fired, handed)
		}
		for _, c := range snapshot.Clients {
			if c.FailedVerifications > 0 {
				t.Errorf("%s: %s has seen %d wrong signatures", suite.Name(), c.Name, c.FailedVerifications)
			}
			if c.Name == "connie" && c.SharesAtOdds == 0 {
				t.Errorf("%s: nobody noticed the lies", suite.Name())
			}
		}
		if v := n.Violations(); len(v) > 0 {
			t.Errorf("%s: %v", suite.Name(), v)
		}
	}
}

// lieInBatches makes keys, each number of them in one request, and fetches them, with all requests
// at once. It fails the test if any two ends of a key differ.
func (n *testNetwork) lieInBatches(numbers ...int) {
	made := make([][]etsi.Key, len(numbers))
	var requests sync.WaitGroup
	for i, number := range numbers {
		requests.Go(func() {
			var err error
			if made[i], err = n.sae("sam").GetKey(context.Background(), "sofia", etsi.KeyRequest{Number: number}); err != nil {
				n.Error(err)
			}
		})
	}
	requests.Wait()
	n.idle() // all hubs have their shares
	for _, keys := range made {
		requests.Go(func() {
			var ids []uuid.UUID
			for _, k := range keys {
				ids = append(ids, k.ID)
			}
			fetched, err := n.sae("sofia").GetKeyWithKeyIDs(context.Background(), "sam", ids...)
			if err != nil || !slices.EqualFunc(keys, fetched, etsi.Key.Equal) {
				n.Errorf("%d keys, %d fetched, %v", len(keys), len(fetched), err)
			}
		})
	}
	requests.Wait()
}
