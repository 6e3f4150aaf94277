package hub_test

import (
	"bytes"
	"fmt"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"dske/node/hub"
	"dske/protocol"
	"dske/psrd"
)

// batchOf returns carol's message about shares of these keys, of the same size, for sofia and
// susan.
func batchOf(sizes map[int]int) (m protocol.PostShares, values []byte) {
	m = protocol.PostShares{ClientName: "carol", MasterSAE: "sam", SlaveSAEs: []string{"susan", "sofia"}}
	m.ShareIndex = 3
	for _, n := range sortedKeys(sizes) {
		m.KeyIDs = append(m.KeyIDs, keyID(n))
		values = append(values, valueOf(n, sizes[n])...)
		if len(values) != len(m.KeyIDs)*sizes[n] {
			panic("shares of different sizes in a batch")
		}
	}
	return m, values
}

func sortedKeys(sizes map[int]int) []int {
	var keys []int
	for n := range sizes {
		keys = append(keys, n)
	}
	slices.Sort(keys)
	return keys
}

// valueOf returns the share of key n.
func valueOf(n, size int) []byte { return bytes.Repeat([]byte{byte(0x10 + n)}, size) }

// postAll returns a signed request to deposit several shares.
func (c *conversation) postAll(m protocol.PostShares, values []byte) request {
	c.t.Helper()
	m.SealedShare = c.sealed(values)
	return c.sign(request{method: "POST", path: protocol.PathKeyShares, body: marshal(c.t, m)})
}

// getAll returns a signed request for the shares of several keys for one of connie's slaves.
func (c *conversation) getAll(slave string, keys ...int) request {
	c.t.Helper()
	m := protocol.GetShares{ClientName: "connie", MasterSAE: "sam", SlaveSAE: slave}
	for _, n := range keys {
		m.KeyIDs = append(m.KeyIDs, keyID(n))
	}
	return c.sign(request{method: "GET", path: protocol.PathKeyShares, query: m.Query()})
}

// openAll reads the answer to a request for several shares. It must bring shares of these sizes and
// refuse keys with these statuses.
func (c *conversation) openAll(w *httptest.ResponseRecorder, sizes, refused map[int]int) {
	c.t.Helper()
	incoming := c.verify(w)
	if incoming == nil {
		return
	}
	reply, err := protocol.ParseSharesReply(w.Body.Bytes())
	if err != nil {
		c.t.Error(err)
		return
	}
	statuses, wantStatuses := map[uuid.UUID]int{}, map[uuid.UUID]int{}
	for _, r := range reply.Refused {
		statuses[r.KeyID] = r.Status
	}
	for n, status := range refused {
		wantStatuses[keyID(n)] = status
	}
	want, values := batchOf(sizes)
	want.SealedShare = reply.SealedShare
	if !reflect.DeepEqual(reply.ShareBatch, want.ShareBatch) && len(sizes)+len(reply.KeyIDs) > 0 || !reflect.DeepEqual(statuses, wantStatuses) {
		c.t.Errorf("the shares are %+v and %+v", reply.ShareBatch, reply.Refused)
	}
	if len(reply.KeyIDs) == 0 {
		err = incoming.Accept()
	} else {
		var got protocol.Secret
		got, err = incoming.Open(reply.SealedShare)
		if !bytes.Equal(got.Reveal(), values) {
			c.t.Errorf("the shares are % x, want % x", got.Reveal(), values)
		}
	}
	if err != nil {
		c.t.Error(err)
	}
}

// TestBatch relays several shares in one message, to each of two slaves once.
func TestBatch(t *testing.T) {
	h, carol, connie := newPair(t)
	sizes := map[int]int{1: 33, 2: 33, 3: 33}
	connie.wantSpent(0, 0, func() {
		carol.wantSpent(99+32, 32, func() { carol.accept(carol.send(carol.postAll(batchOf(sizes)))) })
	})
	if shares := h.Inspect().Shares; len(shares) != 6 || shares[0].SlaveSAE != "sofia" || shares[1].SlaveSAE != "susan" {
		t.Errorf("the shares are %+v", shares)
	}
	connie.wantSpent(32, 66+32, func() {
		connie.openAll(connie.send(connie.getAll("sofia", 1, 2, 9)), map[int]int{1: 33, 2: 33}, map[int]int{9: 404})
	})
	connie.wantSpent(32, 33+32, func() {
		connie.openAll(connie.send(connie.getAll("sofia", 1, 2, 3)), map[int]int{3: 33}, map[int]int{1: 404, 2: 404})
	})
	connie.wantSpent(32, 32, func() {
		connie.openAll(connie.send(connie.getAll("sofia", 1, 2, 3)), nil, map[int]int{1: 404, 2: 404, 3: 404})
	})
	connie.wantSpent(32, 99+32, func() { connie.openAll(connie.send(connie.getAll("susan", 1, 2, 3)), sizes, nil) })
	if shares := h.Inspect().Shares; len(shares) != 0 {
		t.Errorf("delivered and still there: %+v", shares)
	}
}

