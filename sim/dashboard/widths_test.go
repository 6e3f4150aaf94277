package dashboard

import (
	"context"
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"

	"dske/protocol"
	"dske/sim"
	"dske/sim/simtest"
	"dske/sim/topology"
)

// testWidths checks that the full page keeps to its width, and that every control has an accessible
// name.
func testWidths(t *testing.T, browser context.Context) {
	clients := 32
	if underRace {
		clients = 8
	}
	top := simtest.Generate(t, topology.Sizes{Hubs: 16, Clients: clients})
	top.Suite = protocol.Python.Name() // starts sooner
	n := start(t, sim.Config{Topology: top})
	p := open(t, browser, n.URL(), 1280)
	p.makeKey("Both have the same key")
	p.use("#faults-card summary")
	p.use("#group") // 68 messages, each in its own row
	for _, width := range []int{360, 768, 1280, 2560} {
		p.do(chromedp.EmulateViewport(int64(width), 900))
		p.waitFor(fmt.Sprintf(`document.querySelector('main').children.length === %d`, columnsAt(width)))
		if got := evaluate[int](p, `document.documentElement.scrollWidth`); got > width {
			t.Errorf("at %d pixels the page is %d wide", width, got)
		}
		if !evaluate[bool](p, headStays) {
			t.Errorf("at %d pixels the heads of the ladder are scrolled away", width)
		}
		if nameless := evaluate[[]string](p, `[...document.querySelectorAll('button, select, input, a, canvas, [role=button], [role=img], [role=region]')]
			.filter(e => !(e.getAttribute('aria-label') || e.getAttribute('aria-labelledby') || e.closest('label')?.textContent.trim() || e.textContent.trim()))
			.map(e => e.outerHTML)`); len(nameless) > 0 {
			t.Errorf("without a name: %q", nameless)
		}
	}
	if twice := evaluate[[]string](p, `[...document.querySelectorAll('[id]')].map(e => e.id).filter((id, i, all) => all.indexOf(id) !== i)`); len(twice) > 0 {
		t.Errorf("these IDs occur twice: %q", twice)
	}
	if small := evaluate[[]string](p, `[...document.querySelectorAll('button, select, input')].filter(e => e.checkVisibility()).map(e => [e.outerHTML, e.getBoundingClientRect().height])
		.filter(([html, height]) => height < 16).map(([html]) => html)`); len(small) > 0 {
		t.Errorf("too small to be hit: %q", small)
	}
}

// headStays is an expression that scrolls the ladder, and is true if its head has not moved.
const headStays = `(box => {
	box.scrollTop = 300;
	const head = box.querySelector('thead th.d').getBoundingClientRect();
	return box.scrollTop === 300 && Math.abs(head.top - box.getBoundingClientRect().top) < 2;
})(document.getElementById('ladder-scroll'))`

func columnsAt(width int) int {
	switch {
	case width >= 1900:
		return 3
	case width >= 1100:
		return 2
	}
	return 1
}
