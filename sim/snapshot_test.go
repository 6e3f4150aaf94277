package sim

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"dske/etsi"
	"dske/node"
	"dske/sim/topology"
)

// hubNow returns the snapshot of a hub.
func (n *testNetwork) hubNow(name string) HubSnapshot {
	n.Helper()
	all := n.Snapshot().Hubs
	return all[slices.IndexFunc(all, func(h HubSnapshot) bool { return h.Name == name })]
}

func (n *testNetwork) clientNow(name string) ClientSnapshot {
	n.Helper()
	all := n.Snapshot().Clients
	return all[slices.IndexFunc(all, func(c ClientSnapshot) bool { return c.Name == name })]
}

func TestSnapshotOfAFreshNetwork(t *testing.T) {
	n := start(t, Config{Topology: python()})
	s := n.Snapshot()
	if len(s.Hubs) != 5 || len(s.Clients) != 5 || s.Hubs[0].Name != "hank" || s.Clients[0].Name != "carol" {
		t.Fatalf("%+v", s)
	}
	full := node.Levels{Available: 5 * 16384}
	for _, h := range s.Hubs {
		want := HubSnapshot{NodeSnapshot: NodeSnapshot{h.Name, true, "running", node.Stock{Associations: 5, Least: 16384, ClientOwned: full, HubOwned: full}, 0, []node.Refusal{}, 0, "", ""}}
		if !reflect.DeepEqual(h, want) {
			t.Errorf("%+v", h)
		}
	}
	for _, c := range s.Clients {
		want := ClientSnapshot{
			NodeSnapshot: NodeSnapshot{c.Name, true, "ready", node.Stock{Associations: 5, Least: 16384, ClientOwned: full, HubOwned: full}, 0, []node.Refusal{}, 0, "", ""},
			Ready:        true,
			Levels:       []int{16384, 16384, 16384, 16384, 16384},
		}
		if !reflect.DeepEqual(c, want) {
			t.Errorf("%+v", c)
		}
	}
	if ready, clients := n.Ready(); ready != 5 || clients != 5 {
		t.Errorf("%d of %d clients are ready", ready, clients)
	}
}

func TestSnapshotCounts(t *testing.T) {
	n := start(t, Config{Topology: python()})
	for range 2 {
		n.keyPair("sam", "sofia", 256)
	}
	keys, err := n.sae("sam").GetKey(context.Background(), "sofia", etsi.KeyRequest{Number: 3})
	if err != nil {
		t.Fatal(err)
	}
	n.idle()
	carol, connie, hank := n.clientNow("carol"), n.clientNow("connie"), n.hubNow("hank")
	if carol.KeysMade != 5 || carol.KeysDelivered != 0 || carol.SharesScattered != 25 || carol.SharesGathered != 0 {
		t.Errorf("%+v", carol)
	}
	if connie.KeysMade != 0 || connie.KeysDelivered != 2 || connie.SharesScattered != 0 || connie.SharesGathered != 10 {
		t.Errorf("%+v", connie)
	}
	if hank.SharesTaken != 5 || hank.SharesHandedOut != 2 || hank.SharesWaiting != 3 {
		t.Errorf("%+v", hank)
	}
	// A pad of 32 bytes for each key, and 32 bytes for the signature of each of three messages.
	if got := carol.PSRD.ClientOwned.Consumed; got != 5*(5*32+3*32) {
		t.Errorf("carol has consumed %d bytes of her own", got)
	}
	if got := hank.PSRD.HubOwned.Consumed; got != 3*32+2*(32+32) {
		t.Errorf("hank has consumed %d bytes of his own", got)
	}
	if carol.Levels[0] != 16384-5*32-3*32 || carol.PSRD.Least != carol.Levels[0] || hank.PSRD.Least != carol.Levels[0] {
		t.Errorf("%v, %+v, %+v", carol.Levels, carol.PSRD, hank.PSRD)
	}
	if _, err := n.sae("sunny").GetKeyWithKeyIDs(context.Background(), "sam", keys[0].ID); err == nil {
		t.Error("sunny has sofia's key")
	}
	n.idle()
	curtis, err := n.Overview().ClientOf("sunny")
	if err != nil {
		t.Fatal(err)
	}
	if got := n.clientNow(curtis).SharesRefused; !slices.Equal(got, []node.Refusal{{Reason: "not_for_caller", Count: 5}}) {
		t.Errorf("%s was refused %v", curtis, got)
	}
	if got := n.hubNow("hank").SharesRefused; !slices.Equal(got, []node.Refusal{{Reason: "not_for_caller", Count: 1}}) {
		t.Errorf("hank refused %v", got)
	}
}

