package docs

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"dske/sim"
	"dske/sim/simtest"
	"dske/sim/topology"
)

// documented runs a network with its documentation on a free port until the test ends.
func documented(t *testing.T) *sim.Network {
	t.Helper()
	top := simtest.Generate(t, topology.Sizes{Hubs: 3, Clients: 2, Threshold: 2})
	return simtest.Start(t, sim.Config{Topology: top, Listen: "127.0.0.1:0", Pages: Mount})
}

// The pages of the port and of a single node send requests to the right place.
func TestTryItOut(t *testing.T) {
	browser, cancel := context.WithTimeout(simtest.Browser(t), 3*time.Minute)
	defer cancel()
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
