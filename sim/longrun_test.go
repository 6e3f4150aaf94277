package sim

import (
	"encoding/json"
	"flag"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"dske/etsi"
	"dske/node"
	"dske/node/client"
	"dske/node/hub"
	"dske/sim/bench"
	"dske/sim/topology"
)

var (
	longPairs = flag.Int("pairs", 1300, "key pairs that TestLongRun makes")
	longLoss  = flag.String("loss", "0", "chance of a message's being lost in TestLongRun")
)

// A network is the same after many keys as after a tenth of them: it uses no more memory, and
// used-up blocks are gone at both ends. For an hour's worth of keys:
//
//	go test ./sim -run LongRun -v -timeout 1h -args -pairs 1000000
func TestLongRun(t *testing.T) {
	top, err := topology.Generate(topology.Sizes{Hubs: 3, Clients: 3}) // each soon remembers as much as it ever will
	if err != nil {
		t.Fatal(err)
	}
	n := start(t, Config{Topology: top, ShareTTL: 10 * time.Second})
	if *longLoss != "0" {
		if err := n.Wire().AddFault("drop prob=" + *longLoss); err != nil {
			t.Fatal(err)
		}
	}
	var early int64
	for tenth := 1; tenth <= 10; tenth++ {
		before := bench.Used()
		failures := n.makePairs(*longPairs / 10)
		perPair := bench.Used().Minus(before).CPU / time.Duration(max(1, *longPairs/10))
		if err := n.WaitIdle(t.Context()); err != nil {
			t.Fatal(err)
		}
		memory := memoryInUse()
		t.Logf("%d key pairs, %d failed: %v of CPU each, %.1f MB, at most %d blocks in a pool",
			tenth**longPairs/10, failures, perPair, float64(memory)/1e6, n.mostBlocks())
		if tenth <= 3 { // by now hubs remember as many answers as they ever will
			early = max(early, memory)
		}
		if *longLoss == "0" && (failures > 0 || memory > early+4<<20 || n.mostBlocks() > 2) {
			t.Errorf("after %d key pairs: %d failures, %d bytes in use instead of %d, %d blocks in a pool",
				tenth**longPairs/10, failures, memory, early, n.mostBlocks())
		}
	}
}

// makePairs makes key pairs for all encryptors, 16 at once, and returns the number of failures.
func (n *testNetwork) makePairs(number int) int64 {
	saes := n.Overview().Encryptors()
	var next, failed atomic.Int64
	var workers sync.WaitGroup
	for range 16 {
		workers.Go(func() {
			for i := int(next.Add(1)); i <= number; i = int(next.Add(1)) {
				if n.tryPair(saes[i%len(saes)], saes[(i+1)%len(saes)]) != nil {
					failed.Add(1)
				}
			}
		})
	}
	workers.Wait()
	return failed.Load()
}

// tryPair makes a key and fetches it.
func (n *testNetwork) tryPair(master, slave string) error {
	keys, err := n.sae(master).GetKey(n.Context(), slave, etsi.KeyRequest{})
	if err == nil {
		_, err = n.sae(slave).GetKeyWithKeyIDs(n.Context(), master, keys[0].ID)
	}
	return err
}

// mostBlocks returns the largest number of blocks in a pool, at either end.
func (n *testNetwork) mostBlocks() (most int) {
	count := func(pools ...node.PoolStatus) {
		for _, pool := range pools {
			most = max(most, len(pool.Blocks))
		}
	}
	for _, name := range n.Overview().Nodes() {
		_, body := n.do("GET", "/"+name+"/mgmt/v1/status", nil, "")
		var h hub.Inspection
		var c client.Inspection
		json.Unmarshal([]byte(body), &h)
		json.Unmarshal([]byte(body), &c)
		for _, p := range h.PeerClients {
			count(p.LocalPool, p.PeerPool)
		}
		for _, p := range c.PeerHubs {
			count(p.LocalPool, p.PeerPool)
		}
	}
	return most
}

// Bytes of a block that lost messages leave behind are given up, at either end, once later blocks
// are in use.
func TestLostMessagesLeaveNoBlocks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		top := python() // the other suite repeats a lost message
		top.PSRD = topology.PSRD{BlockSize: 1024, LowWater: 512, HighWater: 1024}
		n := start(t, Config{Topology: top})
		if err := n.Wire().AddFault("drop prob=0.05"); err != nil {
			t.Fatal(err)
		}
		n.makePairs(300)
		if most := n.mostBlocks(); most < 5 {
			t.Errorf("only %d blocks in a pool: there is nothing to give up", most)
		}
		n.ClearFaults()
		n.makePairs(20)
		time.Sleep(3 * time.Minute)
		if most := n.mostBlocks(); most > 3 {
			t.Errorf("%d blocks in a pool after three minutes", most)
		}
	})
}
