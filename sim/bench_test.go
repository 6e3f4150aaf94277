package sim

import (
	"dske/sim/topology"
	"testing"
)

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
