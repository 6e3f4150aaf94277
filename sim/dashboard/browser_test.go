package dashboard

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"dske/protocol"
	"dske/sim"
	"dske/sim/simtest"
	"dske/sim/topology"
)

// maxWait is how long a test waits for the page to show something.
const maxWait = 30 * time.Second

// TestPage runs the page in a real browser.
func TestPage(t *testing.T) {
	browser := simtest.Browser(t)
	for _, test := range []struct {
		name string
		run  func(*testing.T, context.Context)
	}{
		{"modules", testModules},
		{"key by clicking", testKey},
		{"attacker by clicking", testAttacker},
		{"liars and outages by clicking", testLiars},
		{"faults by clicking", testFaults},
		{"encryptors outside", testOutside},
		{"a message opened", testMessage},
		{"keyboard", testKeyboard},
		{"another network", testAnotherNetwork},
		{"viewer", testViewer},
		{"widths", testWidths},
		{"reduced motion", testReducedMotion},
		{"large network", testLargeNetwork},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, browser) })
	}
}

// page is the dashboard in a tab.
type page struct {
	testing.TB
	ctx   context.Context
	close context.CancelFunc

	mu         sync.Mutex
	complaints []string // of the console
	urls       []string // requested
	expected   string   // of what the browser itself says about requests that fail on purpose; empty: nothing
}

// open opens the page of a network in a tab of its own, and waits until it shows the network. When
// the test ends, the console has to be empty, and nothing may have been requested but of the
// network.
func open(t testing.TB, browser context.Context, address string, width int) *page {
	t.Helper()
	ctx, cancel := chromedp.NewContext(browser)
	t.Cleanup(cancel)
	p := &page{TB: t, ctx: ctx, close: cancel}
	t.Cleanup(func() { p.check(address) })
	if err := chromedp.Listen(ctx, p.listen); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(ctx, network.Enable, network.EnableParams{}); err != nil {
		t.Fatal(err)
	}
	p.do(chromedp.EmulateViewport(int64(width), 900), chromedp.Navigate(address))
	p.waitFor(`document.body.dataset.ready === ''`)
	return p
}

func (p *page) listen(event any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventConsoleAPICalled:
		p.complaints = append(p.complaints, fmt.Sprintf("console.%s %s", e.Type, e.Args[0].Value))
	case *runtime.EventExceptionThrown:
		p.complaints = append(p.complaints, fmt.Sprintf("%s %v", e.ExceptionDetails.Text, e.ExceptionDetails.Exception.Description))
	case *log.EventEntryAdded:
		if p.expected != "" && e.Entry.Source == "network" && strings.Contains(e.Entry.Text, p.expected) {
			return
		}
		p.complaints = append(p.complaints, e.Entry.Text+" "+e.Entry.URL)
	case *network.EventRequestWillBeSent:
		p.urls = append(p.urls, e.Request.URL)
	}
}

// expect says which failures of requests the browser may speak of on the console.
func (p *page) expect(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.expected = text
}

func (p *page) check(base string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, complaint := range p.complaints {
		p.Errorf("on the console: %s", complaint)
	}
	for _, requested := range p.urls {
		if u, err := url.Parse(requested); err != nil || u.Scheme+"://"+u.Host != base {
			p.Errorf("%s is requested", requested)
		}
	}
	if len(p.urls) < 15 {
		p.Errorf("only %q are requested; does this test see all?", p.urls)
	}
}

func (p *page) do(actions ...chromedp.Action[chromedp.Void]) {
	p.Helper()
	if err := chromedp.Do(p.ctx, actions...); err != nil {
		p.Fatal(err)
	}
}

// waitFor waits until an expression of JavaScript is true.
func (p *page) waitFor(expression string) {
	p.Helper()
	_, err := chromedp.Run(p.ctx, chromedp.Poll[chromedp.Void](expression, chromedp.WithPollingTimeout(maxWait), chromedp.WithPollingInterval(20*time.Millisecond)))
	if err != nil {
		p.Fatalf("%s does not become true: %v; the page shows %s", expression, err, p.text("main"))
	}
}

