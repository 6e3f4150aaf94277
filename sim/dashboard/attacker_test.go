package dashboard

import "fmt"

// testAttacker breaks into hubs: with two of them there is nothing, with three there is the key.
func testAttacker(d *desk) {
	d.waitForText("#foe-text", "He owns nothing yet.")
	d.breakInto("hank")
	d.breakInto("hugo")
	d.makeKey("Both have the same key")
	d.waitForText("#foe-text", "Nothing. One more share needed; until then every key is equally likely.")
	d.waitForText("#foe-slots", "2 of 3 shares")
	d.waitForText("#foe-suites", "2 of 3 shares of a new key, whatever he can compute.")
	d.waitForText("#foe-suites", "A 4-byte digest tells whether a guess is wrong.")
	d.breakInto("holly")
	d.makeKey("Both have the same key")
	d.waitForText("#foe-text", "He has the key.")
	if known, shared := d.text("#foe-text code"), d.text("#result span:nth-child(2) code"); known != shared || len(known) != 19 {
		d.Errorf("he has %q, and they have %q", known, shared)
	}
	d.waitForText(`#picture [data-hub=holly]`, "broken into")
	d.use("#foe-none")
	d.waitForText("#foe-text", "He owns nothing yet.")
	d.use("[data-links=listen]")
	d.waitFor(`document.querySelector('[data-links=listen]').ariaPressed === 'true'`)
}

// testSwap lets the attacker change messages, with a client of his own.
func testSwap(d *desk) {
	d.makeKey("Both have the same key")
	d.use("[data-links=act]")
	d.waitFor(`document.querySelector('[data-links=act]').ariaPressed === 'true'`)
	d.use("#foe-client")
	d.waitForText("#foe-suites div:nth-child(1)", "Refused")
	d.waitForText("#foe-suites div:nth-child(2)", "Key replaced")
	d.use("#foe-suites div:nth-child(1) .plain")
	d.waitForText("#rule", "shown: the twin of this network in suite its")
	d.use(stepOf("Changed answers are refused"))
	d.use("#steps li:last-child button")
	d.waitForText("#story-head", "Both have the same key")
	d.use("#foe-suites div:nth-child(2) .plain")
	d.waitForText("#rule", "shown: the twin of this network in suite dske-python")
	d.use("#steps li:last-child button")
	d.waitForText("#story-head", "Two different keys, and nobody notices")
	d.waitForText("#foe-text", "He knows serena’s key.")
	d.waitFor(`document.querySelector('#picture .traffic.broken') !== null`)
}

func (p *page) breakInto(hub string) {
	p.Helper()
	p.use("[data-foe=" + hub + "]")
	p.waitFor(fmt.Sprintf(`document.querySelector('[data-foe=%s]').ariaPressed === 'true'`, hub))
}
