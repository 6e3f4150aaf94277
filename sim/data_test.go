package sim

import (
	"context"
	"errors"
	"testing"

	"dske/etsi"
	"dske/protocol"
	"dske/sim/topology"
)

// durable returns a network whose nodes keep their state on disks in memory.
func durable(t testing.TB, suite string) *testNetwork {
	top := topology.Reference()
	top.Suite = suite
	n := start(t, Config{Topology: top, Data: MemoryData, Audit: true})
	t.Cleanup(func() {
		for _, v := range n.Violations() {
			t.Error(v)
		}
	})
	return n
}

// all calls do for several nodes.
func (n *testNetwork) all(do func(name string) error, names ...string) {
	n.Helper()
	for _, name := range names {
		if err := do(name); err != nil {
			n.Fatalf("%s: %v", name, err)
		}
	}
}

func (n *testNetwork) crash(names ...string) {
	n.Helper()
	n.all(func(name string) error { return n.Crash(context.Background(), name) }, names...)
}

var allHubs = []string{"hub/hank", "hub/helen", "hub/hilary", "hub/holly", "hub/hugo"}

// A key that a master has is fetched once by its slave, whichever node crashes in between.
func TestKeysSurviveCrashes(t *testing.T) {
	both := append([]string{"client/carol", "client/connie"}, allHubs...)
	for _, c := range []struct {
		suite, name string
		down        []string
		end         func(*testNetwork, ...string)
	}{
		{protocol.SuiteITS, "hubs crash", allHubs, (*testNetwork).crash},
		{protocol.SuiteITS, "the slave crashes", []string{"client/connie"}, (*testNetwork).crash},
		{protocol.SuiteITS, "all crash", both, (*testNetwork).crash},
		{protocol.SuiteITS, "all stop", both, (*testNetwork).stop},
		{protocol.SuitePython, "all crash", both, (*testNetwork).crash},
	} {
		t.Run(c.suite+" "+c.name, func(t *testing.T) {
			n := durable(t, c.suite)
			n.keyPair("sam", "sofia", 256)
			fetched := n.getKey("sam", "sofia", 256)
			if _, err := n.fetch("sam", "sofia", fetched.ID); err != nil {
				t.Fatal(err)
			}
			waiting := n.getKey("sam", "sofia", 256)
			n.idle()
			c.end(n, c.down...)
			n.start(c.down...)
			n.ready()
			got, err := n.fetch("sam", "sofia", waiting.ID)
			if err != nil || string(got.Key.Reveal()) != string(waiting.Key.Reveal()) {
				t.Errorf("a key that waited is %v, %v", got, err)
			}
			for _, id := range []etsi.Key{fetched, waiting} {
				var refused *etsi.Error
				if _, err := n.fetch("sam", "sofia", id.ID); !errors.As(err, &refused) || refused.Status != 400 {
					t.Errorf("a key that was fetched again: %v", err)
				}
			}
			n.keyPair("sam", "sofia", 256)
		})
	}
}

func (n *testNetwork) ready() {
	n.Helper()
	if err := n.WaitReady(context.Background()); err != nil {
		n.Fatal(err)
	}
}
