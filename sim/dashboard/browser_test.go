package dashboard

import (
	"context"
	"fmt"
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
		{"key by clicking", testKeyByClicking},
		{"hubs stopped by clicking", testStoppingHubs},
		{"faults", testFaults},
		{"keyboard", testKeyboard},
		{"names", testNames},
		{"reduced motion", testReducedMotion},
		{"narrow", testNarrow},
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
}

// open opens the page of a network in a tab of its own, and waits until it shows the network. When the test ends,
// the console has to be empty, and nothing may have been requested but of the network.
func open(t testing.TB, browser context.Context, n *sim.Network, width int) *page {
	t.Helper()
	ctx, cancel := chromedp.NewContext(browser)
	t.Cleanup(cancel)
	p := &page{TB: t, ctx: ctx, close: cancel}
	t.Cleanup(func() { p.check(n.URL()) })
	if err := chromedp.Listen(ctx, p.listen); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(ctx, network.Enable, network.EnableParams{}); err != nil {
		t.Fatal(err)
	}
	p.do(chromedp.EmulateViewport(int64(width), 900), chromedp.Navigate(n.URL()))
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
		p.complaints = append(p.complaints, e.Entry.Text+" "+e.Entry.URL)
	case *network.EventRequestWillBeSent:
		p.urls = append(p.urls, e.Request.URL)
	}
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

// establish presses the button and waits for a text in the result.
func (p *page) establish(outcome string) {
	p.Helper()
	p.click("#exchange button")
	p.waitFor(fmt.Sprintf(`!document.querySelector('#exchange button').disabled && document.querySelector('#result').textContent.includes(%q)`, outcome))
}

func testKeyByClicking(t *testing.T, browser context.Context) {
	p := open(t, browser, start(t, sim.Config{}), 1280)
	if summary := p.text("#summary"); !strings.HasPrefix(summary, "5 hubs, 5 clients, any 3 shares make a key") {
		t.Errorf("the summary is %q", summary)
	}
	p.establish("Both have the same key")
	if count := evaluate[int](p, `document.querySelectorAll('#ladder .message').length`); count != 12 {
		t.Errorf("the ladder has %d messages", count)
	}
	captions := evaluate[[]string](p, `[...document.querySelectorAll('#ladder .label')].map(e => e.textContent).sort()`)
	want := "GET dec_keys, GET enc_keys" + strings.Repeat(", GET key-share", 5) + strings.Repeat(", POST key-share", 5)
	if got := strings.Join(captions, ", "); got != want {
		t.Errorf("the ladder has %s", got)
	}
	if ends := evaluate[[]string](p, `[...document.querySelectorAll('#result dd.mono')].map(e => e.textContent)`); len(ends) != 4 || ends[0] != ends[2] || ends[1] != ends[3] || len(ends[1]) != 16 {
		t.Errorf("the ends are %q", ends)
	}
	p.waitFor(`document.querySelectorAll('#log tr').length >= 12`)
	p.click("#result button")
	p.waitFor(`document.querySelectorAll('#result dd.mono').length === 6`)
	if ends := evaluate[[]string](p, `[...document.querySelectorAll('#result dd.mono')].slice(4).map(e => e.textContent)`); len(ends[0]) != 44 || ends[0] != ends[1] {
		t.Errorf("%d characters of a key are revealed", len(ends[0]))
	}
	p.click("#result button")
	p.waitFor(`document.querySelectorAll('#result dd.mono').length === 4`)
}

func testStoppingHubs(t *testing.T, browser context.Context) {
	n := start(t, sim.Config{})
	p := open(t, browser, n, 1280)
	p.click(`#picture [aria-label="hub hank, running"]`)
	p.click("#selected button")
	p.waitFor(`document.querySelector('#picture [aria-label="hub hank, stopped"]') !== null`)
	p.establish("Both have the same key")
	for _, hub := range []string{"helen", "hugo"} {
		p.click(fmt.Sprintf(`#nodes [data-node="hub/%s"]`, hub))
		p.waitFor(fmt.Sprintf(`document.querySelector('#picture [aria-label="hub %s, stopped"]') !== null`, hub))
	}
	p.establish("Could not scatter enough shares for key")
	if result := p.text("#result"); !strings.Contains(result, "hank: Node is stopped") || !strings.Contains(result, "hugo: Node is stopped") {
		t.Errorf("the result is %q", result)
	}
	p.waitFor(`document.querySelectorAll('#ladder .message.failed').length === 4`) // three shares and the request
	p.click("#selected button")
	p.waitFor(`document.querySelector('#picture [aria-label="hub hank, running"]') !== null`)
	p.establish("Both have the same key")
}

func testFaults(t *testing.T, browser context.Context) {
	n := start(t, sim.Config{})
	p := open(t, browser, n, 1280)
	p.do(chromedp.SendKeys(chromedp.CSS("#fault"), "drop to=hub/hank method=POST\r"))
	p.waitFor(`document.querySelector('#faults code')?.textContent === 'drop to=hub/hank method=POST'`)
	p.establish("Both have the same key")
	p.waitFor(`document.querySelector('#faults').textContent.includes('fired 2 times')`)
	p.do(chromedp.Click(chromedp.CSS("#log-failed")))
	p.waitFor(`(answers => answers.includes('no answer (drop)') && !answers.includes('200'))` +
		`([...document.querySelectorAll('#log td')].map(cell => cell.textContent))`)
	p.click("#faults-clear")
	p.waitFor(`document.querySelector('#faults').textContent === 'There are none.'`)
	if faults := n.Faults(); len(faults) != 0 {
		t.Errorf("there are still %v", faults)
	}
}

