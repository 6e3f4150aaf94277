package attack

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"dske/protocol"
	"dske/sim"
	"dske/sim/exchange"
	"dske/sim/simtest"
	"dske/sim/topology"
)

// world is a network with an attacker.
type world struct {
	*testing.T
	*Attack
	remote sim.Remote
}

// start runs a network in a suite until the test ends.
func start(t *testing.T, suite protocol.Suite) *world {
	t.Helper()
	w := &world{T: t}
	top := topology.Reference()
	top.Suite = suite.Name()
	n := simtest.Start(t, sim.Config{Topology: top, Listen: "127.0.0.1:0", Pages: func(n *sim.Network, router *echo.Echo) {
		book := exchange.NewBook(n)
		book.Mount(router)
		w.Attack = New(n, book)
		w.Attack.Mount(router)
	}})
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	w.remote = sim.Remote{URL: n.URL(), HTTP: &http.Client{Transport: transport}}
	return w
}

func (w *world) own(owns Owns) {
	w.Helper()
	if err := w.Set(owns); err != nil {
		w.Fatal(err)
	}
}

func (w *world) makeKey() exchange.Kept {
	w.Helper()
	x, err := exchange.Ask(w.Context(), w.remote, "sam", "serena")
	if err != nil || !x.Match {
		w.Fatal(err, x.Error)
	}
	return x
}

func (w *world) of(id string) Knowledge {
	w.Helper()
	k, err := w.Of(w.Context(), id)
	if err != nil {
		w.Fatal(err)
	}
	return k
}

// brokenInto returns the hubs that he has broken into, as the network reports them.
func (w *world) brokenInto() string {
	w.Helper()
	s, err := w.remote.Snapshot(w.Context())
	if err != nil {
		w.Fatal(err)
	}
	var names []string
	for _, h := range s.Hubs {
		if h.BrokenInto {
			names = append(names, h.Name)
		}
	}
	return strings.Join(names, " ")
}

// verdicts returns the verdicts by suite, that of the network first.
func (k Knowledge) verdicts() string {
	var all []string
	for _, v := range k.Suites {
		all = append(all, v.Suite+": "+v.Verdict)
	}
	return strings.Join(all, ", ")
}

// reasonOf returns the reason of the verdict on a suite.
func (k Knowledge) reasonOf(suite string) string {
	return k.Suites[slices.IndexFunc(k.Suites, func(v Verdict) bool { return v.Suite == suite })].Reason
}

// Two hubs know nothing. Three know the key, the one that both encryptors have.
func TestThreshold(t *testing.T) {
	for _, suite := range protocol.Suites {
		w := start(t, suite)
		x := w.makeKey()
		if k := w.of(x.ID); len(k.Shares) != 0 || k.Recovered || !strings.HasPrefix(k.verdicts(), suite.Name()+": Nothing to try") {
			t.Errorf("without anything: %+v", k)
		}
		w.own(Owns{Links: none, Hubs: []string{"hank", "hugo"}})
		if k := w.of(x.ID); len(k.Shares) != 0 || k.reasonOf("its") != "2 of 3 shares of a new key, whatever he can compute." {
			t.Errorf("with two hubs, of a key from before: %+v", k)
		}
		x = w.makeKey()
		k := w.of(x.ID)
		if len(k.Shares) != 2 || k.Recovered || k.Fingerprint != "" || k.Shares[0].Number != 1 || k.Shares[1].Number != 5 || k.Shares[0].KnownFrom == 0 {
			t.Errorf("with two hubs: %+v", k)
		}
		for _, v := range k.Suites {
			if want := map[string]string{"its": "Nothing learnt", "dske-python": "Can test guesses"}[v.Suite]; v.Verdict != want {
				t.Errorf("%s: %s, %s", v.Suite, v.Verdict, v.Reason)
			}
		}
		if got := w.brokenInto(); got != "hank hugo" {
			t.Errorf("%s: broken into are %s", suite.Name(), got)
		}
		w.own(Owns{Links: none, Hubs: []string{"hank", "hugo", "helen"}})
		if k = w.of(x.ID); len(k.Shares) != 2 || k.Recovered {
			t.Errorf("of a key from before: %+v", k)
		}
		x = w.makeKey()
		if k = w.of(x.ID); len(k.Shares) != 3 || !k.Recovered || k.Fingerprint != x.Slave.Fingerprint || strings.Count(k.verdicts(), "Key known") != 2 {
			t.Errorf("with three hubs: %+v", k)
		}
		w.own(Owns{Links: none})
		if k = w.of(x.ID); len(k.Shares) != 0 || k.Recovered || w.brokenInto() != "" {
			t.Errorf("after all was taken from him: %+v", k)
		}
	}
}

func TestLinks(t *testing.T) {
	w := start(t, protocol.ITS)
	w.own(Owns{Links: listen})
	if k := w.of(w.makeKey().ID); len(k.Shares) != 0 || k.verdicts() != "its: Nothing learnt, dske-python: Nothing learnt" {
		t.Errorf("%+v", k)
	}
}

// An active attacker succeeds in the suite of the Python program, and fails in the other one.
// Exchanges show how.
func TestActing(t *testing.T) {
	w := start(t, protocol.Python)
	x := w.makeKey()
	w.own(Owns{Links: act})
	if got := w.of(x.ID).verdicts(); got != "dske-python: Keys swapped, its: Delayed at most" {
		t.Error(got)
	}
	w.own(Owns{Links: act, Client: true})
	k := w.of(x.ID)
	if got := k.verdicts(); got != "dske-python: Key replaced, its: Refused" {
		t.Error(got)
	}
	replaced, err := w.book.Find(k.Suites[0].Exchange)
	if err != nil || !replaced.Twin || replaced.Outcome.Kind != exchange.Replaced || replaced.Master.Fingerprint == replaced.Slave.Fingerprint {
		t.Errorf("%v, %+v", err, replaced)
	}
	refused, err := w.book.Find(k.Suites[1].Exchange)
	if err != nil || refused.Outcome.Kind != exchange.Made || refused.Master.Fingerprint != refused.Slave.Fingerprint || !slices.ContainsFunc(refused.Hubs, func(h exchange.Hub) bool { return h.Refused }) {
		t.Errorf("%v, %+v", err, refused)
	}
	if slices.ContainsFunc(w.book.Kept(), func(k exchange.Kept) bool { return k.Twin }) {
		t.Error("the exchange of the twin is among the others")
	}
	if again := w.of(x.ID); again.Suites[0].Exchange != k.Suites[0].Exchange {
		t.Error("an attack that was tried is tried again")
	}
}

func TestNoSuchAttack(t *testing.T) {
	w := start(t, protocol.Python)
	for _, owns := range []Owns{{}, {Links: "sell"}, {Links: none, Hubs: []string{"nobody"}}, {Links: none, Hubs: []string{"../hank"}}} {
		if err := w.Set(owns); err == nil {
			t.Errorf("%+v is possible", owns)
		}
	}
	if owns := w.Owns(); !owns.isNothing() {
		t.Errorf("he owns %+v", owns)
	}
	if _, err := w.Of(t.Context(), "none"); err == nil {
		t.Error("an unknown exchange is found")
	}
}