// Shares that were deposited together can be fetched one by one, and the other way round.
func TestBatchAndSingle(t *testing.T) {
	_, carol, connie := newPair(t)
	carol.accept(carol.send(carol.postAll(batchOf(map[int]int{1: 20, 2: 20}))))
	carol.accept(carol.send(carol.post(shareOf(keyID(3)), valueOf(3, 20))))
	connie.open(connie.send(connie.get(askFor(keyID(1)))), valueOf(1, 20))
	wantRefused(t, connie.send(connie.get(askFor(keyID(1)))), 404, protocol.ErrUnknownKey)
	ask := askFor(keyID(1))
	ask.MasterSAE = "dan"
	wantRefused(t, connie.send(connie.get(ask)), 403, protocol.ErrNotMeantForCaller)
	connie.openAll(connie.send(connie.getAll("sofia", 1, 2, 3)), map[int]int{2: 20, 3: 20}, map[int]int{1: 404})
	connie.openAll(connie.send(connie.getAll("susan", 1, 2, 3)), map[int]int{1: 20, 2: 20}, map[int]int{3: 404})
}

// A slave that names a key twice, in a request or in a message, does not use up another slave's
// share.
func TestBatchRepeated(t *testing.T) {
	h, carol, connie := newPair(t)
	m, values := batchOf(map[int]int{1: 20})
	m.SlaveSAEs = []string{"sofia", "susan", "sofia"}
	wantRefusal(t, h, carol.postAll(m, values), 400, protocol.ErrMalformed)
	m.SlaveSAEs = m.SlaveSAEs[:2]
	carol.accept(carol.send(carol.postAll(m, values)))
	if shares := h.Inspect().Shares; len(shares) != 2 {
		t.Errorf("the shares are %+v", shares)
	}
	wantRefusal(t, h, connie.getAll("sofia", 1, 1), 400, protocol.ErrMalformed)
	connie.openAll(connie.send(connie.getAll("sofia", 1)), map[int]int{1: 20}, nil)
	connie.openAll(connie.send(connie.getAll("susan", 1)), map[int]int{1: 20}, nil)
	if shares := h.Inspect().Shares; len(shares) != 0 {
		t.Errorf("delivered and still there: %+v", shares)
	}
}

// A batch is taken whole or not at all.
func TestBatchRefused(t *testing.T) {
	h, carol, connie := newPair(t)
	carol.accept(carol.send(carol.post(shareOf(keyID(2)), valueOf(2, 16))))
	stray, values := batchOf(map[int]int{4: 16, 5: 16})
	stray.MasterSAE = "sofia"
	for _, test := range []struct {
		r      request
		status int
		reason error
	}{
		{carol.postAll(batchOf(map[int]int{1: 16, 2: 16})), 409, protocol.ErrDuplicateKey},
		{carol.postAll(stray, values), 403, protocol.ErrEncryptorNotRegistered},
	} {
		clientOwned, hubOwned := carol.unused()
		wantRefused(t, carol.send(test.r), test.status, test.reason)
		if c, h := carol.unused(); clientOwned-c != 64 || hubOwned != h {
			t.Errorf("spent %d bytes client-owned and %d hub-owned", clientOwned-c, hubOwned-h)
		}
		wantReplay(t, h, test.r)
	}
	if shares := h.Inspect().Shares; len(shares) != 1 || shares[0].KeyID != keyID(2) {
		t.Errorf("the shares are %+v", shares)
	}
	asked := connie.getAll("susan", 2, 3)
	connie.openAll(connie.send(asked), nil, map[int]int{2: 403, 3: 404})
	wantReplay(t, h, asked)
	connie.openAll(connie.send(connie.getAll("dan", 2)), nil, map[int]int{2: 403})
	connie.openAll(connie.send(connie.getAll("sofia", 2)), map[int]int{2: 16}, nil)
}