// waitForText waits until an element has a text in it.
func (p *page) waitForText(selector, text string) {
	p.Helper()
	p.waitFor(fmt.Sprintf(`(document.querySelector(%q)?.textContent ?? '').includes(%q)`, selector, text))
}

// text returns the text of an element.
func (p *page) text(selector string) string {
	p.Helper()
	return evaluate[string](p, fmt.Sprintf(`document.querySelector(%q).innerText`, selector))
}

// evaluate returns the value of an expression of JavaScript.
func evaluate[T any](p *page, expression string) T {
	p.Helper()
	value, err := chromedp.Run(p.ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		p.Fatal(err)
	}
	return value
}

func (p *page) click(selector string) {
	p.Helper()
	p.do(chromedp.Click(chromedp.CSS(selector), chromedp.NodeVisible))
}

// press presses keys, one after the other.
func (p *page) press(keys ...string) {
	p.Helper()
	for _, key := range keys {
		p.do(chromedp.KeyEvent(key))
	}
}

// Keys as they are pressed.
const (
	tab        = "\t"
	enter      = "\r"
	escape     = "\u001b"
	arrowDown  = "\u0301"
	arrowRight = "\u0303"
	home       = "\u0306"
	end        = "\u0305"
)

// makeKey makes a key by clicking, and goes to the end of its story.
func (p *page) makeKey(outcome string) {
	p.Helper()
	p.click("#make")
	p.waitFor(`!document.getElementById('make').disabled`)
	p.click("#steps li:last-child button")
	p.waitForText("#story-head", outcome)
}

// testModules tests the modules that know no page.
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

// testKey follows a key: two shares are nothing, the third one makes it.
func testKey(t *testing.T, browser context.Context) {
	p := open(t, browser, start(t, sim.Config{}).URL(), 1280)
	if facts := p.text("#facts"); !strings.HasPrefix(facts, "5 hubs, 5 clients · suite ") {
		t.Errorf("the facts are %q", facts)
	}
	p.waitForText("#story-head", "Make a key and follow it")
	p.makeKey("Both have the same key")
	step := func(name string) string { return fmt.Sprintf(`#steps button[aria-label$=%q]`, name) }
	p.click(step("Two shares: still nothing"))
	p.waitForText("#picture .count", "2 of 3 shares")
	p.waitFor(`document.querySelectorAll('#picture .slot.full').length === 2`)
	if open := evaluate[int](p, `[...document.querySelectorAll('#picture .share')].filter(e => e.style.display !== 'none' && !e.classList.contains('sealed')).length`); open != 5 { // two at celia, three at their hubs
		t.Errorf("%d shares are opened", open)
	}
	p.click(step("The third share makes the key"))
	p.waitForText("#picture .count", "3 of 3: the key")
	p.click("#next")
	p.click("#next")
	p.waitForText("#story-head", "Both have the same key")
	p.waitFor(`document.querySelector('#picture .traffic.safe') !== null`)
	p.waitForText("#ladder-about", "24 messages and answers")
	p.waitFor(`document.querySelectorAll('#log tr').length >= 12`)
	p.waitForText("#requests", "dec_keys of sam at celia")
	p.click("#result button")
	p.waitFor(`/^[\w+/]{43}=$/.test(document.querySelector('#result .values code')?.textContent)`)
	p.click("#result button")
	p.waitFor(`document.querySelector('#result .values') === null`)
	p.click("#signs .term")
	p.waitForText("#word", "One-time pad")
}

