package docs

import (
	"context"
	"fmt"
	"log/slog"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"dske/node"
	"dske/sim"
	"dske/sim/topology"
)

// documented runs a network with its documentation on a free port until the test ends.
func documented(t *testing.T) *sim.Network {
	t.Helper()
	top, err := topology.Generate(topology.Sizes{Hubs: 3, Clients: 2, Threshold: 2})
	if err != nil {
		t.Fatal(err)
	}
	n, err := sim.New(sim.Config{Topology: top, Transport: sim.Memory, Listen: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	router := node.NewRouter(slog.New(slog.DiscardHandler), nil)
	Mount(router, n)
	n.SetPages(router)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- n.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	if err := n.WaitReady(ctx); err != nil {
		t.Fatal(err)
	}
	return n
}

// openBrowser starts a browser without a window, or skips the test where there is none.
func openBrowser(t *testing.T) context.Context {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("no Chromium is installed; on Debian, apt-get install chromium brings it")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox,
		chromedp.Flag("disable-dev-shm-usage", true), chromedp.WSURLReadTimeout(30*time.Second))
	allocated, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancel)
	ctx, cancel := chromedp.NewContext(allocated)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatal(err)
	}
	limited, cancel := context.WithTimeout(ctx, time.Minute)
	t.Cleanup(cancel)
	return limited
}

// The pages of the port and of a single node send requests to where they are to go.
func TestTryItOut(t *testing.T) {
	browser := openBrowser(t)
	n := documented(t)
	for _, test := range []struct{ page, operation, url, answer string }{
		{"/docs", "ClientgetKey", "/client/client1/etsi/api/v1/keys/sae2/enc_keys", `"key_ID"`},
		{"/docs", "HubgetStatus", "/hub/hub1/mgmt/v1/status", `"peer_clients"`},
		{"/docs", "addFault", "/sim/v1/faults", "{}"},
		{"/client/client2/docs", "getStatus", "/client/client2/mgmt/v1/status", `"encryptor_names"`},
	} {
		operation := fmt.Sprintf(`[id$="-%s"] `, test.operation)
		if err := chromedp.Do(browser,
			chromedp.Navigate(n.URL()+test.page),
			chromedp.Click(chromedp.CSS(operation+".opblock-summary-control"), chromedp.NodeVisible),
			chromedp.Click(chromedp.CSS(operation+".try-out__btn"), chromedp.NodeVisible),
			chromedp.Click(chromedp.CSS(operation+".execute"), chromedp.NodeVisible),
			chromedp.WaitVisible(chromedp.CSS(operation+".live-responses-table")),
		); err != nil {
			t.Fatalf("%s: %v", test.operation, err)
		}
		shown, err := chromedp.Run(browser, chromedp.Text(chromedp.CSS(operation+".responses-inner")))
		if err != nil || !strings.Contains(shown, n.URL()+test.url) || !strings.Contains(shown, "\n200") || !strings.Contains(shown, test.answer) {
			t.Errorf("%s: %v, the page shows %s", test.operation, err, shown)
		}
	}
}