// An answer carries up to a megabyte of shares; the others wait for the next request.
func TestBatchTooLargeForOneAnswer(t *testing.T) {
	t.Parallel()
	h := newHub(t, hub.Config{})
	carol, connie := connect(t, h, "carol", "sam"), connect(t, h, "connie", "sofia", "susan")
	const most, half = protocol.MaxBatchSize, protocol.MaxBatchSize / 2
	for n, size := range []int{half, half, half, most + 1, half + 1, half + 1} {
		carol.fetch(protocol.OwnerClient, size+32)
		carol.accept(carol.send(carol.post(shareOf(keyID(n)), valueOf(n, size))))
	}
	connie.fetch(protocol.OwnerHub, 4*most)
	connie.openAll(connie.send(connie.getAll("sofia", 0, 1, 2, 3)), map[int]int{0: half, 1: half}, nil)
	connie.openAll(connie.send(connie.getAll("sofia", 0, 2, 3)), map[int]int{2: half}, map[int]int{0: 404})
	connie.openAll(connie.send(connie.getAll("sofia", 3, 2, 4)), map[int]int{3: most + 1}, map[int]int{2: 404})
	connie.openAll(connie.send(connie.getAll("sofia", 4, 5)), map[int]int{4: half + 1}, nil)
	connie.openAll(connie.send(connie.getAll("sofia", 4, 5)), map[int]int{5: half + 1}, map[int]int{4: 404})
}

// An answer carries the shares that are like the first share asked for; the others wait for the
// next request. Every answer says which keys are refused.
func TestBatchOfUnlikeShares(t *testing.T) {
	h, carol, connie := newPair(t)
	carol.accept(carol.send(carol.postAll(batchOf(map[int]int{1: 20, 2: 20}))))
	carol.accept(carol.send(carol.postAll(batchOf(map[int]int{3: 30, 4: 30}))))
	other, values := batchOf(map[int]int{5: 20})
	other.ShareIndex = 4
	carol.accept(carol.send(carol.postAll(other, values)))
	carol.accept(carol.send(carol.post(shareOf(keyID(6)), valueOf(6, 20)))) // for sofia alone

	connie.wantSpent(32, 60+32, func() {
		connie.openAll(connie.send(connie.getAll("sofia", 1, 2, 3, 4, 5, 6, 9)), map[int]int{1: 20, 2: 20, 6: 20}, map[int]int{9: 404})
	})
	connie.wantSpent(32, 60+32, func() {
		connie.openAll(connie.send(connie.getAll("sofia", 3, 4, 5)), map[int]int{3: 30, 4: 30}, nil)
	})
	connie.wantSpent(32, 20+32, func() {
		w := connie.send(connie.getAll("sofia", 5, 1))
		reply, err := protocol.ParseSharesReply(w.Body.Bytes())
		if err != nil || reply.ShareIndex != 4 || len(reply.KeyIDs) != 1 || reply.KeyIDs[0] != keyID(5) || len(reply.Refused) != 1 {
			t.Errorf("the answer is %s, %v", w.Body, err)
		}
		if got := connie.values(w); len(got) != 1 || !bytes.Equal(got[0], values) {
			t.Errorf("the shares are %q, want %q", got, values)
		}
	})
	// The order of the request decides which share is first.
	connie.openAll(connie.send(connie.getAll("susan", 9, 6, 3, 1, 2, 4)), map[int]int{3: 30, 4: 30}, map[int]int{9: 404, 6: 404})
	connie.openAll(connie.send(connie.getAll("susan", 1, 5, 2)), map[int]int{1: 20, 2: 20}, nil)
	if got := connie.values(connie.send(connie.askOne("susan", 5))); len(got) != 1 || !bytes.Equal(got[0], values) {
		t.Errorf("the share is %q, want %q", got, values)
	}
	if shares := h.Inspect().Shares; len(shares) != 0 {
		t.Errorf("delivered and still there: %+v", shares)
	}
}

func TestMostSlaves(t *testing.T) {
	h, carol, connie := newPair(t)
	m, values := batchOf(map[int]int{1: 20})
	for n := range protocol.MaxSlaves - 1 {
		m.SlaveSAEs = append(m.SlaveSAEs, fmt.Sprint("slave-", n))
	}
	meet(t, h, "dave").register(m.SlaveSAEs[2:]...)
	wantRefusal(t, h, carol.postAll(m, values), 400, protocol.ErrMalformed)
	m.SlaveSAEs = m.SlaveSAEs[1:]
	carol.accept(carol.send(carol.postAll(m, values)))
	if shares := h.Inspect().Shares; len(shares) != protocol.MaxSlaves {
		t.Errorf("the shares are %+v", shares)
	}
	connie.openAll(connie.send(connie.getAll("sofia", 1)), map[int]int{1: 20}, nil)
}

