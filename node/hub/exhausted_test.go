package hub_test

import (
	"testing"

	"dske/node/hub"
	"dske/protocol"
	"dske/psrd"
)

// wantExhausted fails the test unless the hub refuses the request because its own bytes are
// missing, and nothing is spent.
func wantExhausted(t *testing.T, h *hub.Hub, r request, details string) {
	t.Helper()
	wantUnchanged(t, h, func() {
		w := r.to(t, h)
		wantRefused(t, w, 503, psrd.ErrExhausted)
		wantDetails(t, w, details)
	})
}

// TestExhausted makes the hub run out of bytes for its answers. The client fetches what is missing
// and sends the very same request again.
func TestExhausted(t *testing.T) {
	h := newHub(t, hub.Config{})
	carol, connie := meet(t, h, "carol"), meet(t, h, "connie")
	for c, encryptor := range map[*conversation]string{carol: "sam", connie: "sofia"} {
		c.register(encryptor)
		c.fetch(protocol.OwnerClient, blockSize)
	}
	share := []byte("a share of a key")

	posted := carol.post(shareOf(keyID(1)), share)
	wantExhausted(t, h, posted, `{"available":0,"needed":32,"pool_owner":"hub"}`)
	carol.fetch(protocol.OwnerHub, 31)
	wantExhausted(t, h, posted, `{"available":31,"needed":32,"pool_owner":"hub"}`)
	carol.fetch(protocol.OwnerHub, 1)
	carol.accept(carol.send(posted))
	if clientOwned, hubOwned := carol.unused(); clientOwned != blockSize-48 || hubOwned != 0 {
		t.Errorf("%d bytes client-owned are left, and %d hub-owned", clientOwned, hubOwned)
	}
	wantReplay(t, h, posted)

	asked := connie.get(askFor(keyID(1)))
	wantExhausted(t, h, asked, `{"available":0,"needed":48,"pool_owner":"hub"}`)
	connie.fetch(protocol.OwnerHub, 15) // less than a pad
	wantExhausted(t, h, asked, `{"available":15,"needed":48,"pool_owner":"hub"}`)
	connie.fetch(protocol.OwnerHub, 32) // a pad, but no key
	wantExhausted(t, h, asked, `{"available":47,"needed":48,"pool_owner":"hub"}`)
	connie.fetch(protocol.OwnerHub, 1)
	connie.open(connie.send(asked), share)
	if clientOwned, hubOwned := connie.unused(); clientOwned != blockSize-32 || hubOwned != 0 {
		t.Errorf("%d bytes client-owned are left, and %d hub-owned", clientOwned, hubOwned)
	}
	wantReplay(t, h, asked)
}

// The answer to a request that would be refused anyway does not ask for more PSRD.
func TestExhaustedAndRefused(t *testing.T) {
	h := newHub(t, hub.Config{})
	connie := meet(t, h, "connie")
	connie.register("sofia")
	connie.fetch(protocol.OwnerClient, blockSize)
	wantRefused(t, connie.send(connie.get(askFor(keyID(1)))), 404, protocol.ErrUnknownKey)
}
