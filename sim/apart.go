package sim

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"time"

	"dske/node"
)

// How long to wait for a node that runs elsewhere.
const (
	askTimeout  = time.Second            // for an answer about its state
	askPatience = 300 * time.Millisecond // by those who ask; after that, the last known state counts
)

const stateUnreachable = "unreachable"

// apart is a node of the network that runs in another process. Its state is requested under its own
// URL: from the network's own interface, which a node has under its path, or else from its
// management interface.
type apart struct {
	place *place
	url   string // its base
	hubs  int    // of a client: the number of hubs that it uses
	proxy http.Handler

	mu    sync.Mutex
	asked chan struct{} // closed when the question under way is answered; nil: no question is under way
	known report
	at    time.Time // when the report was received
}

// report is the last known state of a node that runs elsewhere: that of its kind.
type report struct {
	process string // that runs the node, by the name that it gave itself; empty: it is not of this program
	hub     HubSnapshot
	client  ClientSnapshot
}

func newApart(p *place, url string, hubs int) *apart {
	a := &apart{place: p, url: url, hubs: hubs}
	a.known.unreachable(a)
	a.proxy = a.newProxy()
	return a
}

// elsewhere returns the base URL of the node if it runs in another process, and "" otherwise.
func (p *place) elsewhere() string {
	if p.apart == nil {
		return ""
	}
	return p.apart.url
}

// base returns the URL of the node, under which others reach it. It is valid once the port is open.
func (p *place) base() string {
	if p.apart != nil {
		return p.apart.url
	}
	return p.network.url + p.prefix()
}

// IsPart reports whether some of the network runs in other processes.
func (n *Network) IsPart() bool { return n.isPart }

// askElsewhere asks all nodes that run elsewhere for their state, and waits a short time for the
// answers. It does not ask nodes whose state is not older than recent.
func (n *Network) askElsewhere(ctx context.Context, recent time.Duration) {
	if !n.IsPart() || n.running == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, askPatience)
	defer cancel()
	var questions []<-chan struct{}
	for _, p := range n.places {
		if p.apart != nil && !p.apart.isKnown(recent) {
			questions = append(questions, p.apart.ask())
		}
	}
	for _, answered := range questions {
		select {
		case <-answered:
		case <-ctx.Done():
			return
		}
	}
}

// ask asks the node for its state, unless a question is under way, and returns a channel that is
// closed when the answer is there.
func (a *apart) ask() <-chan struct{} {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.asked != nil {
		return a.asked
	}
	asked := make(chan struct{})
	a.asked = asked
	a.place.network.tasks.Go(func() {
		defer close(asked)
		ctx, cancel := context.WithTimeout(a.place.network.running, askTimeout)
		defer cancel()
		known, err := a.question(ctx)
		if err != nil {
			a.place.network.config.Logger.Debug("node elsewhere does not report its state", "node", a.place.path(), "url", a.url, "error", err)
		}
		a.mu.Lock()
		defer a.mu.Unlock()
		a.known, a.asked, a.at = known, nil, time.Now()
	})
	return asked
}

func (a *apart) report() report {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.known
}

// isKnown reports whether the last known state of the node is not older than recent.
func (a *apart) isKnown(recent time.Duration) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.known.process != "" && time.Since(a.at) < recent
}

func (a *apart) hub() HubSnapshot { return a.report().hub }

func (a *apart) client() ClientSnapshot { return a.report().client }

func (a *apart) isRunning() bool {
	known := a.report()
	return known.hub.Running || known.client.Running
}

// remote returns the client of the node's own part of the network's interface.
func (a *apart) remote() Remote {
	return Remote{URL: a.url, HTTP: &http.Client{Transport: a.place.network.abroad.common}}
}

// start starts the node.
func (a *apart) start(ctx context.Context) error {
	_, err := a.remote().call(ctx, http.MethodPost, pathControl+"/start", "")
	return a.explain(err)
}

// stop stops the node. A node of another implementation may stop after this returns.
func (a *apart) stop(ctx context.Context) error {
	_, err := a.remote().call(ctx, http.MethodPost, pathControl+"/stop", "")
	if isUnknownPath(err) {
		_, err = a.remote().call(ctx, http.MethodPost, "/mgmt/v1/stop", "")
	}
	return a.explain(err)
}

// lie makes a hub lie, or honest again.
func (a *apart) lie(lies bool) error {
	ctx, cancel := context.WithTimeout(context.Background(), askTimeout)
	defer cancel()
	method := http.MethodDelete
	if lies {
		method = http.MethodPut
	}
	_, err := a.remote().call(ctx, method, pathControl+"/corrupt", "")
	return a.explain(err)
}

// explain explains an error of a node that runs elsewhere.
func (a *apart) explain(err error) error {
	var said *node.Error
	switch {
	case err == nil:
		return nil
	case isUnknownPath(err):
		return &node.Error{Status: http.StatusBadRequest, Message: "The node runs elsewhere, in a process of another program: that cannot be done from here.",
			Details: a.details()}
	case errors.As(err, &said):
		return err
	}
	return a.unreachable(err)
}

func (a *apart) unreachable(why error) *node.Error {
	details := a.details()
	details["reason"] = why.Error()
	return &node.Error{Status: http.StatusServiceUnavailable, Message: "The node runs elsewhere and does not answer.", Details: details}
}

func (a *apart) details() map[string]any {
	return map[string]any{"node": a.place.path(), "url": a.url}
}

// isUnknownPath reports whether an error comes from a node without the network's own interface.
func isUnknownPath(err error) bool {
	var said *node.Error
	return errors.As(err, &said) && (said.Status == http.StatusNotFound || said.Status == http.StatusMethodNotAllowed)
}

// InTheClear reports whether requests to a URL leave this host unencrypted.
func InTheClear(base string) bool {
	u, err := url.Parse(base)
	if err != nil || u.Scheme != "http" {
		return false
	}
	name := hostname(u.Host)
	ip, err := netip.ParseAddr(name)
	isHere := name == "localhost" || strings.HasSuffix(name, hostSuffix) || err == nil && ip.IsLoopback()
	return !isHere
}

// validateElsewhere returns an error if the configuration does not fit the nodes that run
// elsewhere.
func (c *Config) validateElsewhere() error {
	nodes := c.Topology.Elsewhere()
	if len(nodes) == 0 {
		return nil
	}
	if c.Virtual {
		return errors.New("a network in virtual time cannot have nodes elsewhere")
	}
	if c.Tokens == nil && len(c.Topology.Own()) > 0 {
		return errors.New("nodes run elsewhere, but nothing says how the clients prove to them who they are")
	}
	if len(nodes) == len(c.Topology.Nodes()) {
		return errors.New("every node has a url, so none runs here: name those that are to run here")
	}
	for _, name := range c.Topology.Nodes() {
		if url, isAway := nodes[name]; isAway && InTheClear(url) {
			return fmt.Errorf("%s is at %s, and PSRD, tokens and the management would travel there in the clear: "+
				"use https, with certificates of dske certs (and TLS here too), or an address of this host", name, url)
		}
	}
	if c.TLS == "" && c.Listen != "" && InTheClear("http://"+c.Listen) {
		return fmt.Errorf("nodes that run elsewhere would get PSRD from %s in the clear: "+
			"speak TLS with certificates of dske certs, or listen on 127.0.0.1 behind something that does", c.Listen)
	}
	return nil
}
