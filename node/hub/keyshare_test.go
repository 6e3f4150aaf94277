package hub_test

import (
	"bytes"
	"strings"
	"testing"

	"dske/node/hub"
	"dske/protocol"
)

// TestShare relays shares of several sizes, and checks all four pools: carol's message costs her a
// pad and a signing key and the hub a signing key; connie's request costs her a signing key and the
// hub a pad and a signing key.
func TestShare(t *testing.T) {
	h, carol, connie := newPair(t)
	for n, size := range []int{1, 16, 32, 500} {
		share := bytes.Repeat([]byte{byte(0x11 * n)}, size)
		connie.wantSpent(0, 0, func() {
			carol.wantSpent(32+size, 32, func() {
				carol.accept(carol.send(carol.post(shareOf(keyID(n+1)), share)))
			})
		})
		carol.wantSpent(0, 0, func() {
			connie.wantSpent(32, 32+size, func() {
				connie.open(connie.send(connie.get(askFor(keyID(n+1)))), share)
			})
		})
		connie.wantSpent(32, 0, func() { // delivered once
			wantRefused(t, connie.send(connie.get(askFor(keyID(n+1)))), 404, protocol.ErrUnknownKey)
		})
	}
	if shares := h.Inspect().Shares; len(shares) != 0 {
		t.Errorf("delivered and still there: %+v", shares)
	}
}

// Blocks are so small that every pad and key is in pieces, and they are used up one after another.
func TestShareInPieces(t *testing.T) {
	h := newHub(t, hub.Config{})
	carol, connie := meet(t, h, "carol"), meet(t, h, "connie")
	carol.register("sam")
	connie.register("sofia")
	share := []byte("not quite as long as a block..")
	for n := range 3 {
		for _, c := range []*conversation{carol, connie} {
			for range 3 {
				c.fetch(protocol.OwnerClient, 21)
				c.fetch(protocol.OwnerHub, 21)
			}
		}
		carol.wantSpent(62, 32, func() { carol.accept(carol.send(carol.post(shareOf(keyID(n)), share))) })
		connie.wantSpent(32, 62, func() { connie.open(connie.send(connie.get(askFor(keyID(n)))), share) })
	}
}

// A client may serve both ends of a key.
func TestShareForOneself(t *testing.T) {
	h := newHub(t, hub.Config{})
	connie := connect(t, h, "connie", "sofia", "susan")
	m := shareOf(keyID(1))
	m.ClientName, m.MasterSAE = "connie", "susan"
	connie.accept(connie.send(connie.post(m, []byte("share"))))
	ask := askFor(keyID(1))
	ask.MasterSAE = "susan"
	connie.open(connie.send(connie.get(ask)), []byte("share"))
}

// Encryptors are opaque strings; unknown members of a message are ignored, but the signature covers
// them.
func TestShareForms(t *testing.T) {
	h := newHub(t, hub.Config{})
	carol, connie := connect(t, h, "carol", "Sam & son"), connect(t, h, "connie", "Café / 2")
	m := protocol.PostShare{ClientName: "carol", MasterSAE: "Sam & son", SlaveSAE: "Café / 2", KeyID: keyID(1), ShareIndex: 3}
	body := bytes.Replace(carol.seal(m, []byte("share")), []byte(`{`), []byte(` {"color": {"hue": ["blue"]}, `), 1)
	posted := postOf(body)
	posted.query = "trace=%zz"
	carol.accept(carol.send(carol.sign(posted)))

	query := protocol.GetShare{ClientName: "connie", MasterSAE: "Sam & son", SlaveSAE: "Café / 2", KeyID: keyID(1)}.Query()
	if strings.Contains(query, " ") {
		t.Fatalf("query %q", query)
	}
	members := strings.Split(query, "&")
	members[0], members[3] = members[3], members[0]
	query = strings.Join(members, "&") + "&color=blue&color="
	connie.open(connie.send(connie.sign(getOf(query))), []byte("share"))
}

