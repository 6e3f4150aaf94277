package sim

import (
	"context"
	"fmt"
	"testing"

	"github.com/google/uuid"

	"dske/etsi"
	"dske/sim/topology"
)

// A whole key pair, made at one client and fetched at another, in both suites.
func BenchmarkKeyPair(b *testing.B) {
	for _, suite := range []string{topology.SuitePython, topology.SuiteITS} {
		b.Run(suite, func(b *testing.B) {
			top := reference(b)
			top.Suite = suite
			n := start(b, Config{Topology: top})
			b.ReportAllocs()
			for b.Loop() {
				n.keyPair("sam", "sofia", 256)
			}
		})
	}
}

// One request for several keys of 256 bits, over the port. What it made is fetched outside the measured time,
// lest the hubs fill up.
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
