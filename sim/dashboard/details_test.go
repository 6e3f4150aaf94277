package dashboard

import (
	"github.com/chromedp/chromedp"

	"dske/sim"
)

// testDetails looks at what has to be right in detail: lists in order, heads that stay, cells that
// say what they are, a hub that is restarted.
func testDetails(d *desk) {
	d.makeKey("Both have the same key")
	d.log()
	d.stock()
	if isFixed := evaluate[bool](d.page, `(box => { box.scrollTop = 200; return box.scrollTop > 0 && Math.abs(box.querySelector('thead th').getBoundingClientRect().top - box.getBoundingClientRect().top) < 2; })(document.getElementById('ladder-scroll'))`); !isFixed && evaluate[bool](d.page, `document.getElementById('ladder-scroll').scrollHeight > 781`) {
		d.Error("the heads of the ladder are scrolled away")
	}
	d.restart()
}

// log sorts all messages: by time, with what a request caused beneath it, and by duration.
func (d *desk) log() {
	d.Helper()
	const times = `[...document.querySelectorAll('#log tr:not(.caused) td:first-child')].map(cell => cell.textContent)`
	d.waitFor(`document.querySelectorAll('#log tr.caused').length >= 10`)
	d.waitFor(`(times => times.length > 1 && times.every((time, i) => i === 0 || time <= times[i - 1]))(` + times + `)`)
	d.use("#log-heads th:last-child button")
	d.waitFor(`(all => all.length > 10 && all.every((ms, i) => i === 0 || ms >= all[i - 1]))([...document.querySelectorAll('#log td.num')].map(cell => Number(cell.textContent)))`)
	d.use("#log-heads th:first-child button")
	d.use("#log tr:nth-child(3) button.cell")
	d.waitForText("#drawer", "What was sent")
	d.closeDrawer()
}

// stock asks what a cell is, and wants the associations ringed on which shares travel.
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
	d.emulate("prefers-reduced-motion", "no-preference")
	d.use("#replay")
	d.use("#next") // the end of Ask
	d.use("#next")
	d.use("#next") // the end of Split
	d.use("#next")
	d.waitFor(`document.querySelectorAll('#stock-lit .lit').length > 0`)
	d.emulate("prefers-reduced-motion", "reduce")
}

// restart stops and starts a hub: the page says of it what the management interface says.
func (d *desk) restart() {
	d.Helper()
	const button, state = `#nodes [data-node="hub/holly"]`, `#nodes tr:nth-child(4) .state`
	d.use(button)
	d.waitForText(state, "stopped")
	d.use(button)
	d.waitForText(state, "running")
	if err := d.remote.WaitIdle(d.Context()); err != nil { // it tells its clients, and they register again
		d.Fatal(err)
	}
	if holly := d.hub(3); holly.PSRD.Associations != 5 || holly.ForgottenBy != 0 {
		d.Errorf("%+v", holly)
	}
	d.makeKey("Both have the same key")
}

func (d *desk) hub(i int) sim.HubSnapshot {
	d.Helper()
	snapshot, err := d.remote.Snapshot(d.Context())
	if err != nil {
		d.Fatal(err)
	}
	return snapshot.Hubs[i]
}
