package dashboard

import (
	"context"
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"

	"dske/protocol"
	"dske/sim"
	"dske/sim/simtest"
	"dske/sim/topology"
)

func testLargeNetwork(t *testing.T, browser context.Context) {
	hubs, clients := 100, 1000
	if underRace { // makes filling the pools ten times as slow
		hubs, clients = 30, 300
	}
	n := start(t, sim.Config{Topology: large(t, hubs, clients)})
	const limit = 2000                       // ms
	p, fastest := (*page)(nil), float64(1e9) // the fastest of a few, since tests of other packages run at the same time
	for attempt := 0; attempt < 5 && fastest > limit; attempt++ {
		p = open(t, browser, n.URL(), 1280)
		fastest = min(fastest, evaluate[float64](p, `performance.now()`)) // since the navigation began
	}
	if t.Logf("%d hubs and %d clients are there after %.0f ms", hubs, clients, fastest); fastest > limit {
		t.Errorf("%d hubs and %d clients took %.0f ms", hubs, clients, fastest)
	}
	p.waitFor(fmt.Sprintf(`document.getElementById('stock').ariaLabel.replaceAll(',', '').startsWith('%d associations: %[1]d well stocked')`, 5*clients))
	p.makeKey("Both have the same key")
	p.do(chromedp.SendKeys(chromedp.CSS("#nodes-filter"), fmt.Sprint("client/client", clients-1)))
	p.waitFor(`document.querySelectorAll('#nodes tr').length === 1`)
	p.use("#nodes button")
	p.waitForText("#nodes", "stopped")
	if n.Overview().Clients[clients-2].Running {
		t.Error("the client is still running")
	}
	p.do(chromedp.Evaluate[chromedp.Void](`document.getElementById('stock').focus()`))
	p.press(enter)
	p.waitForText("#stock-part", "client1 to client")
	p.waitForText("#stock-text", "bytes in the emptier pool")
}

// large returns a network of so many hubs and clients, with five hubs per client. It needs little
// PSRD.
func large(t testing.TB, hubs, clients int) *topology.Topology {
	t.Helper()
	top := simtest.Generate(t, topology.Sizes{Hubs: hubs, Clients: clients, Threshold: 3})
	top.Suite = protocol.Python.Name() // starts sooner
	top.PSRD = topology.PSRD{BlockSize: 1024, LowWater: 256, HighWater: 1024}
	for i := range top.Clients {
		five := make([]string, 5)
		for j := range five {
			five[j] = top.Hubs[(i/50*5+j)%hubs].Name // in groups, so that neighbours have the same hubs
		}
		top.Clients[i].Hubs = five
	}
	return top
}
