package dashboard

import (
	"errors"

	"github.com/chromedp/chromedp"

	"dske/sim"
)

// testDetails checks details: sorted lists, descriptions of cells, and toggle buttons.
func testDetails(d *desk) {
	d.makeKey("Both have the same key")
	d.log()
	d.stock()
	const lie = `#nodes [data-lie="hub/helen"]`
	d.use(lie)
	d.waitForText(lie, "Be honest")
	d.use(lie)
	d.waitForText(lie, "Let lie")
}

// testRestarts restarts a hub, with and without telling its clients.
func testRestarts(d *desk) {
	d.restart()
	d.forgotten()
}

// log sorts all messages: by time, with what a request caused beneath it, and by duration.
func (d *desk) log() {
	d.Helper()
	const times = `[...document.querySelectorAll('#log tr:not(.caused) td:first-child')].map(cell => cell.textContent)`
	d.waitFor(`document.querySelectorAll('#log tr.caused').length >= 10`)
	const latestFirst = `(times => times.length > 1 && times.every((time, i) => i === 0 || time <= times[i - 1]))(` + times + `)`
	d.waitFor(latestFirst)
	d.use("#log-heads th:last-child button")
	d.waitFor(`(all => all.length > 10 && all.every((ms, i) => i === 0 || ms >= all[i - 1]))([...document.querySelectorAll('#log td.num')].map(cell => Number(cell.textContent)))`)
	d.use("#log-heads th:first-child button")
	d.waitFor(latestFirst) // so that the row stays where it is
	d.use("#log tr.caused button.cell")
	d.waitForText("#drawer", "What was sent")
	d.closeDrawer()
}

// stock selects a cell, and expects marks on the associations on which shares travel.
func (d *desk) stock() {
	d.Helper()
	if d.hasKeysOnly {
		d.reach("#stock")
		d.press(arrowDown, arrowRight)
	} else {
		d.do(chromedp.ScrollIntoView(chromedp.CSS("#stock")))
		at := evaluate[[]float64](d.page, `(box => [box.left + 62 + (box.width - 62) * .3, box.top + 28 + 44 * 1.5])(document.getElementById('stock').getBoundingClientRect())`)
		d.do(chromedp.MouseClickXY(at[0], at[1]))
	}
	d.waitForText("#stock-text", "helen and celia: ")
	d.waitForText("#stock-text", "bytes in the emptier pool, of 16,384, well stocked")
	d.use(stepOf("carol splits a key into 5 shares"))
	d.emulate("prefers-reduced-motion", "no-preference")
	d.do(chromedp.Evaluate[chromedp.Void](`new MutationObserver(() => { window.haveBeenLit ||= document.querySelector('#stock-lit .lit') !== null }).observe(document.getElementById('stock-lit'), { childList: true })`))
	d.use("#next") // plays the sending of the shares
	d.waitFor(`window.haveBeenLit`)
	d.emulate("prefers-reduced-motion", "reduce")
}

// restart stops and starts a hub; the page shows the same state as the management interface.
func (d *desk) restart() {
	d.Helper()
	const button, state = `#nodes [data-node="hub/holly"]`, `#nodes tr:nth-child(4) .state`
	d.use(button)
	d.waitForText(state, "stopped")
	d.use(button)
	d.waitForText(state, "running")
	if err := d.remote.WaitIdle(d.Context()); err != nil { // the hub tells its clients, and they register again
		d.Fatal(err)
	}
	if holly := d.hub(3); holly.PSRD.Associations != 5 || holly.ForgottenBy != 0 {
		d.Errorf("%+v", holly)
	}
	d.makeKey("Both have the same key")
}

// forgotten restarts a hub that cannot tell its clients: the page shows that it has forgotten them,
// and how the next key repairs that.
func (d *desk) forgotten() {
	d.Helper()
	err := errors.Join(d.remote.AddFault(d.Context(), "drop from=hub/holly path=hub-started"),
		d.remote.Stop(d.Context(), "hub/holly"), d.remote.Start(d.Context(), "hub/holly"))
	if err != nil {
		d.Fatal(err)
	}
	d.waitForText(`#nodes tr:nth-child(4) .state`, "has forgotten 5")
	d.makeKey("Both have the same key")
	d.waitForText(`#nodes tr:nth-child(4) .state`, "has forgotten 3")
	d.waitForText("#ladder-scroll tr:has(.soft)", "403: holly has forgotten carol")
	d.waitForText("#ladder-scroll", "registers at holly again")
	d.waitForText("#ladder-scroll", "share 4 to holly once more")
	d.use(stepOf("sam asks for a key"))
	d.waitForText("#picture .forgot", "has forgotten carol")
	d.use(stepOf("A hub knows one share"))
	d.waitForText(`#picture [data-hub=holly]:not(.forgot)`, "keeps a share")
}

func (d *desk) hub(i int) sim.HubSnapshot {
	d.Helper()
	snapshot, err := d.remote.Snapshot(d.Context())
	if err != nil {
		d.Fatal(err)
	}
	return snapshot.Hubs[i]
}