// testAttacker breaks into hubs: with two of them there is nothing, with three the very key.
func testAttacker(t *testing.T, browser context.Context) {
	p := open(t, browser, start(t, sim.Config{}).URL(), 1280)
	p.waitForText("#foe-text", "He owns nothing yet.")
	p.breakInto("hank")
	p.breakInto("hugo")
	p.makeKey("Both have the same key")
	p.waitForText("#foe-text", "Nothing. One more share needed; until then every key is equally likely.")
	p.waitForText("#foe-slots", "2 of 3 shares")
	p.waitForText("#foe-suites", "2 of 3 shares, whatever he can compute.")
	p.waitForText("#foe-suites", "A 4-byte digest tells whether a guess is wrong.")
	p.breakInto("holly")
	p.makeKey("Both have the same key")
	p.waitForText("#foe-text", "He has the key.")
	if known, shared := p.text("#foe-text code"), p.text("#result span:nth-child(2) code"); known != shared || len(known) != 19 {
		t.Errorf("he has %q, and they have %q", known, shared)
	}
	p.waitForText(`#picture [data-hub=holly]`, "broken into")
	p.click("#foe-none")
	p.click("[data-links=act]")
	p.waitFor(`document.querySelector('[data-links=act]').ariaPressed === 'true'`)
	p.click("#foe-client")
	p.waitForText("#foe-suites div:nth-child(1)", "Refused")
	p.waitForText("#foe-suites div:nth-child(2)", "Key replaced")
	p.click("#foe-suites div:nth-child(1) .plain")
	p.waitForText("#rule", "shown: the twin of this network in suite its")
	p.click(`#steps button[aria-label$="Changed answers are refused"]`)
	p.click("#steps li:last-child button")
	p.waitForText("#story-head", "Both have the same key")
	p.click("#foe-suites div:nth-child(2) .plain")
	p.waitForText("#rule", "shown: the twin of this network in suite dske-python")
	p.click("#steps li:last-child button")
	p.waitForText("#story-head", "Two different keys, and nobody notices")
	p.waitForText("#foe-text", "He knows serena’s key.")
	p.waitFor(`document.querySelector('#picture .traffic.broken') !== null`)
}

func (p *page) breakInto(hub string) {
	p.Helper()
	p.click("[data-foe=" + hub + "]")
	p.waitFor(fmt.Sprintf(`document.querySelector('[data-foe=%s]').ariaPressed === 'true'`, hub))
}

func testLiars(t *testing.T, browser context.Context) {
	n := start(t, sim.Config{})
	p := open(t, browser, n.URL(), 1280)
	for _, hub := range []string{"helen", "hilary"} {
		p.click(fmt.Sprintf(`[data-lie="hub/%s"]`, hub))
		p.waitFor(fmt.Sprintf(`document.querySelector('[data-lie="hub/%s"]').textContent === 'Be honest'`, hub))
	}
	p.makeKey("Both have the same key")
	p.waitForText("#story-text", "Hubs helen and hilary lied and were outvoted, 3 to 2.")
	p.waitFor(`document.querySelectorAll('#picture .share.out').length === 2`)
	p.click(`#picture [data-hub=hank]`)
	p.click(`#nodebar [data-lie="hub/hank"]`)
	p.waitForText("#nodebar", "lies: it changes its shares")
	p.makeKey("No key, and nobody can tell who lied")
	if struck := evaluate[int](p, `document.querySelectorAll('#picture .share.out').length + document.querySelectorAll('#ladder-scroll .soft').length`); struck != 0 {
		t.Errorf("%d shares are accused", struck)
	}
	p.click("#faults-clear")
	p.waitFor(`document.querySelectorAll('[aria-pressed=true][data-lie]').length === 0`)
	for _, hub := range []string{"hank", "helen", "hugo"} {
		p.click(fmt.Sprintf(`#nodes [data-node="hub/%s"]`, hub))
		p.waitFor(fmt.Sprintf(`document.querySelector('#picture [aria-label="hub %s, stopped"]') !== null`, hub))
	}
	p.makeKey("No key")
	p.waitForText("#story-text", "Hubs hank, helen and hugo did not answer. Only 2 of 5 shares found a place, and 3 are needed.")
	p.waitForText("#ladder-scroll", "503: hank is stopped")
	p.click(`#nodebar [data-node="hub/hank"]`)
	p.waitFor(`document.querySelector('#nodebar [data-node="hub/hank"]').textContent === 'Stop'`)
	p.makeKey("Both have the same key")
}