func TestBatchExhausted(t *testing.T) {
	h := newHub(t, hub.Config{})
	carol, connie := connect(t, h, "carol", "sam"), meet(t, h, "connie")
	connie.register("sofia", "susan")
	connie.fetch(protocol.OwnerClient, blockSize)
	carol.accept(carol.send(carol.postAll(batchOf(map[int]int{1: 25, 2: 25}))))
	asked := connie.getAll("sofia", 1, 2, 3)
	wantExhausted(t, h, asked, `{"available":0,"needed":82,"pool_owner":"hub"}`)
	connie.fetch(protocol.OwnerHub, 81)
	wantExhausted(t, h, asked, `{"available":81,"needed":82,"pool_owner":"hub"}`)
	connie.fetch(protocol.OwnerHub, 1)
	connie.openAll(connie.send(asked), map[int]int{1: 25, 2: 25}, map[int]int{3: 404})
	wantReplay(t, h, asked)
}

func TestBatchDamage(t *testing.T) {
	t.Parallel()
	h, carol, connie := newPair(t)
	sizes := map[int]int{1: 25, 2: 25}
	posted := carol.postAll(batchOf(sizes))
	wantHarmless(t, h, posted)
	carol.accept(carol.send(posted))
	wantReplay(t, h, posted)
	asked := connie.getAll("sofia", 1, 2)
	wantHarmless(t, h, asked)
	connie.openAll(connie.send(asked), sizes, nil)
	wantReplay(t, h, asked)

	// A signature for one path is not valid for the other.
	carol.accept(carol.send(carol.post(shareOf(keyID(3)), []byte("share"))))
	for _, r := range []request{connie.get(askFor(keyID(3))), connie.getAll("sofia", 3)} {
		r.path = map[string]string{protocol.PathKeyShare: protocol.PathKeyShares, protocol.PathKeyShares: protocol.PathKeyShare}[r.path]
		wantRefusal(t, h, r, 400, protocol.ErrMalformed)
	}
}

func TestBatchMalformed(t *testing.T) {
	h, carol, connie := newPair(t)
	m, values := batchOf(map[int]int{1: 25, 2: 25})
	m.SealedShare = carol.sealed(values)
	body := string(marshal(t, m))
	for _, change := range [][2]string{
		{body, ``}, {body, `{}`}, {body, body[1:]},
		{`"carol"`, `""`}, {`"sam"`, `""`},
		{`["susan","sofia"]`, `[]`}, {`"slave_sae_ids"`, `"slaves"`},
		{`"key_ids"`, `"keys"`},
		{keyID(2).String(), keyID(2).String() + "," + keyID(3).String()}, // 50 bytes for 3 keys
		{`"share_index":3`, `"share_index":3,"secret_tags":"AQID"`},
		{`"share_index":3`, `"share_index":254`},
		{keyID(1).String(), keyID(2).String()}, {keyID(1).String(), uuid.Nil.String()},
	} {
		changed := strings.Replace(body, change[0], change[1], 1)
		if changed == body {
			t.Fatalf("no %s in %s", change[0], body)
		}
		r := carol.sign(request{method: "POST", path: protocol.PathKeyShares, body: []byte(changed)})
		wantRefusal(t, h, r, 400, protocol.ErrMalformed)
	}
	m.Pad.Fragments = []psrd.Fragment{carol.at(protocol.OwnerClient, 200, 0)}
	r := carol.sign(request{method: "POST", path: protocol.PathKeyShares, body: marshal(t, m)})
	wantRefusal(t, h, r, 400, psrd.ErrOutOfRange)
	tooLarge := request{method: "POST", path: protocol.PathKeyShares, body: make([]byte, 4<<20+1)}
	wantFreeRefusal(t, h, tooLarge, 413, protocol.ErrTooLarge)

	many := make([]int, protocol.MaxBatch+1)
	for n := range many {
		many[n] = n
	}
	wantRefusal(t, h, connie.getAll("sofia", many...), 400, protocol.ErrMalformed)
	wantRefusal(t, h, connie.getAll("sofia"), 400, protocol.ErrMalformed)
	wantOK(t, connie.send(connie.getAll("sofia", many[1:]...)))
}
