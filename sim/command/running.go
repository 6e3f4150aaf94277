package command

import (
	"cmp"
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"dske/node"
	"dske/sim"
	"dske/sim/certs"
)

const defaultAddress = "127.0.0.1:8100"

// How long commands wait for a network. Making a key may take a minute.
const (
	contactTimeout = 10 * time.Second // for the first answer, which says that a network is there
	answerTimeout  = 90 * time.Second // for every further one
)

// The flags that name a running network.
var networkFlags = []cli.Flag{
	&cli.StringFlag{Name: "url", Usage: "the `URL` of the running network", DefaultText: "http://" + defaultAddress + ", or https with --tls"},
	&cli.StringFlag{Name: "tls", Usage: "speak TLS with the certificates in `DIR`"},
	&cli.DurationFlag{Name: "timeout", Usage: "wait `TIME` for each answer", DefaultText: fmt.Sprintf("%v for the first, %v for others", contactTimeout, answerTimeout)},
}

// networkURL returns the URL of the running network: of the first process, if there are several.
func networkURL(c *cli.Context) string { return networkURLs(c)[0] }

// networkURLs returns the URLs of all processes of the running network that flags name.
func networkURLs(c *cli.Context) []string {
	if !c.IsSet("url") {
		if c.IsSet("tls") {
			return []string{"https://" + defaultAddress}
		}
		return []string{"http://" + defaultAddress}
	}
	urls := c.StringSlice("url") // nil, if the flag takes one
	if urls == nil {
		urls = []string{c.String("url")}
	}
	for i, url := range urls {
		urls[i] = strings.TrimSuffix(url, "/")
	}
	return urls
}

// httpClient returns the HTTP client for a network. It shows a certificate if the network speaks
// TLS, and has a timeout.
func httpClient(c *cli.Context, shown func(certs.Directory) certs.Pair) (*http.Client, error) {
	dir := certs.Directory(c.String("tls"))
	timeout := cmp.Or(c.Duration("timeout"), answerTimeout)
	if dir == "" {
		return &http.Client{Timeout: timeout}, nil
	}
	config, err := dir.Client(shown(dir))
	if err != nil {
		return nil, err
	}
	client := overTLS(config)
	client.Timeout = timeout
	return client, nil
}

func overTLS(config *tls.Config) *http.Client {
	return &http.Client{Transport: &http.Transport{TLSClientConfig: config}}
}

// checkURL returns an error unless the value of a flag is a URL.
func checkURL(flag, text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return usagef("--%s: %q is not a URL such as http://%s", flag, text, defaultAddress)
	}
	return nil
}

// checkNodes returns an error if one of the names cannot be that of a node.
func checkNodes(names []string) error {
	for _, name := range names {
		kind, rest, _ := strings.Cut(name, "/")
		if kind != string(node.KindHub) && kind != string(node.KindClient) || rest == "" {
			return usagef("%q is not the name of a node, such as hub/hank or client/carol; dske status lists them", name)
		}
	}
	return nil
}

// checkKnown returns an error if the network lacks one of the nodes.
func checkKnown(o sim.Overview, names []string) error {
	known := o.Nodes()
	for _, name := range names {
		if !slices.Contains(known, name) {
			return fmt.Errorf("there is no node %s; dske status lists them", name)
		}
	}
	return nil
}

// running finds the network that the flags name.
func running(c *cli.Context) (sim.Remote, sim.Overview, error) { return runningAt(c, networkURL(c)) }

// runningAt finds the network at a URL.
func runningAt(c *cli.Context, url string) (sim.Remote, sim.Overview, error) {
	if err := checkURL("url", url); err != nil {
		return sim.Remote{}, sim.Overview{}, err
	}
	client, err := httpClient(c, certs.Directory.Operator)
	if err != nil {
		return sim.Remote{}, sim.Overview{}, err
	}
	remote := sim.Remote{URL: url, HTTP: client}
	timeout := cmp.Or(c.Duration("timeout"), contactTimeout)
	ctx, cancel := context.WithTimeout(c.Context, timeout)
	defer cancel()
	overview, err := remote.Topology(ctx)
	if c.Context.Err() == nil && ctx.Err() != nil {
		err = fmt.Errorf("no answer within %v", timeout)
	}
	if err != nil {
		err = fmt.Errorf("no network answers at %s (%w); start one with dske run, or name it with --url, and with --tls if it speaks TLS", remote.URL, err)
	}
	return remote, overview, err
}
