package dashboard

import (
	"context"
	"net"
	"strings"
	"testing"

	"dske/etsi"
	"dske/sim"
	"dske/sim/topology"
)

// halves returns the configurations of the reference topology in two processes: the hubs run in the
// first one, and the clients in the second one.
func halves(t *testing.T) (hubs, clients sim.Config) {
	t.Helper()
	of := func(kind string, addresses [2]string) sim.Config {
		top := topology.Reference()
		for i := range top.Hubs {
			top.Hubs[i].URL = "http://" + addresses[0] + "/hub/" + top.Hubs[i].Name
		}
		for i := range top.Clients {
			top.Clients[i].URL = "http://" + addresses[1] + "/client/" + top.Clients[i].Name
		}
		var here []string
		for _, name := range top.Nodes() {
			if strings.HasPrefix(name, kind) {
				here = append(here, name)
			}
		}
		if err := top.RunOnly(here); err != nil {
			t.Fatal(err)
		}
		return sim.Config{Topology: top, Transport: sim.Loopback, Tokens: func(client string) string { return "token of " + client }}
	}
	var addresses [2]string
	for i := range addresses {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		addresses[i] = l.Addr().String()
		l.Close()
	}
	hubs, clients = of("hub/", addresses), of("client/", addresses)
	hubs.Listen, clients.Listen = addresses[0], addresses[1]
	return hubs, clients
}

// testProcesses checks the page of a process that runs only hubs: it shows the keys that clients in
// another process make, and adds faults between them.
func testProcesses(t *testing.T, browser context.Context) {
	here, there := halves(t)
	second := make(chan *sim.Network)
	go func() { second <- startAt(t, there, there.Listen) }()
	n, other := startAt(t, here, here.Listen), <-second
	p := open(t, browser, n.URL(), 1280)
	p.emulate("prefers-reduced-motion", "reduce")
	keys, err := (&etsi.Client{URL: sim.KMEURL(other.URL(), "carol"), SAE: "sam"}).GetKey(t.Context(), "serena", etsi.KeyRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := (&etsi.Client{URL: sim.KMEURL(other.URL(), "celia"), SAE: "serena"}).GetKeyWithKeyIDs(t.Context(), "sam", keys[0].ID); err != nil {
		t.Fatal(err)
	}
	p.waitForText("#past", "sam – serena")
	p.waitForText("#requests", "dec_keys of sam at celia")
	p.makeKey("Both have the same key")
	p.waitForText("#nodes", "ready")
	if err := remote(t, n).AddFault(t.Context(), "drop to=hub/hank from=client/carol"); err != nil {
		t.Fatal(err)
	}
	p.makeKey("Both have the same key")
	p.waitFor(`/fired [1-9]/.test(document.getElementById('faults').textContent)`) // in carol's process
}
