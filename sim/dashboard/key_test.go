package dashboard

import (
	"fmt"

	"github.com/chromedp/chromedp"
)

// stepOf returns the selector of a step, by its headline.
func stepOf(headline string) string {
	return fmt.Sprintf(`#steps button[aria-label$=%q]`, headline)
}

// testKey follows a key: two shares give nothing, the third one makes it.
func testKey(d *desk) {
	d.emulate("prefers-reduced-motion", "no-preference")
	d.makeKey("Both have the same key")
	d.use(stepOf("Two shares: still nothing"))
	d.waitForText("#picture .count", "2 of 3 shares")
	d.waitFor(`document.querySelectorAll('#picture .slot.full').length === 2`)
	if open := evaluate[int](d.page, `[...document.querySelectorAll('#picture .share')].filter(e => e.style.display !== 'none' && !e.classList.contains('sealed')).length`); open != 5 { // two at celia, three at their hubs
		d.Errorf("%d shares are opened", open)
	}
	d.use(stepOf("The third share makes the key"))
	d.waitForText("#picture .count", "3 of 3: the key")
	d.use("#next")
	d.use("#next")
	d.waitForText("#story-head", "Both have the same key")
	d.waitFor(`document.querySelector('#picture .traffic.safe') !== null`)
	d.waitForText("#ladder-about", "24 messages and answers")
	d.waitFor(`document.querySelectorAll('#log tr').length >= 12`)
	d.waitForText("#requests", "dec_keys of sam at celia")
	d.use("#result button")
	d.waitFor(`/^[\w+/]{43}=$/.test(document.querySelector('#result .values code')?.textContent)`)
	d.use("#result button")
	d.waitFor(`document.querySelector('#result .values') === null`)
	d.use("#signs .term")
	d.waitForText("#word", "One-time pad")
	d.press(escape)
	d.waitFor(`!document.getElementById('word').matches(':popover-open')`)
	d.transport()
	d.emulate("prefers-reduced-motion", "reduce")
}

// transport plays, pauses, steps and slows down.
func (d *desk) transport() {
	d.Helper()
	d.use("#replay")
	d.waitForText("#play", "Pause")
	d.use("#play")
	d.waitForText("#play", "Play")
	d.use("#next") // plays the step
	d.use("#next") // shows the end of the step
	d.use("#back")
	d.choose("#speed", "slower")
	d.waitFor(`document.getElementById('speed').value === '0.5'`)
	d.chooseEdge("#speed", end)
	d.waitFor(`document.getElementById('speed').value === '2'`)
	if d.hasKeysOnly {
		d.reach("#picture")
		d.press(end, arrowLeft)
		d.waitForText("#story-head", "The third share makes the key")
		d.press(home, " ", " ")
		d.waitForText("#play", "Play")
	}
}

// testOtherKeys checks a key that was made without the page, and one without motion.
func testOtherKeys(d *desk) {
	d.makeOutside("sofia")
	d.waitForText("#past", "sam – sofia")
	d.chooseEdge("#past", home)
	d.waitForText("#ladder-about", "sam to sofia")
	d.reducedMotion()
}

// reducedMotion expects no motion: a step is complete at once.
func (d *desk) reducedMotion() {
	d.Helper()
	d.do(chromedp.Evaluate[chromedp.Void](`window.frames = 0; { const request = requestAnimationFrame; window.requestAnimationFrame = f => { window.frames++; return request(f) } }`))
	d.use("#make")
	d.waitForText("#story-head", "sam asks for a key")
	d.use("#next")
	d.waitForText("#story-head", "carol splits a key")
	d.use("#play")
	d.waitForText("#story-head", "Each share leaves sealed")
	if frames := evaluate[int](d.page, `window.frames`); frames > 0 {
		d.Errorf("%d frames are drawn", frames)
	}
}
