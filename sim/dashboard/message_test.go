package dashboard

import "fmt"

func testMessage(d *desk) {
	d.makeKey("Both have the same key")
	d.use(`#ladder-scroll [aria-label*=": share 3 to hilary"]`)
	d.waitForText("#drawer h2", "Share 3: carol → hilary")
	d.waitForText("#drawer", "POST ")
	for _, want := range []string{"signature verified by the receiver", "Dske-Signature: ", `"share_index": 2`, "Pad: block", "Signing key: block", "destroyed at both ends"} {
		d.waitForText("#drawer", want)
	}
	if overlap := evaluate[bool](d.page, `document.getElementById('drawer').getBoundingClientRect().left < document.getElementById('ladder-card').getBoundingClientRect().right`); overlap {
		d.Error("the drawer covers the list that it was opened from")
	}
	d.use("#drawer section:last-child button")
	d.waitFor(`/^[\w+/]{100,}=*$/.test(document.querySelector('#drawer section:last-child code')?.textContent)`)
	before := d.text("#drawer h2")
	d.press(arrowDown)
	d.waitFor(fmt.Sprintf(`document.querySelector('#drawer h2').textContent !== %q`, before))
	d.waitFor(`document.querySelectorAll('#ladder-scroll tr.on').length === 1`)
	d.closeDrawer()
	d.waitFor(`document.activeElement.classList.contains('cell')`)
	d.use(`#ladder-scroll [aria-label$="the key and its ID"]`)
	d.waitForText("#drawer", `"key": "(not shown)"`)
	d.closeDrawer()
}

func (d *desk) closeDrawer() {
	d.Helper()
	if d.hasKeysOnly {
		d.press(escape)
	} else {
		d.use("#drawer [aria-label=Close]")
	}
	d.waitFor(`document.getElementById('drawer').hidden`)
}