func testFaults(t *testing.T, browser context.Context) {
	n := start(t, sim.Config{})
	p := open(t, browser, n.URL(), 1280)
	p.do(chromedp.Evaluate[chromedp.Void](`(() => { const kind = document.getElementById('faults-kind'), to = document.getElementById('faults-to');
		kind.value = '1'; kind.dispatchEvent(new Event('change')); to.value = 'hub/hank'; to.dispatchEvent(new Event('input')) })()`))
	p.waitFor(`document.getElementById('fault').value === 'drop to=hub/hank'`)
	p.do(chromedp.SendKeys(chromedp.CSS("#fault"), " method=POST\r"))
	p.waitFor(`document.querySelector('#faults code')?.textContent === 'drop to=hub/hank method=POST'`)
	p.makeKey("Both have the same key")
	p.waitForText("#story-text", "Hub hank did not answer, and the key was made all the same")
	p.waitForText("#faults", "fired 2 times")
	p.click("#log-failed")
	p.waitFor(`(answers => answers.includes('no answer (drop)') && !answers.includes('200'))` +
		`([...document.querySelectorAll('#log td')].map(cell => cell.textContent))`)
	p.expect("status of 400")
	p.do(chromedp.SendKeys(chromedp.CSS("#fault"), " nonsense\r"))
	p.waitFor(`document.getElementById('faults-message').textContent !== ''`)
	p.click(`#faults [aria-label^="Remove drop"]`)
	p.waitForText("#faults", "There are none.")
	if faults := n.Faults(); len(faults) != 0 {
		t.Errorf("there are still %v", faults)
	}
}

// testOutside calls with the wrong SAE ID, as curl would do it.
func testOutside(t *testing.T, browser context.Context) {
	n := start(t, sim.Config{})
	p := open(t, browser, n.URL(), 1280)
	p.waitForText("#requests-none", "curl -H 'Authorization: sam' "+n.URL()+"/client/carol/etsi/api/v1/keys/serena/enc_keys")
	began := time.Now()
	response, err := curl(t, n, "fw-munich-01")
	if err != nil || response != http.StatusUnauthorized {
		t.Fatal(response, err)
	}
	p.waitForText("#requests", "fw-munich-01")
	if waited := time.Since(began); waited > 2*time.Second { // one, and what this test itself takes
		t.Errorf("it shows up after %v", waited)
	}
	p.click("#requests tr.refused button")
	p.waitForText("#requests .why", "Why 401: celia does not serve fw-munich-01.")
	p.waitForText("#requests .why", "But the topology gives celia one encryptor, serena.")
	p.waitForText("#requests .why", "What helps")
	p.click("#requests .why .plain")
	p.waitForText("#drawer", "Authorization: fw-munich-01")
	p.waitForText("#drawer", "401 Unauthorized")
	p.waitForText("#drawer", "127.0.0.1:")
	p.press(escape)
	p.waitFor(`document.getElementById('drawer').hidden && document.activeElement.textContent === 'Open what came and what went back'`)
	if status, err := curl(t, n, "serena"); err != nil || status != http.StatusOK {
		t.Fatal(status, err)
	}
	p.waitForText("#past", "serena – sofia")
	p.waitForText("#story-head", "has not asked yet")
	p.click("#requests-refused")
	p.waitFor(`document.querySelectorAll('#requests tr.pickable').length === 1`)
}

// curl asks celia for a key in the name of an encryptor.
func curl(t *testing.T, n *sim.Network, encryptor string) (status int, err error) {
	request, err := http.NewRequest("GET", sim.KMEURL(n.URL(), "celia")+"/api/v1/keys/sofia/enc_keys", nil)
	if err != nil {
		return 0, err
	}
	request.Header.Set("Authorization", encryptor)
	response, err := remote(t, n).HTTP.Do(request)
	if err != nil {
		return 0, err
	}
	return response.StatusCode, response.Body.Close()
}

