package dashboard

import "fmt"

// testLiars lets two hubs lie, which are outvoted, and then a third one, and nobody can tell who
// lies.
func testLiars(d *desk) {
	for _, hub := range []string{"helen", "hilary"} {
		d.use(fmt.Sprintf(`#nodes [data-lie="hub/%s"]`, hub))
		d.waitForText(fmt.Sprintf(`#nodes [data-lie="hub/%s"]`, hub), "Be honest")
	}
	d.makeKey("Both have the same key")
	d.waitForText("#story-text", "Hubs helen and hilary lied and were outvoted, 3 to 2.")
	d.waitFor(`document.querySelectorAll('#picture .share.out').length === 2`)
	d.use(`#picture [data-hub=hank]`)
	d.waitForText("#nodebar", "runs, honest")
	d.use(`#nodebar [data-lie="hub/hank"]`)
	d.waitForText("#nodebar", "lies: it changes its shares")
	d.makeKey("No key, and nobody can tell who lied")
	if struck := evaluate[int](d.page, `document.querySelectorAll('#picture .share.out').length + document.querySelectorAll('#ladder-scroll .soft').length`); struck != 0 {
		d.Errorf("%d shares are accused", struck)
	}
	d.use("#faults-clear")
	d.waitFor(`document.querySelectorAll('[aria-pressed=true][data-lie]').length === 0`)
}

// testOutages stops more hubs than may fail.
func testOutages(d *desk) {
	for _, hub := range []string{"hank", "helen", "hugo"} {
		d.use(fmt.Sprintf(`#nodes [data-node="hub/%s"]`, hub))
		d.waitFor(fmt.Sprintf(`document.querySelector('#picture [aria-label="hub %s stopped"]') !== null`, hub))
	}
	d.makeKey("No key")
	d.waitForText("#story-text", "Hubs hank, helen and hugo did not answer. Only 2 of 5 shares found a place, and 3 are needed.")
	d.waitForText("#ladder-scroll", "503: hank is stopped")
	d.waitForText("#nodebar", "hank") // it is still chosen
	d.use(`#nodebar [data-node="hub/hank"]`)
	d.waitForText(`#nodebar [data-node="hub/hank"]`, "Stop")
	d.makeKey("Both have the same key")
}

func testFaults(d *desk) {
	d.choose("#faults-kind", "drop")
	d.choose("#faults-to", "hub/hank")
	d.waitFor(`document.getElementById('fault').value === 'drop to=hub/hank'`)
	d.fill("#fault", " method=POST")
	d.press(enter)
	d.waitFor(`document.querySelector('#faults code')?.textContent === 'drop to=hub/hank method=POST'`)
	d.makeKey("Both have the same key")
	d.waitForText("#story-text", "Hub hank did not answer, and the key was made all the same")
	d.waitForText("#faults", "fired 2 times")
	d.toggle("#log-failed")
	d.waitFor(`(answers => answers.includes('no answer (drop)') && !answers.includes('200'))` +
		`([...document.querySelectorAll('#log td')].map(cell => cell.textContent))`)
	d.toggle("#log-failed")
	d.expect("status of 400")
	d.fill("#fault", " nonsense")
	d.press(enter)
	d.waitFor(`document.getElementById('faults-message').textContent !== ''`)
	d.use(`#faults [aria-label="Remove drop to=hub/hank method=POST"]`)
	d.waitForText("#faults", "There are none.")
	if faults := d.network.Faults(); len(faults) != 0 {
		d.Errorf("there are still %v", faults)
	}
}
