package command

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/urfave/cli/v2"

	"dske/sim"
)

const (
	kmePorts    = "kme-port-base"
	streamPorts = "004-port-base"
)

// portBases are the only number flags that may be 0.
var portBases = []string{kmePorts, streamPorts}

// portFlags say which ports of their own clients have.
var portFlags = []cli.Flag{
	&cli.IntFlag{Name: kmePorts, Usage: "serve the ETSI API and SKIP of each client also on a port of its own, from `P` on; 0 picks free ones", DefaultText: "no such ports"},
	&cli.IntFlag{Name: streamPorts, Usage: "with --tls: serve streams of ETSI GS QKD 004 on a port for each client, from `P` on, usually 25575; 0 picks free ones", DefaultText: "no such ports"},
	&cli.StringFlag{Name: "kme-addresses", Usage: "with --kme-port-base or --004-port-base: put each client, in the order of the topology, on an address of its own, as `HOST,HOST`; all have the port P then", DefaultText: "the host of --listen"},
}

// addPorts adds the addresses of the clients' own ports.
func addPorts(c *cli.Context, config *sim.Config) error {
	hosts, err := hostsOf(c, config)
	if err != nil {
		return err
	}
	taken := map[string]string{config.Listen: "--listen"}
	add := func(flag string, to *[]string) error {
		if !c.IsSet(flag) {
			return nil
		}
		addresses, err := portsFrom(flag, c.Int(flag), hosts, !c.IsSet("kme-addresses"))
		if err != nil {
			return err
		}
		*to = addresses
		return checkTaken(taken, flag, addresses)
	}
	return cmp.Or(add(kmePorts, &config.KMEListen), add(streamPorts, &config.Streams))
}

// hostsOf returns the host of each client's own ports.
func hostsOf(c *cli.Context, config *sim.Config) ([]string, error) {
	host, _, err := net.SplitHostPort(config.Listen)
	if err != nil {
		return nil, usagef("--listen: %w", err)
	}
	clients := len(config.Topology.Local())
	if !c.IsSet("kme-addresses") {
		return slices.Repeat([]string{host}, clients), nil
	}
	if !c.IsSet(kmePorts) && !c.IsSet(streamPorts) {
		return nil, usagef("--kme-addresses goes with --%s or --%s, which set the port", kmePorts, streamPorts)
	}
	hosts := strings.Split(c.String("kme-addresses"), ",")
	if len(hosts) != clients {
		return nil, usagef("--kme-addresses: %d addresses for %d clients", len(hosts), clients)
	}
	return hosts, nil
}

// portsFrom returns an address on each of the hosts. If counts is set, the ports count up from
// base, otherwise all have the port base. Port 0 is a free one.
func portsFrom(flag string, base int, hosts []string, counts bool) ([]string, error) {
	step := 1
	if !counts || base == 0 {
		step = 0
	}
	last := base + step*(len(hosts)-1)
	if base < 0 || last >= 1<<16 {
		return nil, usagef("--%s: ports %d to %d are not in 0 to 65535", flag, base, last)
	}
	addresses := make([]string, len(hosts))
	for i, host := range hosts {
		addresses[i] = net.JoinHostPort(strings.TrimSpace(host), strconv.Itoa(base+step*i))
	}
	return addresses, nil
}

// checkTaken returns an error if one of the addresses is already taken by a flag, and records them
// as taken by this one.
func checkTaken(taken map[string]string, flag string, addresses []string) error {
	for _, address := range addresses {
		if _, port, err := net.SplitHostPort(address); err == nil && port == "0" {
			continue
		}
		if by, isTaken := taken[address]; isTaken {
			return usagef("--%s: %s is used by %s too", flag, address, by)
		}
		taken[address] = "--" + flag
	}
	return nil
}

// explainListen adds to an error about an address in use what to do about it.
func explainListen(err error, config sim.Config) error {
	var failed *sim.ListenError
	if !errors.As(err, &failed) {
		return err
	}
	switch {
	case !errors.Is(err, syscall.EADDRINUSE):
		return err
	case slices.Contains(config.KMEListen, failed.Address):
		return fmt.Errorf("%w; choose other ports with --%s, or 0 for free ones", err, kmePorts)
	case slices.Contains(config.Streams, failed.Address):
		return fmt.Errorf("%w; choose other ports with --%s, or 0 for free ones", err, streamPorts)
	default:
		return fmt.Errorf("%w; name another address with --listen, or port 0 for a free one", err)
	}
}
