package command

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"strings"

	"github.com/urfave/cli/v2"

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

// running finds the network that the command is about.
func running(c *cli.Context) (sim.Remote, sim.Overview, error) {
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