func TestCountsSurviveARestart(t *testing.T) {
	n := start(t, Config{})
	n.keyPair("sam", "sofia", 256)
	n.idle()
	hank, carol := n.hubNow("hank"), n.clientNow("carol")
	n.stop("hub/hank", "client/carol")
	stopped := n.hubNow("hank")
	if stopped.Running || stopped.SharesTaken != 1 || stopped.PSRD.ClientOwned.Consumed != hank.PSRD.ClientOwned.Consumed || stopped.PSRD.Associations != 0 {
		t.Errorf("%+v", stopped)
	}
	if c := n.clientNow("carol"); c.Running || c.Ready || c.Levels != nil || c.KeysMade != 1 {
		t.Errorf("%+v", c)
	}
	if ready, clients := n.Ready(); ready != 4 || clients != 5 {
		t.Errorf("%d of %d clients are ready", ready, clients)
	}
	n.start("hub/hank", "client/carol")
	if err := n.WaitReady(context.Background()); err != nil {
		t.Fatal(err)
	}
	n.keyPair("sam", "sofia", 256)
	n.idle()
	if now := n.hubNow("hank"); now.SharesTaken != 2 || now.PSRD.ClientOwned.Consumed != 2*hank.PSRD.ClientOwned.Consumed {
		t.Errorf("%+v", now)
	}
	if now := n.clientNow("carol"); now.KeysMade != 2 || now.PSRD.ClientOwned.Consumed != 2*carol.PSRD.ClientOwned.Consumed {
		t.Errorf("%+v", now)
	}
}

func TestSnapshotCountsFaults(t *testing.T) {
	n := start(t, Config{Topology: python()})
	n.fault("tamper=request to=hub/hank method=POST", "tamper=response to=hub/helen method=POST")
	n.getKey("sam", "sofia", 256)
	n.idle()
	if h := n.hubNow("hank"); h.FailedVerifications != 1 || !slices.Equal(h.SharesRefused, []node.Refusal{{Reason: "wrong_signature", Count: 1}}) {
		t.Errorf("%+v", h)
	}
	c := n.clientNow("carol")
	want := []node.Refusal{{Reason: "wrong_signature", Count: 2}}
	if c.FailedVerifications != 1 || c.SharesScattered != 3 || !slices.Equal(c.SharesRefused, want) {
		t.Errorf("%+v", c)
	}
	n.ClearFaults()
	if err := n.Corrupt("hub/hank"); err != nil {
		t.Fatal(err)
	}
	n.keyPair("sam", "sofia", 256)
	n.idle()
	if c := n.clientNow("connie"); c.SharesAtOdds != 1 {
		t.Errorf("%+v", c)
	}
}

func TestSnapshotOverHTTP(t *testing.T) {
	n := start(t, Config{})
	n.keyPair("sam", "sofia", 256)
	n.stop("client/celia")
	n.idle()
	got, err := n.remote().Snapshot(t.Context())
	if want := n.Snapshot(); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v, %v\nwant %+v", got, err, want)
	}
}

// large returns a topology of 100 hubs and 1000 clients with five hubs each.
func large(b *testing.B) *topology.Topology {
	b.Helper()
	top, err := topology.Generate(topology.Sizes{Hubs: 100, Clients: 1000, Threshold: 3})
	if err != nil {
		b.Fatal(err)
	}
	top.PSRD = topology.PSRD{BlockSize: 512, LowWater: 128, HighWater: 512}
	for i := range top.Clients {
		c := &top.Clients[i]
		c.Hubs = nil
		for j := range 5 {
			c.Hubs = append(c.Hubs, top.Hubs[(i+j*20)%100].Name)
		}
	}
	if err := top.Validate(); err != nil {
		b.Fatal(err)
	}
	return top
}

// A snapshot is requested every second, also for a large network.
func BenchmarkSnapshot(b *testing.B) {
	for _, top := range []*topology.Topology{topology.Reference(), large(b)} {
		b.Run(fmt.Sprint(len(top.Hubs)+len(top.Clients), " nodes"), func(b *testing.B) {
			n := start(b, Config{Topology: top})
			b.ReportAllocs()
			for b.Loop() {
				if _, err := json.Marshal(n.Snapshot()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// A snapshot has the time of the next couriers, if there are any.
func TestSnapshotOfCouriers(t *testing.T) {
	weekly := &topology.Courier{Every: 7 * 24 * time.Hour, Size: 16384, Delay: 6 * time.Hour}
	for _, test := range []struct {
		courier *topology.Courier
		in      time.Duration
	}{{nil, 0}, {&topology.Courier{}, 0}, {weekly, weekly.Every + weekly.Delay}} {
		top := topology.Reference()
		top.PSRD.Courier = test.courier
		next := start(t, Config{Topology: top}).Snapshot().NextCourier
		if (next == nil) != (test.in == 0) || next != nil && (time.Until(*next) > test.in || time.Until(*next) < test.in-time.Minute) {
			t.Errorf("%+v: %v", test.courier, next)
		}
	}
}
