package command

import (
	"cmp"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"dske/node"
	"dske/node/conformance"
	"dske/protocol"
	"dske/sim"
)

// checkClient acts as the hubs of a client, prints how to start the client, checks it when it has
// registered, prints a table of the checks, and fails if one of them does.
func checkClient(c *cli.Context) error {
	address, suite, err := checkedNode(c, node.KindClient)
	if err != nil {
		return err
	}
	number, listen := c.Int("hubs"), c.String("listen")
	threshold := cmp.Or(c.Int("threshold"), number/2+1)
	switch {
	case number < 3 || number > protocol.MaxHubs || threshold < 2 || threshold >= number:
		return usagef("%d hubs with a threshold of %d cannot be checked: 2 <= threshold < hubs <= %d", number, threshold, protocol.MaxHubs)
	case sim.InTheClear("http://" + listen):
		return usagef("--listen: PSRD would travel to %s in the clear: use an address of this host", listen)
	case strings.HasPrefix(address, "https:"):
		return usagef("clients are checked without TLS: start it without, on an address of this host")
	}
	listener, err := net.Listen("tcp", listen)
	if err != nil {
		return fmt.Errorf("%w; name another address with --listen, or port 0 for a free one", err)
	}
	hubs := conformance.NewHubs(suite, number, c.String("peer"))
	stop := serveHubs(listener, hubs)
	defer stop()
	tellHowToStart(c, address, suite, "http://"+listener.Addr().String(), hubs.Paths(), threshold)
	checked := conformance.Client{URL: address, Suite: suite, Threshold: threshold, Hubs: hubs, Wait: c.Duration("wait")}
	results, err := checked.Run(c.Context)
	if err != nil {
		return err
	}
	return printChecks(c, address, nodeClauseWidth, results)
}

// serveHubs serves hubs until stop is called.
func serveHubs(listener net.Listener, hubs http.Handler) (stop func()) {
	server := &http.Server{Handler: hubs, ReadHeaderTimeout: 10 * time.Second}
	done := make(chan struct{})
	go func() {
		defer close(done)
		server.Serve(listener) // until it is closed
	}()
	return func() {
		server.Close()
		<-done
	}
}

// tellHowToStart prints how to start a client so that its hubs are those of the checker.
func tellHowToStart(c *cli.Context, address string, suite protocol.Suite, base string, paths []string, threshold int) {
	u, err := url.Parse(address)
	if err != nil { // cannot happen: it was parsed before
		return
	}
	name, ours, theirs := path.Base(u.Path), "", ""
	for _, p := range paths {
		ours += " --hub " + base + p
		theirs += " " + base + p
	}
	w := c.App.Writer
	fmt.Fprintf(w, "waiting for the client; start it with\n  dske node client %s --suite %s --threshold %d --encryptor conformance-sae --listen %s%s\n", name, suite.Name(), threshold, u.Host, ours)
	if suite == protocol.Python {
		fmt.Fprintf(w, "or, if it is one of dske-python,\n  python -m client %s --port %s --encryptors conformance-sae --hubs%s\n", name, u.Port(), theirs)
	}
}
