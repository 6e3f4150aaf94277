package hub_test

import (
	"fmt"
	"strings"
	"testing"

	"dske/node/hub"
	"dske/protocol"
)

// A hub says which limit is exceeded, and the refusal costs nothing.
func TestFull(t *testing.T) {
	for _, suite := range []protocol.Suite{protocol.Python, protocol.ITS} {
		h, carol, _ := newSuitePair(t, suite)
		m := shareOf(keyID(1))
		if suite == protocol.ITS {
			m.Terms = itsTerms
		}
		posted := carol.post(m, valueOf(1, 64))
		h.Fill("carol", protocol.MaxSharesWaiting, 0)
		wantFreeRefusal(t, h, posted, 503, protocol.ErrFull)
		wantDetails(t, posted.to(t, h), fmt.Sprintf(`{"client_name":"carol","limit":%d,"shares_waiting":%[1]d}`, protocol.MaxSharesWaiting))
		h.Fill("carol", 1, protocol.MaxBytesWaiting)
		wantDetails(t, posted.to(t, h), fmt.Sprintf(`{"bytes_waiting":%d,"client_name":"carol","limit":%[1]d}`, protocol.MaxBytesWaiting))
		h.Fill("carol", 0, 0)
		carol.accept(carol.send(posted))
	}
}

// A hub has room for a limited amount of PSRD, says so, and even then serves clients with little of
// it.
func TestFullOfPSRD(t *testing.T) {
	h, carol, connie := enrolled(t, true)
	mallory := meet(t, h, "mallory")
	carol.register("sam")
	connie.register("sofia", "susan")
	mallory.register("mallory")
	if err := h.AddZeros("connie", protocol.MaxHubStock); err != nil {
		t.Fatal(err)
	}
	carol.fetch(protocol.OwnerHub, 512<<10)
	_, unused := connie.unused()
	for _, owner := range []protocol.PoolOwner{protocol.OwnerClient, protocol.OwnerHub} {
		wantFreeRefusal(t, h, carol.psrd(owner, 1<<20), 503, protocol.ErrFull)
	}
	wantFreeRefusal(t, h, connie.psrd(protocol.OwnerHub, 100), 503, protocol.ErrFull)
	wantFreeRefusal(t, h, mallory.psrd(protocol.OwnerHub, 100), 503, protocol.ErrFull) // a stranger may have many names
	if _, after := connie.unused(); after != unused {
		t.Error("a refusal changes the pools")
	}
}

// The number of encryptors of a client is limited.
func TestMostEncryptors(t *testing.T) {
	h := newHub(t, hub.Config{})
	carol := meet(t, h, "carol")
	names := make([]string, protocol.MaxEncryptors+1)
	for i := range names {
		names[i] = fmt.Sprint("sae", i)
	}
	body := func(names []string) string {
		return string(marshal(t, protocol.Registration{ClientName: "carol", EncryptorNames: names}))
	}
	wantFreeRefusal(t, h, carol.put(body(names)), 413, protocol.ErrTooLarge)
	wantOK(t, carol.put(body(names[1:])).to(t, h))
}

// The number of strangers of an open hub is limited, whatever names they use. All strangers
// together have room for the shares of one client.
func TestMostStrangers(t *testing.T) {
	h, carol, _ := enrolled(t, true)
	mallory, other := meet(t, h, "mallory"), meet(t, h, "other")
	names := make([]string, protocol.MaxStrangers)
	for i := range names {
		names[i] = fmt.Sprint("sae", i)
	}
	mallory.register(names...)
	wantFreeRefusal(t, h, other.put(`{"client_name": "other"}`), 503, protocol.ErrFull)
	carol.register("sam")
	mallory.register(names[1:]...)
	other.register()
	wantOK(t, mallory.remove().to(t, h)) // does not free the name
	wantFreeRefusal(t, h, mallory.put(string(marshal(t, protocol.Registration{ClientName: "mallory", EncryptorNames: names}))), 503, protocol.ErrFull)
	other.tokens = []string{strings.Repeat("t", protocol.MaxToken+1)}
	wantFreeRefusal(t, h, other.put(`{"client_name": "other"}`), 413, protocol.ErrTooLarge)
	h.Fill("mallory", protocol.MaxSharesWaiting, 0)
	if h.HasRoom("other") || !h.HasRoom("carol") {
		t.Error("strangers have rooms of their own, or none is left for the enrolled")
	}
}
