package command

import (
	"net"
	"net/url"
	"strings"

	"github.com/urfave/cli/v2"

	"dske/sim"
	"dske/sim/secret"
	"dske/sim/topology"
)

// divide determines which nodes of the topology run here, and how the clients prove to the others
// who they are.
func divide(c *cli.Context, config *sim.Config) error {
	t := config.Topology
	if c.IsSet("only") {
		if err := t.RunOnly(strings.Split(c.String("only"), ",")); err != nil {
			return usagef("--only: %w", err)
		}
	}
	isPart := len(t.Elsewhere()) > 0
	if !isPart && !c.IsSet("secret-file") {
		return nil
	}
	file, err := secretFile(c)
	if err != nil {
		return err
	}
	shared, err := secret.Open(file)
	if err != nil {
		return err
	}
	config.Tokens = shared.Token
	if address := ownAddress(t, config.TLS != ""); isPart && address != "" && !c.IsSet("listen") {
		config.Listen = address
	}
	return nil
}

// secretFile returns the name of the file with the secret of the network.
func secretFile(c *cli.Context) (string, error) {
	switch name := c.Args().First(); {
	case c.IsSet("secret-file"):
		return c.String("secret-file"), nil
	case name == "" || name == "-":
		return "", usagef("there is no topology file beside which the secret of the network could be: name it with --secret-file")
	default:
		return name + ".secret", nil
	}
}

// ownAddress returns the address in the URLs of the nodes that run here, or "" if they have none,
// or more than one, or if it is not local to this host.
func ownAddress(t *topology.Topology, secure bool) string {
	address := ""
	for _, text := range ownURLs(t) {
		u, err := url.Parse(text)
		if err != nil || (u.Scheme == "https") != secure || address != "" && u.Host != address || u.Port() == "" {
			return ""
		}
		if ip := net.ParseIP(u.Hostname()); u.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback()) {
			return ""
		}
		address = u.Host
	}
	return address
}

// ownURLs returns the URLs of the nodes that run here, as far as they have one.
func ownURLs(t *topology.Topology) []string {
	var urls []string
	for _, h := range t.Hubs {
		if !h.Elsewhere && h.URL != "" {
			urls = append(urls, h.URL)
		}
	}
	for _, c := range t.Local() {
		if c.URL != "" {
			urls = append(urls, c.URL)
		}
	}
	return urls
}