func testMessage(t *testing.T, browser context.Context) {
	p := open(t, browser, start(t, sim.Config{}).URL(), 1280)
	p.makeKey("Both have the same key")
	p.click(`#ladder-scroll [aria-label*=": share 3 to hilary"]`)
	p.waitForText("#drawer h2", "Share 3: carol → hilary")
	p.waitForText("#drawer", "POST ")
	for _, want := range []string{"signature verified by the receiver", "Dske-Signature: ", `"share_index": 2`, "Pad: block", "Signing key: block", "destroyed at both ends"} {
		p.waitForText("#drawer", want)
	}
	if overlap := evaluate[bool](p, `document.getElementById('drawer').getBoundingClientRect().left < document.getElementById('ladder-card').getBoundingClientRect().right`); overlap {
		t.Error("the drawer covers the list that it was opened from")
	}
	p.click("#drawer section:last-child button")
	p.waitFor(`/^[\w+/]{100,}=*$/.test(document.querySelector('#drawer section:last-child code')?.textContent)`)
	before := p.text("#drawer h2")
	p.press(arrowDown)
	p.waitFor(fmt.Sprintf(`document.querySelector('#drawer h2').textContent !== %q`, before))
	p.waitFor(`document.querySelectorAll('#ladder-scroll tr.on').length === 1`)
	p.press(escape)
	p.waitFor(`document.getElementById('drawer').hidden && document.activeElement.classList.contains('cell')`)
	p.click(`#ladder-scroll [aria-label$="the key and its ID"]`)
	p.waitForText("#drawer", `"key": "(not shown)"`)
}

// tabTo presses the tab key until an element has the focus.
func (p *page) tabTo(selector string) {
	p.Helper()
	for range 120 {
		if evaluate[bool](p, fmt.Sprintf(`document.activeElement.matches(%q)`, selector)) {
			return
		}
		p.press(tab)
	}
	p.Fatalf("the tab key does not come to %s", selector)
}

// testKeyboard does it all with the keyboard alone.
func testKeyboard(t *testing.T, browser context.Context) {
	n := start(t, sim.Config{})
	p := open(t, browser, n.URL(), 1280)
	p.tabTo("#make")
	p.press(enter)
	p.waitForText("#story-head", "sam asks for a key")
	p.tabTo("#picture")
	p.press(end)
	p.waitForText("#story-head", "Both have the same key")
	p.press(home, " ", " ")
	p.waitForText("#play", "Play")
	p.tabTo("[data-hub=hank]")
	p.press(enter)
	p.tabTo(`#nodebar [data-lie="hub/hank"]`)
	p.press(enter)
	p.waitForText("#nodebar", "lies: it changes its shares")
	p.tabTo("#steps button")
	p.press(end)
	p.waitForText("#story-head", "Both have the same key")
	p.tabTo("#ladder-scroll button.cell")
	p.press(arrowDown, arrowDown, enter)
	p.waitForText("#drawer", "What was sent")
	p.press(arrowDown, escape)
	p.waitFor(`document.activeElement.matches('#ladder-scroll button.cell')`)
	for _, hub := range []string{"hank", "helen", "hugo"} { // those that are stocked up already
		p.tabTo("[data-foe=" + hub + "]")
		p.press(enter)
		p.waitFor(fmt.Sprintf(`document.querySelector('[data-foe=%s]').ariaPressed === 'true'`, hub))
	}
	if _, err := curl(t, n, "nobody-knows"); err != nil {
		t.Fatal(err)
	}
	p.waitForText("#requests", "nobody-knows")
	p.tabTo("#requests button.cell")
	p.press(enter)
	p.waitForText("#requests .why", "What helps")
	p.tabTo("#stock")
	p.press(arrowDown, arrowRight)
	p.waitForText("#stock-text", "helen and celia: ")
	p.tabTo("#fault")
	p.press(enter)
	p.waitForText("#faults code", "delay=100ms")
	p.press("\t") // wraps round to the start of the page
	p.do(chromedp.Evaluate[chromedp.Void](`document.getElementById('make').focus()`))
	p.press(enter)
	p.waitForText("#foe-text", "The shares are not on their way yet.")
	p.tabTo("#picture")
	p.press(end)
	p.waitForText("#foe-text", "He has the key.")
}

