package sim

import (
	"bytes"
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
	"testing"
	"time"

	"github.com/google/uuid"

	"dske/etsi"
	"dske/protocol"
	"dske/sim/topology"
)

// A key pair is made at one client and fetched at another: one at a time, and 16 at once, which
// shows the rate.
func BenchmarkKeyPair(b *testing.B) {
	for _, suite := range []string{protocol.SuitePython, protocol.SuiteITS} {
		for _, config := range []Config{{Transport: Memory}, {Transport: Loopback, Listen: "127.0.0.1:0"}} {
			config.Topology = topology.Reference()
			config.Topology.Suite = suite
			b.Run(suite+"/"+config.Transport, func(b *testing.B) { benchmarkKeyPair(b, config) })
		}
	}
}

func benchmarkKeyPair(b *testing.B, config Config) {
	n := start(b, config)
	sam, sofia := n.sae("sam"), n.sae("sofia")
	for _, atOnce := range []int{1, 16} {
		b.Run(fmt.Sprint(atOnce), func(b *testing.B) {
			b.ReportAllocs()
			b.SetParallelism((atOnce + runtime.GOMAXPROCS(0) - 1) / runtime.GOMAXPROCS(0))
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					makePair(b, sam, sofia)
				}
			})
		})
	}
}

// copies is how often the bytes of a key pass from one buffer into another for a pair of keys with
// five hubs. Each hub needs 17 for the way there, and as much for the way back: a block of PSRD is
// made, written as base64 (4/3), carried (4/3), read, and put into a pool at either end, 6 2/3; the
// pad is taken from the pool, put onto the share, and both are written (4/3), carried (4/3), signed
// and verified (8/3), read, and taken apart again with another pad, 10 1/3. Ten times 17 is 170.
// Making the key, five shares of it, and the key from three shares takes 10, and delivery to two
// encryptors (1, 4/3, 4/3, 1) takes 9.
const copies = 189

// A pair of large keys in memory, and the ratio of its time to that of making and filling the
// buffers for the copies. Garbage is collected as rarely as in the program itself.
func BenchmarkLargeKeyPair(b *testing.B) {
	defer debug.SetGCPercent(debug.SetGCPercent(400))
	n := start(b, Config{})
	sam, sofia := n.sae("sam"), n.sae("sofia")
	for _, bits := range []int{1 << 20, 1 << 24} {
		b.Run(fmt.Sprint(bits), func(b *testing.B) {
			b.SetBytes(int64(bits / 8))
			for b.Loop() {
				keys, err := sam.GetKey(b.Context(), "sofia", etsi.KeyRequest{Size: bits})
				if err == nil {
					_, err = sofia.GetKeyWithKeyIDs(b.Context(), "sam", keys[0].ID)
				}
				if err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed())/float64(copying(b.N, bits/8)), "x-copying")
		})
	}
}

// copying returns the time for copying size bytes as often as n pairs of keys need it.
func copying(n, size int) time.Duration {
	from := make([]byte, size)
	start := time.Now()
	for range n * copies {
		from = bytes.Clone(from)
	}
	return time.Since(start)
}

func makePair(b *testing.B, master, slave *etsi.Client) {
	keys, err := master.GetKey(b.Context(), slave.SAE, etsi.KeyRequest{})
	if err == nil {
		_, err = slave.GetKeyWithKeyIDs(b.Context(), master.SAE, keys[0].ID)
	}
	if err != nil {
		b.Error(err)
	}
}

// One request for several keys of 256 bits over the port. The keys are fetched outside the measured
// time, so that the hubs do not fill up.
func BenchmarkGetKey(b *testing.B) {
	for _, number := range []int{1, 128} {
		b.Run(fmt.Sprint(number), func(b *testing.B) {
			n := start(b, Config{Transport: Loopback, Listen: "127.0.0.1:0"})
			sam, sofia := n.sae("sam"), n.sae("sofia")
			ctx := context.Background()
			for b.Loop() {
				keys, err := sam.GetKey(ctx, "sofia", etsi.KeyRequest{Number: number})
				if err != nil {
					b.Fatal(err)
				}
				b.StopTimer()
				ids := make([]uuid.UUID, len(keys))
				for i, k := range keys {
					ids[i] = k.ID
				}
				if _, err := sofia.GetKeyWithKeyIDs(ctx, "sam", ids...); err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
			}
		})
	}
}
