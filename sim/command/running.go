package command

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"dske/node"
	"dske/sim"
	"dske/sim/certs"
)

const defaultAddress = "127.0.0.1:8100"

// The flags that name a running network.
var networkFlags = []cli.Flag{
	&cli.StringFlag{Name: "url", Usage: "of the running network (default: \"http://" + defaultAddress + "\", https with --tls)"},
	&cli.StringFlag{Name: "tls", Usage: "the certificates in `DIR` with which it speaks TLS"},
}

// networkURL returns the URL of the running network.
func networkURL(c *cli.Context) string {
	switch {
	case c.IsSet("url"):
		return strings.TrimSuffix(c.String("url"), "/")
	case c.IsSet("tls"):
		return "https://" + defaultAddress
	default:
		return "http://" + defaultAddress
	}
}

// httpClient returns the HTTP client to a network, one that shows a certificate if the network speaks
// TLS.
func httpClient(c *cli.Context, shown func(certs.Directory) certs.Pair) (*http.Client, error) {
	dir := certs.Directory(c.String("tls"))
	if dir == "" {
		return http.DefaultClient, nil
	}
	config, err := dir.Client(shown(dir))
	if err != nil {
		return nil, err
	}
	return overTLS(config), nil
}

func overTLS(config *tls.Config) *http.Client {
	return &http.Client{Transport: &http.Transport{TLSClientConfig: config}}
}

// checkURL returns why a text is not the URL of a network, if so.
func checkURL(text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return usagef("--url: %q is no URL such as http://%s", text, defaultAddress)
	}
	return nil
}

// checkNodes returns an error if a name cannot be that of a node.
func checkNodes(names []string) error {
	for _, name := range names {
		kind, rest, _ := strings.Cut(name, "/")
		if kind != string(node.KindHub) && kind != string(node.KindClient) || rest == "" {
			return usagef("%q is no node, such as hub/hank or client/carol; dske status lists them", name)
		}
	}
	return nil
}

// checkKnown returns an error if the network has no such node.
func checkKnown(o sim.Overview, names []string) error {
	known := o.Nodes()
	for _, name := range names {
		if !slices.Contains(known, name) {
			return fmt.Errorf("there is no node %s; dske status lists them", name)
		}
	}
	return nil
}

// running finds the network that the command is about.
func running(c *cli.Context) (sim.Remote, sim.Overview, error) {
	if err := checkURL(networkURL(c)); err != nil {
		return sim.Remote{}, sim.Overview{}, err
	}
	client, err := httpClient(c, certs.Directory.Operator)
	if err != nil {
		return sim.Remote{}, sim.Overview{}, err
	}
	remote := sim.Remote{URL: networkURL(c), HTTP: client}
	overview, err := remote.Topology(c.Context)
	if err != nil {
		err = fmt.Errorf("no network answers at %s (%w); start one with dske run, or name it with --url, and with --tls if it speaks TLS", remote.URL, err)
	}
	return remote, overview, err
}