// testAnotherNetwork stops the network, and starts another one at its address.
func testAnotherNetwork(t *testing.T, browser context.Context) {
	var p *page
	var address string
	t.Run("one", func(inner *testing.T) { // runs as long as this
		n := start(inner, sim.Config{})
		address = n.URL()
		p = open(t, browser, address, 1280)
		p.makeKey("Both have the same key")
		p.expect("net::ERR_") // while nothing answers
	})
	p.waitForText("#banner", "The network does not answer since ")
	p.waitFor(`document.getElementById('make').closest('.changing').inert`)
	p.click("#replay")
	p.waitForText("#story-head", "sam asks for a key")
	other := sim.Config{Topology: simtest.Generate(t, topology.Sizes{Hubs: 7, Clients: 3})}
	startAt(t, other, strings.TrimPrefix(address, "http://"))
	p.waitForText("#another", "This is another network now.")
	p.waitFor(`!document.getElementById('another').hidden && document.getElementById('banner').hidden`)
	p.waitForText("#facts", "7 hubs, 3 clients")
	p.waitForText("#story-head", "Make a key and follow it")
	p.makeKey("Both have the same key")
}

func testViewer(t *testing.T, browser context.Context) {
	n := start(t, sim.Config{Viewers: "127.0.0.1:0"})
	p := open(t, browser, n.ViewersURL(), 1280)
	p.waitForText("#watching", "You are watching.")
	if offered := evaluate[[]string](p, `[...document.querySelectorAll('#make, .nodes button, #faults-form button, #faults-clear, #foe-none, .attacker .chip')].filter(e => e.checkVisibility() && !e.disabled).map(e => e.textContent)`); len(offered) > 0 {
		t.Errorf("a viewer could press %q", offered)
	}
	operator := remote(t, n)
	if err := operator.Post(t.Context(), "/sim/v1/exchanges", map[string]string{"master": "sam", "slave": "sofia"}, &struct{}{}); err != nil {
		t.Fatal(err)
	}
	p.waitForText("#past", "sam – sofia")
	p.click("#steps li:last-child button")
	p.waitForText("#story-head", "Both have the same key")
	if evaluate[bool](p, `document.querySelector('#result button') !== null`) {
		t.Error("a viewer could reveal the key")
	}
}

// testWidths looks whether the page keeps to its width, with all of it filled, and whether
// everything that can be used has a name for those who do not see it.
func testWidths(t *testing.T, browser context.Context) {
	top := simtest.Generate(t, topology.Sizes{Hubs: 16, Clients: 32})
	top.Suite = protocol.Python.Name() // which starts sooner
	n := start(t, sim.Config{Topology: top})
	p := open(t, browser, n.URL(), 1280)
	p.makeKey("Both have the same key")
	p.click("#faults-card summary")
	for _, width := range []int{360, 768, 1280, 2560} {
		for _, scheme := range []string{"light", "dark"} {
			p.emulate("prefers-color-scheme", scheme)
			p.do(chromedp.EmulateViewport(int64(width), 900))
			p.waitFor(fmt.Sprintf(`document.querySelector('main').children.length === %d`, columnsAt(width)))
			if got := evaluate[int](p, `document.documentElement.scrollWidth`); got > width {
				t.Errorf("at %d pixels the page is %d wide", width, got)
			}
		}
		if nameless := evaluate[[]string](p, `[...document.querySelectorAll('button, select, input, a, canvas, [role=button], [role=img], [role=region]')]
			.filter(e => !(e.getAttribute('aria-label') || e.getAttribute('aria-labelledby') || e.closest('label')?.textContent.trim() || e.textContent.trim()))
			.map(e => e.outerHTML)`); len(nameless) > 0 {
			t.Errorf("without a name: %q", nameless)
		}
	}
	if twice := evaluate[[]string](p, `[...document.querySelectorAll('[id]')].map(e => e.id).filter((id, i, all) => all.indexOf(id) !== i)`); len(twice) > 0 {
		t.Errorf("these IDs are there twice: %q", twice)
	}
	if small := evaluate[[]string](p, `[...document.querySelectorAll('button, select, input')].filter(e => e.checkVisibility()).map(e => [e.outerHTML, e.getBoundingClientRect().height])
		.filter(([html, height]) => height < 16).map(([html]) => html)`); len(small) > 0 {
		t.Errorf("too small to be hit: %q", small)
	}
}

