package dashboard

import (
	"fmt"
	"strings"

	"github.com/chromedp/chromedp"
)

// Names of keys.
const (
	tab        = "\t"
	enter      = "\r"
	escape     = "\u001b"
	arrowDown  = "\u0301"
	arrowLeft  = "\u0302"
	arrowRight = "\u0303"
	arrowUp    = "\u0304"
	end        = "\u0305"
	home       = "\u0306"
)

// use activates a control: with the mouse, or, on a page that is used with the keyboard alone,
// after moving the focus to it.
func (p *page) use(selector string) {
	p.Helper()
	p.focus(selector, chromedp.KeyEvent(enter))
}

// fill types at the end of a field.
func (p *page) fill(selector, text string) {
	p.Helper()
	p.focus(selector)
	p.press(end, text)
}

// focus moves the focus to a control, by a click or by keys. The actions in then are for keys only.
func (p *page) focus(selector string, then ...chromedp.Action[chromedp.Void]) {
	p.Helper()
	if !p.hasKeysOnly {
		p.waitForControl(selector)
		p.do(chromedp.Click(chromedp.CSS(selector), chromedp.NodeVisible))
		return
	}
	p.reach(selector)
	p.do(then...)
}

// waitForControl waits until a control is enabled: buttons are disabled while their action is under
// way.
func (p *page) waitForControl(selector string) {
	p.Helper()
	p.waitFor(fmt.Sprintf(`(e => e?.checkVisibility() && !e.disabled)(document.querySelector(%q))`, selector))
}

// way is an expression for the key that moves the focus closer to a control, and how often it must
// be pressed at least. Lists are one stop of the Tab key; arrow keys move through them.
const way = `(target => {
	const now = document.activeElement, follows = (a, b) => Boolean(a.compareDocumentPosition(b) & Node.DOCUMENT_POSITION_FOLLOWING), isAfter = follows(now, target);
	if (now === target) return { key: 'here' };
	const [first, last] = isAfter ? [now, target] : [target, now], list = target.tabIndex < 0 && now.closest('#steps, #ladder-scroll tbody, #log, #requests');
	const isStop = e => e.tabIndex >= 0 && !e.disabled && e.checkVisibility() && !e.closest('[inert]');
	const times = stops => Math.max(1, stops.filter(e => follows(first, e) && follows(e, last)).length);
	if (!list || !list.contains(target)) return { key: isAfter ? 'tab' : 'back', times: times([...document.querySelectorAll('a, button, input, select, summary, [tabindex]')].filter(isStop)) };
	return { key: list.id === 'steps' ? isAfter ? 'right' : 'left' : isAfter ? 'down' : 'up', times: times([...list.querySelectorAll('button[tabindex]')]) };
})(document.querySelector(%q))`

// reach moves the focus to a control with keys alone.
func (p *page) reach(selector string) {
	p.Helper()
	p.waitForControl(selector)
	keys := map[string]string{"tab": tab, "back": tab, "left": arrowLeft, "right": arrowRight, "up": arrowUp, "down": arrowDown}
	for range 50 {
		next := evaluate[struct {
			Key   string
			Times int
		}](p, fmt.Sprintf(way, selector))
		var options []chromedp.KeyOption
		switch next.Key {
		case "here":
			return
		case "back":
			options = append(options, chromedp.KeyModifiers(chromedp.ModifierShift))
		}
		p.do(chromedp.KeyEvent(strings.Repeat(keys[next.Key], next.Times), options...))
	}
	p.Fatalf("the keyboard does not reach %s", selector)
}

// press presses keys, one after the other.
func (p *page) press(keys ...string) {
	p.Helper()
	for _, key := range keys {
		p.do(chromedp.KeyEvent(key))
	}
}

// choose selects an entry of a drop-down list by its first letters. The mouse would have to click
// in a window of the browser itself, which is not part of the page.
func (p *page) choose(selector, letters string) {
	p.Helper()
	if p.hasKeysOnly {
		p.reach(selector)
		p.press(strings.Split(letters, "")...)
		return
	}
	p.do(chromedp.Evaluate[chromedp.Void](fmt.Sprintf(`(list => {
		list.selectedIndex = [...list.options].findIndex(option => option.text.startsWith(%q));
		for (const event of ['input', 'change']) list.dispatchEvent(new Event(event, { bubbles: true }));
	})(document.querySelector(%q))`, letters, selector)))
}

// chooseEdge selects the first or last entry of a drop-down list, with the key home or end.
func (p *page) chooseEdge(selector, key string) {
	p.Helper()
	if p.hasKeysOnly {
		p.reach(selector)
		p.press(key)
		return
	}
	p.choose(selector, evaluate[string](p, fmt.Sprintf(`(all => all[%q === %q ? 0 : all.length - 1].text)(document.querySelector(%q).options)`, key, home, selector)))
}

// toggle toggles a check box.
func (p *page) toggle(selector string) {
	p.Helper()
	p.focus(selector, chromedp.KeyEvent(" "))
}

// makeKey makes a key, and goes to the end of its story.
func (p *page) makeKey(outcome string) {
	p.Helper()
	p.use("#make")
	p.waitFor(`!document.getElementById('make').disabled`)
	if p.hasKeysOnly {
		p.reach("#picture")
		p.press(end)
	} else {
		p.use("#steps li:last-child button")
	}
	p.waitForText("#story-head", outcome)
}