// A share for another client, or from another client, is refused. As the request is genuine, its
// bytes are spent, but none of the hub's.
func TestShareRefused(t *testing.T) {
	h, carol, connie := newPair(t)
	dave := connect(t, h, "dave", "dan")
	share := []byte("a share of a key")
	carol.accept(carol.send(carol.post(shareOf(keyID(1)), share)))

	post := func(client, master string, key int) protocol.PostShare {
		return protocol.PostShare{ClientName: client, MasterSAE: master, SlaveSAE: "sofia", KeyID: keyID(key)}
	}
	get := func(client, master, slave string, key int) protocol.GetShare {
		return protocol.GetShare{ClientName: client, MasterSAE: master, SlaveSAE: slave, KeyID: keyID(key)}
	}
	forged := []byte("another share ..")
	for _, test := range []struct {
		who    *conversation
		r      request
		status int
		reason error
	}{
		{carol, carol.post(post("carol", "sofia", 2), forged), 403, protocol.ErrEncryptorNotRegistered},
		{carol, carol.post(post("carol", "nobody", 2), forged), 403, protocol.ErrEncryptorNotRegistered},
		{carol, carol.post(post("carol", "carol", 2), forged), 403, protocol.ErrEncryptorNotRegistered},
		{dave, dave.post(post("dave", "sam", 1), forged), 403, protocol.ErrEncryptorNotRegistered},
		{carol, carol.post(post("carol", "sam", 1), forged), 409, protocol.ErrDuplicateKey},
		{dave, dave.post(post("dave", "dan", 1), forged), 409, protocol.ErrDuplicateKey},

		{carol, carol.get(get("carol", "sam", "sofia", 1)), 403, protocol.ErrEncryptorNotRegistered},
		{dave, dave.get(get("dave", "sam", "sofia", 1)), 403, protocol.ErrEncryptorNotRegistered},
		{dave, dave.get(get("dave", "sam", "nobody", 1)), 403, protocol.ErrEncryptorNotRegistered},
		{dave, dave.get(get("dave", "sam", "dan", 1)), 403, protocol.ErrNotMeantForCaller},
		{carol, carol.get(get("carol", "sam", "sam", 1)), 403, protocol.ErrNotMeantForCaller},
		{connie, connie.get(get("connie", "sam", "susan", 1)), 403, protocol.ErrNotMeantForCaller},
		{connie, connie.get(get("connie", "dan", "sofia", 1)), 403, protocol.ErrNotMeantForCaller},
		{connie, connie.get(get("connie", "sam", "sofia", 2)), 404, protocol.ErrUnknownKey},
	} {
		cost := 32
		if test.r.method == "POST" {
			cost += len(forged)
		}
		shares := h.Inspect().Shares
		clientOwned, hubOwned := test.who.unused()
		wantRefused(t, test.who.send(test.r), test.status, test.reason)
		if c, h := test.who.unused(); c != clientOwned-cost || h != hubOwned {
			t.Errorf("%s %s%s: spent %d bytes client-owned and %d hub-owned, want %d and none",
				test.r.method, test.r.query, test.r.body, clientOwned-c, hubOwned-h, cost)
		}
		if got := h.Inspect().Shares; len(got) != 1 || got[0] != shares[0] {
			t.Errorf("%s %s%s: the shares are %+v", test.r.method, test.r.query, test.r.body, got)
		}
		if w := test.who.send(test.r); w.Code != 409 {
			t.Errorf("replayed: %d %s", w.Code, w.Body)
		}
	}
	connie.open(connie.send(connie.get(askFor(keyID(1)))), share)
}

func TestShareRefusedDetails(t *testing.T) {
	_, carol, connie := newPair(t)
	carol.accept(carol.send(carol.post(shareOf(keyID(1)), []byte("share"))))
	const key = `{"key_id":"ab000000-0000-0000-0000-000000000001"}`
	wantDetails(t, carol.send(carol.post(shareOf(keyID(1)), []byte("share"))), key)
	ask := askFor(keyID(1))
	ask.MasterSAE = "dan"
	wantDetails(t, connie.send(connie.get(ask)), key)
	ask.SlaveSAE = "dan"
	wantDetails(t, connie.send(connie.get(ask)), `{"encryptor_name":"dan"}`)
	ask.ClientName = "dave"
	wantDetails(t, connie.send(connie.get(ask)), `{"client_name":"dave"}`)
}

// A recorded request that was refused because it came at the wrong time cannot be replayed when it
// would be granted.
func TestRefusedRequestIsSpent(t *testing.T) {
	h, carol, connie := newPair(t)
	share := []byte("a share of a key")
	early := connie.get(askFor(keyID(1)))
	wantRefused(t, connie.send(early), 404, protocol.ErrUnknownKey)
	carol.accept(carol.send(carol.post(shareOf(keyID(1)), share)))
	wantReplay(t, h, early)

	second := carol.post(shareOf(keyID(1)), []byte("another share ..")) // before the first is fetched
	wantRefused(t, carol.send(second), 409, protocol.ErrDuplicateKey)
	connie.open(connie.send(connie.get(askFor(keyID(1)))), share)
	wantReplay(t, h, second)
}
