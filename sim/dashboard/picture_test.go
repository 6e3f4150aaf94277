package dashboard

import (
	"flag"
	"os"
	"testing"

	cdp "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"dske/protocol"
	"dske/sim"
	"dske/sim/simtest"
	"dske/sim/topology"
)

var picture = flag.String("picture", "", "the `FILE` that TestPicture writes")

// TestPicture makes the picture at the top of the README: an attacker in two hubs knows as little
// as the client that has two shares.
func TestPicture(t *testing.T) {
	if *picture == "" {
		t.Skip("use make picture, which names a file")
	}
	top := topology.Reference()
	top.Suite = protocol.ITS.Name()
	p := open(t, simtest.Browser(t), start(t, sim.Config{Topology: top}).URL(), 1280)
	p.breakInto("hank")
	p.breakInto("hugo")
	p.makeKey("Both have the same key")
	p.waitForText("#foe-text", "One more share needed")
	p.use(`#steps button[aria-label$="Two shares: still nothing"]`)
	p.waitForText("#foe-suites", "Can test guesses")
	p.do(chromedp.EmulateViewport(1280, 830), chromedp.Evaluate[chromedp.Void](`scrollTo(0, 0); document.activeElement.blur()`))
	p.waitForText("#picture .count", "2 of 3 shares")
	shot, err := chromedp.Call(p.ctx, cdp.CaptureScreenshot, cdp.CaptureScreenshotParams{})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(*picture, shot.Data, 0o644); err != nil {
		t.Fatal(err)
	}
}
