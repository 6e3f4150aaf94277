package sim

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/labstack/echo/v4"

	"dske/node"
	"dske/protocol"
	"dske/sim/certs"
	"dske/sim/topology"
	"dske/sim/wire"
)

// The ways in which nodes reach each other.
const (
	Loopback = wire.Loopback // HTTP through the port
	Memory   = wire.Memory   // direct calls
)

// Config is what a network needs. Only Topology is required.
type Config struct {
	Topology  *topology.Topology
	Transport string          // Loopback (default) or Memory
	Listen    string          // address of the port, e.g. 127.0.0.1:8100; may be empty with Memory: no port
	TLS       certs.Directory // if not empty, the ports speak mutual TLS with its certificates
	TLSAll    bool            // every caller must show a certificate, not just SAEs
	KMEListen []string        // addresses for the clients' ETSI API and SKIP, in the order of the clients; may be empty
	Streams   []string        // addresses for the clients' streams of ETSI GS QKD 004, which need TLS; same order; may be empty
	Strict    bool            // a 401 of the ETSI API and of SKIP has no body, as in the standard
	Viewers   string          // address of a read-only port for viewers; empty: none
	Seed      *uint64         // makes the secrets of all nodes reproducible, and so no longer secret
	Virtual   bool            // the network runs in a bubble, see sim/virtual; needs Memory and no ports
	Logger    *slog.Logger

	// Tokens returns the secret token with which a client of the network proves its identity out of
	// band. It must return the same in all processes of a network, each time. It is required if
	// nodes run elsewhere; nil: the network draws the tokens.
	Tokens func(client string) string

	// Pages adds routes that belong neither to a node nor to the network's own interface under
	// /sim/v1, such as the dashboard. Nil: none.
	Pages func(n *Network, router *echo.Echo)

	Single bool // requests never share messages

	// Data is the directory in which nodes keep their state through a crash, each below its kind
	// and name, or MemoryData. Empty: all state is in memory, and a node that stops forgets it.
	Data      string
	FreshPSRD bool // with Data: throw away all blocks of PSRD at each start

	Suite protocol.Suite // replaces the suite of the topology, with the same name: for experiments with its measures

	Audit bool // check that no byte of PSRD is used twice; see [Network.Violations]

	ShareTTL   time.Duration // how long hubs keep shares, and clients parts of keys; default 1 h
	HubTimeout time.Duration // how long a client waits for a hub's answer to one message; default 5 s

	RequestTimeout time.Duration // limit for answering a request of an encryptor; default 1 min
}

func (c *Config) validate() error {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	c.HubTimeout = cmp.Or(c.HubTimeout, node.DefaultHubTimeout)
	switch {
	case c.Topology == nil:
		return errors.New("no topology")
	case c.Transport == "":
		c.Transport = Loopback
	}
	if c.Virtual && (c.Transport == Loopback || c.Listen != "" || len(c.KMEListen) > 0 || len(c.Streams) > 0) {
		return errors.New("a network in virtual time has no ports: use the memory transport")
	}
	if c.Transport == Loopback && c.Listen == "" {
		return errors.New("the loopback transport needs an address to listen on")
	}
	if err := c.validateElsewhere(); err != nil {
		return err
	}
	if c.TLSAll && c.TLS == "" {
		return errors.New("callers can show certificates only over TLS: name a directory with certificates")
	}
	if c.FreshPSRD && c.Data == "" {
		return errors.New("without a directory for data, nothing is kept, and PSRD is fresh at each start anyway")
	}
	if c.Topology.PSRD.Files > 0 && c.Data == "" {
		return errors.New("PSRD that comes in files must outlive the process, or each start would need new files: name a directory for data")
	}
	if len(c.Streams) > 0 && c.TLS == "" {
		return errors.New("streams of ETSI GS QKD 004 need TLS: name a directory with certificates")
	}
	clients := len(c.Topology.Local())
	for _, list := range [][]string{c.KMEListen, c.Streams} {
		if len(list) > 0 && len(list) != clients {
			return fmt.Errorf("%d addresses for the interfaces of %d clients", len(list), clients)
		}
	}
	return nil
}
