package dashboard

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/chromedp/chromedp"

	"dske/sim"
	"dske/sim/attack"
	"dske/sim/exchange"
	"dske/sim/simtest"
)

// TestPage runs the page in a real browser. It does everything twice: with the mouse, and with the
// keyboard alone.
func TestPage(t *testing.T) {
	browser := simtest.Browser(t)
	t.Run("modules", func(t *testing.T) { testModules(t, browser) })
	t.Run("mouse", func(t *testing.T) { testHand(t, browser, false) })
	t.Run("keyboard", func(t *testing.T) { testHand(t, browser, true) })
	t.Run("another network", func(t *testing.T) { testAnotherNetwork(t, browser) })
	t.Run("processes", func(t *testing.T) { testProcesses(t, browser) })
	t.Run("widths", func(t *testing.T) { testWidths(t, browser) })
	t.Run("large network", func(t *testing.T) { testLargeNetwork(t, browser) })
}

// desk is a network with its page in a tab.
type desk struct {
	*page
	browser context.Context
	network *sim.Network
	remote  sim.Remote
}

// testHand tests all controls of the page, in one tab and on one network, which is reset between
// the tests. The page is not reloaded for each, which would cost more than most tests, so a test
// must leave nothing filtered or open. Tests that do not look at motion run without it.
func testHand(t *testing.T, browser context.Context, hasKeysOnly bool) {
	n := start(t, sim.Config{Viewers: "127.0.0.1:0"})
	d := &desk{page: open(t, browser, n.URL(), 1280), browser: browser, network: n, remote: remote(t, n)}
	d.hasKeysOnly = hasKeysOnly
	d.emulate("prefers-reduced-motion", "reduce")
	type test struct {
		name string
		run  func(*desk)
	}
	tests := []test{
		{"encryptors outside", testOutside}, // first, since it needs a network without requests
		{"a key", testKey},
		{"other keys", testOtherKeys},
		{"the attacker", testAttacker},
		{"swapped messages", testSwap},
		{"a message opened", testMessage},
		{"faults", testFaults},
		{"details", testDetails},
		{"restarts", testRestarts},
		{"liars", testLiars},
		{"outages", testOutages},
	}
	if !hasKeysOnly { // both would find the same
		tests = append(tests, test{"what is in use", testInUse}, test{"a viewer", testViewer})
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			outer := d.TB
			d.TB = t
			defer func() {
				if d.TB = outer; t.Failed() {
					d.load()
				}
			}()
			test.run(d)
			d.quiet()
			d.putBack()
		})
	}
}

// putBack restores the initial state.
func (d *desk) putBack() {
	d.Helper()
	d.network.ClearFaults()
	for _, h := range d.network.HubStates() {
		if !h.Running {
			if err := d.network.Start(d.Context(), "hub/"+h.Name); err != nil {
				d.Fatal(err)
			}
		}
	}
	if err := d.network.WaitIdle(d.Context()); err != nil { // wait until clients have registered again
		d.Fatal(err)
	}
	if err := d.remote.Delete(d.Context(), attack.Path); err != nil {
		d.Fatal(err)
	}
}

// makeOutside has sam make a key without the page.
func (d *desk) makeOutside(slave string) {
	d.Helper()
	if err := d.remote.Post(d.Context(), exchange.Path, map[string]string{"master": "sam", "slave": slave}, &struct{}{}); err != nil {
		d.Fatal(err)
	}
}

// testModules tests the modules that do not use the page.
func testModules(t *testing.T, browser context.Context) {
	server := httptest.NewServer(http.FileServer(http.Dir(".")))
	defer server.Close()
	ctx, cancel := chromedp.NewContext(browser)
	defer cancel()
	p := &page{TB: t, ctx: ctx}
	p.do(chromedp.Navigate(server.URL+"/testdata/"), chromedp.Evaluate[chromedp.Void](`import('./story_test.js').then(m => { window.wrong = m.run() }, e => { window.wrong = [String(e)] }); undefined`))
	p.waitFor(`window.wrong !== undefined`)
	for _, wrong := range evaluate[[]string](p, `window.wrong`) {
		t.Error(wrong)
	}
}