func columnsAt(width int) int {
	switch {
	case width >= 1900:
		return 3
	case width >= 1100:
		return 2
	}
	return 1
}

func (p *page) emulate(feature, value string) {
	p.Helper()
	features := []*emulation.MediaFeature{{Name: feature, Value: value}}
	if _, err := chromedp.Call(p.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: features}); err != nil {
		p.Fatal(err)
	}
}

// testReducedMotion wants no motion: a step is there at once.
func testReducedMotion(t *testing.T, browser context.Context) {
	p := open(t, browser, start(t, sim.Config{}).URL(), 1280)
	p.emulate("prefers-reduced-motion", "reduce")
	p.do(chromedp.Evaluate[chromedp.Void](`window.frames = 0; { const request = requestAnimationFrame; window.requestAnimationFrame = f => { window.frames++; return request(f) } }`))
	p.click("#make")
	p.waitForText("#story-head", "sam asks for a key")
	p.click("#next")
	p.waitForText("#story-head", "carol splits a key")
	p.click("#play")
	p.waitForText("#story-head", "Each share leaves sealed")
	if frames := evaluate[int](p, `window.frames`); frames > 0 {
		t.Errorf("%d frames are drawn", frames)
	}
}

func testLargeNetwork(t *testing.T, browser context.Context) {
	n := start(t, sim.Config{Topology: large(t)})
	const limit = 2000                       // ms
	p, fastest := (*page)(nil), float64(1e9) // of a few: tests of other packages run at the same time
	for attempt := 0; attempt < 5 && fastest > limit; attempt++ {
		p = open(t, browser, n.URL(), 1280)
		fastest = min(fastest, evaluate[float64](p, `performance.now()`)) // since the navigation began
	}
	if t.Logf("100 hubs and 1000 clients are there after %.0f ms", fastest); fastest > limit {
		t.Errorf("100 hubs and 1000 clients took %.0f ms", fastest)
	}
	p.waitFor(`document.getElementById('stock').getAttribute('aria-label').includes('5,000 associations: 5,000 well stocked')`)
	p.makeKey("Both have the same key")
	p.do(chromedp.SendKeys(chromedp.CSS("#nodes-filter"), "client/client999"))
	p.waitFor(`document.querySelectorAll('#nodes tr').length === 1`)
	p.click("#nodes button")
	p.waitForText("#nodes", "stopped")
	if n.Overview().Clients[998].Running {
		t.Error("the client is still running")
	}
	p.do(chromedp.Evaluate[chromedp.Void](`document.getElementById('stock').focus()`))
	p.press(enter)
	p.waitForText("#stock-part", "client1 to client")
	p.waitForText("#stock-text", "bytes in the emptier pool")
}

// large returns a network of 100 hubs and 1000 clients, which use five each. It needs little PSRD.
func large(t testing.TB) *topology.Topology {
	t.Helper()
	top := simtest.Generate(t, topology.Sizes{Hubs: 100, Clients: 1000, Threshold: 3})
	top.Suite = protocol.Python.Name() // which starts sooner
	top.PSRD = topology.PSRD{BlockSize: 1024, LowWater: 256, HighWater: 1024}
	for i := range top.Clients {
		hubs := make([]string, 5)
		for j := range hubs {
			hubs[j] = top.Hubs[(i/50*5+j)%100].Name // in groups, so that a key for neighbours finds the same hubs
		}
		top.Clients[i].Hubs = hubs
	}
	return top
}