// testKeyboard goes through the page with the tab key alone.
func testKeyboard(t *testing.T, browser context.Context) {
	p := open(t, browser, start(t, sim.Config{}), 1280)
	focused := func() string {
		return evaluate[string](p, `(() => { const e = document.activeElement; return e.id || e.getAttribute('aria-label') || e.textContent })()`)
	}
	var seen []string
	for len(seen) < 60 && (len(seen) == 0 || seen[len(seen)-1] != "Establish key") {
		p.do(chromedp.KeyEvent("\t"))
		seen = append(seen, focused())
	}
	order := strings.Join(seen, "|")
	for _, want := range []string{"client carol, running|client celia, running", "hub hugo, running|master|slave|Establish key"} {
		if !strings.Contains(order, want) {
			t.Errorf("the focus goes %s", order)
		}
	}
	p.do(chromedp.KeyEvent("\r"))
	p.waitFor(`document.querySelector('#result').textContent.includes('Both have the same key')`)
}

// testNames looks whether everything that can be used has a name for those who do not see it, and every picture.
func testNames(t *testing.T, browser context.Context) {
	p := open(t, browser, start(t, sim.Config{}), 1280)
	p.establish("Both have the same key")
	if nameless := evaluate[[]string](p, `[...document.querySelectorAll('button, select, input, a, [role=button], [role=img], [role=region]')]
		.filter(e => !(e.getAttribute('aria-label') || e.getAttribute('aria-labelledby') || e.closest('label')?.textContent.trim() || e.textContent.trim()))
		.map(e => e.outerHTML)`); len(nameless) > 0 {
		t.Errorf("without a name: %q", nameless)
	}
	if twice := evaluate[[]string](p, `[...document.querySelectorAll('[id]')].map(e => e.id).filter((id, i, all) => all.indexOf(id) !== i)`); len(twice) > 0 {
		t.Errorf("these IDs are there twice: %q", twice)
	}
}

// testReducedMotion wants no motion: the lines of the messages light up instead.
func testReducedMotion(t *testing.T, browser context.Context) {
	p := open(t, browser, start(t, sim.Config{}), 1280)
	feature := &emulation.MediaFeature{Name: "prefers-reduced-motion", Value: "reduce"}
	if _, err := chromedp.Call(p.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{feature}}); err != nil {
		t.Fatal(err)
	}
	p.do(chromedp.Evaluate[chromedp.Void](`new MutationObserver(changes => { for (const c of changes) {
		if (c.target.classList.contains('flash')) window.flashed = true;
		for (const e of c.addedNodes) if (e.classList?.contains('dot')) window.moved = true;
	} }).observe(document.getElementById('picture'), { subtree: true, childList: true, attributes: true })`))
	p.establish("Both have the same key")
	p.waitFor(`window.flashed`)
	if evaluate[bool](p, `Boolean(window.moved)`) {
		t.Error("something moves")
	}
}

// testNarrow looks whether the page keeps to its width, with all of it filled.
func testNarrow(t *testing.T, browser context.Context) {
	n := start(t, sim.Config{Topology: simtest.Generate(t, topology.Sizes{Hubs: 16, Clients: 32})})
	for _, width := range []int{360, 2560} {
		p := open(t, browser, n, width)
		p.establish("Both have the same key")
		p.do(chromedp.Click(chromedp.CSS("details summary")))
		if got := evaluate[int](p, `document.documentElement.scrollWidth`); got != width {
			t.Errorf("at %d pixels the page is %d wide", width, got)
		}
		if lines := evaluate[int](p, `document.querySelectorAll('#picture .association').length`); lines != 16*32 {
			t.Errorf("%d lines between clients and hubs", lines)
		}
		p.close()
	}
}

func testLargeNetwork(t *testing.T, browser context.Context) {
	n := start(t, sim.Config{Topology: large(t)})
	const limit = 2000                       // ms
	p, fastest := (*page)(nil), float64(1e9) // of a few: tests of other packages run at the same time
	for attempt := 0; attempt < 5 && fastest > limit; attempt++ {
		p = open(t, browser, n, 1280)
		fastest = min(fastest, evaluate[float64](p, `performance.now()`)) // since the navigation began
	}
	if t.Logf("100 hubs and 1000 clients are there after %.0f ms", fastest); fastest > limit {
		t.Errorf("100 hubs and 1000 clients took %.0f ms", fastest)
	}
	if heat := p.text("#picture"); !strings.Contains(heat, "5,000 associations are well stocked") {
		t.Errorf("the heat map says %q", heat)
	}
	p.establish("Both have the same key")
	p.do(chromedp.SendKeys(chromedp.CSS("#nodes-filter"), "client/client999"))
	p.waitFor(`document.querySelectorAll('#nodes tr').length === 1`)
	p.click("#nodes button")
	p.waitFor(`document.querySelector('#nodes').textContent.includes('stopped')`)
	if n.Overview().Clients[998].Running {
		t.Error("the client is still running")
	}
}

// large returns a network of 100 hubs and 1000 clients, which use five each. It needs little PSRD.
func large(t testing.TB) *topology.Topology {
	t.Helper()
	top := simtest.Generate(t, topology.Sizes{Hubs: 100, Clients: 1000, Threshold: 3})
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
