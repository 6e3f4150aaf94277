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
)

// maxWait is how long a test waits for something to appear on the page.
const maxWait = 2 * time.Minute

// page is the dashboard in a tab.
type page struct {
	testing.TB
	ctx         context.Context
	address     string
	hasKeysOnly bool // used without a mouse

	mu         sync.Mutex
	complaints []string // messages on the console
	urls       []string // requested URLs
	expected   string   // part of the browser's messages about requests that fail on purpose; empty: none expected
}

// open opens the page of a network in a tab of its own, and waits until it shows the network. When
// the test ends, the console must be empty, and only URLs of the network may have been requested.
func open(t testing.TB, browser context.Context, address string, width int) *page {
	t.Helper()
	ctx, cancel := chromedp.NewContext(browser)
	t.Cleanup(cancel)
	p := &page{TB: t, ctx: ctx, address: address}
	t.Cleanup(p.check)
	if err := chromedp.Listen(ctx, p.listen); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(ctx, network.Enable, network.EnableParams{}); err != nil {
		t.Fatal(err)
	}
	p.do(chromedp.EmulateViewport(int64(width), 900))
	p.load()
	return p
}

// load reloads the page in the same tab.
func (p *page) load() {
	p.Helper()
	p.do(chromedp.Navigate(p.address))
	p.waitFor(`document.body.dataset.ready === ''`)
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

// expect sets which failed requests the browser may report on the console.
func (p *page) expect(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.expected = text
}

// quiet fails the test if anything is on the console, and expects nothing from now on.
func (p *page) quiet() {
	p.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, complaint := range p.complaints {
		p.Errorf("on the console: %s", complaint)
	}
	p.complaints, p.expected = nil, ""
}

func (p *page) check() {
	p.quiet()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, requested := range p.urls {
		if u, err := url.Parse(requested); err != nil || u.Scheme+"://"+u.Host != p.address {
			p.Errorf("%s is requested", requested)
		}
	}
	if len(p.urls) < 15 {
		p.Errorf("only %q are requested; does this test see all of them?", p.urls)
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

// waitForText waits until an element contains a text.
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

func (p *page) emulate(feature, value string) {
	p.Helper()
	features := []*emulation.MediaFeature{{Name: feature, Value: value}}
	if _, err := chromedp.Call(p.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: features}); err != nil {
		p.Fatal(err)
	}
}
