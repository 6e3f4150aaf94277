package dashboard

import (
	"fmt"

	"github.com/chromedp/chromedp"
)

// testInUse sends the page much while a part of it is in use, which must stay as it is.
func testInUse(d *desk) {
	d.inUse("#requests .why .plain", func() { d.refuse("fw-bern-02") }, func() {
		d.refuse("fw-munich-01")
		d.use("#requests tr.refused button")
	})
	d.inUse("#faults button", func() {
		d.makeOutside("sofia")
		d.waitForText("#faults", "fired 1 time")
	}, func() {
		if err := d.remote.AddFault(d.Context(), "delay=1ms to=hub/hank method=POST"); err != nil {
			d.Fatal(err)
		}
		d.waitForText("#faults", "delay=1ms")
	})
	d.dropped()
	d.scrolled()
}

func (d *desk) refuse(name string) {
	d.Helper()
	d.curl(name)
	d.waitForText("#requests tr.refused", name)
}

// inUse focuses a control after preparing it, lets something happen, and expects the same control
// to have the focus still.
func (d *desk) inUse(selector string, happens, prepare func()) {
	d.Helper()
	prepare()
	d.do(chromedp.Evaluate[chromedp.Void](fmt.Sprintf(`window.held = document.querySelector(%q); held.focus(); undefined`, selector)))
	happens()
	if !evaluate[bool](d.page, `document.activeElement === window.held`) {
		d.Errorf("%s has lost the focus", selector)
	}
}

// dropped makes a key while the list of keys is open: the list grows only when it is closed.
func (d *desk) dropped() {
	d.Helper()
	before := evaluate[int](d.page, `document.getElementById('past').length`)
	d.focus("#past", chromedp.KeyEvent(" "))
	d.waitFor(`document.getElementById('past').matches(':open')`)
	d.makeOutside("sunny")
	d.waitForText("#requests tr:first-child", "sunny")
	if now := evaluate[int](d.page, `document.getElementById('past').length`); now != before {
		d.Errorf("the list that is dropped down has %d entries now, not %d", now, before)
	}
	d.press(escape)
	d.waitForText("#past", "sam – sunny")
}

// scrolled makes a key while the list of messages is scrolled: the visible part stays in place.
func (d *desk) scrolled() {
	d.Helper()
	const top = `window.held.getBoundingClientRect().top`
	d.do(chromedp.Evaluate[chromedp.Void](`window.held = document.querySelectorAll('#log tr')[20]; held.scrollIntoView({ block: 'center' }); undefined`))
	before := evaluate[float64](d.page, top)
	d.makeOutside("susan")
	d.waitForText("#log tr:first-child", "susan")
	d.waitFor(fmt.Sprintf(`Math.abs(%s - %v) < 1`, top, before))
}
