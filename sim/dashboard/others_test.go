package dashboard

import (
	"context"
	"strings"
	"testing"

	"dske/sim"
	"dske/sim/simtest"
	"dske/sim/topology"
)

// testAnotherNetwork stops the network, and starts another one at its address, once with the mouse
// and once with the keyboard.
func testAnotherNetwork(t *testing.T, browser context.Context) {
	var p *page
	var address string
	t.Run("one", func(inner *testing.T) { // lives as long as this subtest
		n := start(inner, sim.Config{})
		address = n.URL()
		p = open(t, browser, address, 1280)
		p.emulate("prefers-reduced-motion", "reduce")
		p.makeKey("Both have the same key")
		p.expect("net::ERR_") // while nothing answers
	})
	p.waitForText("#banner", "The network does not answer since ")
	p.waitFor(`document.getElementById('make').closest('.changing').inert`)
	for _, p.hasKeysOnly = range []bool{false, true} {
		p.use("#replay")
		p.waitForText("#story-head", "sam asks for a key")
		p.use("#steps li:last-child button")
		p.waitForText("#story-head", "Both have the same key")
	}
	other := sim.Config{Topology: simtest.Generate(t, topology.Sizes{Hubs: 7, Clients: 3})}
	startAt(t, other, strings.TrimPrefix(address, "http://"))
	p.waitForText("#another", "This is another network now.")
	p.waitFor(`!document.getElementById('another').hidden && document.getElementById('banner').hidden`)
	p.waitForText("#facts", "7 hubs, 3 clients")
	p.waitForText("#story-head", "Make a key and follow it")
	for _, p.hasKeysOnly = range []bool{false, true} {
		p.makeKey("Both have the same key")
	}
}

// testViewer watches in a tab of its own, on the address of the viewers.
func testViewer(d *desk) {
	p := open(d.TB, d.browser, d.network.ViewersURL(), 1280)
	p.emulate("prefers-reduced-motion", "reduce")
	p.waitForText("#watching", "You are watching.")
	if offered := evaluate[[]string](p, `[...document.querySelectorAll('#make, .nodes button, #faults-form button, #faults-clear, #foe-none, .attacker .chip')].filter(e => e.checkVisibility() && !e.disabled).map(e => e.textContent)`); len(offered) > 0 {
		d.Errorf("a viewer could press %q", offered)
	}
	d.makeOutside("sofia")
	p.waitForText("#past option:first-child", "sam – sofia")
	p.use("#steps li:last-child button")
	p.waitForText("#story-head", "Both have the same key")
	if evaluate[bool](p, `document.querySelector('#result button') !== null`) {
		d.Error("a viewer could reveal the key")
	}
}
