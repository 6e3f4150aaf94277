package sim

import (
	"context"
	"fmt"
	"testing"

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

// One request for several keys of 256 bits, over the port.
func BenchmarkGetKey(b *testing.B) {
	for _, number := range []int{1, 128} {
		b.Run(fmt.Sprint(number), func(b *testing.B) {
			n := start(b, Config{Transport: Loopback, Listen: "127.0.0.1:0"})
			sam := n.sae("sam")
			for b.Loop() {
				if _, err := sam.GetKey(context.Background(), "sofia", etsi.KeyRequest{Number: number}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
