package hub_test

import (
	"strings"
	"testing"

	"dske/node/hub"
	"dske/protocol"
	"dske/psrd"
)

// A hub that has no bytes to acknowledge a batch with takes none of it, and for none of the client's.
func TestBatchWithoutAcknowledgement(t *testing.T) {
	h := newHub(t, hub.Config{})
	carol, connie := meet(t, h, "carol"), connect(t, h, "connie", "sofia", "susan")
	carol.register("sam")
	carol.fetch(protocol.OwnerClient, blockSize)
	sizes := map[int]int{1: 20, 2: 30}
	posted := carol.postAll(batchOf(sizes))
	wantExhausted(t, h, posted, `{"available":0,"needed":32,"pool_owner":"hub"}`)
	carol.fetch(protocol.OwnerHub, 31)
	wantExhausted(t, h, posted, `{"available":31,"needed":32,"pool_owner":"hub"}`)
	connie.openAll(connie.send(connie.getAll("sofia", 1, 2)), nil, map[int]int{1: 404, 2: 404})
	carol.fetch(protocol.OwnerHub, 1)
	carol.accept(carol.send(posted))
	wantReplay(t, h, posted)
	if clientOwned, hubOwned := carol.unused(); clientOwned != blockSize-82 || hubOwned != 0 {
		t.Errorf("%d bytes client-owned are left, and %d hub-owned", clientOwned, hubOwned)
	}
	connie.openAll(connie.send(connie.getAll("sofia", 1, 2)), sizes, nil)
}

// A batch whose pad cannot be had costs nothing and stores nothing.
func TestBatchPads(t *testing.T) {
	h, carol, connie := newPair(t)
	m, values := batchOf(map[int]int{1: 8, 2: 8})
	at := func(start, size int) psrd.Fragment { return carol.at(protocol.OwnerClient, start, size) }
	data := carol.blocks[protocol.OwnerClient][0].Data
	carol.accept(carol.send(carol.postAll(m, values))) // with bytes 0 to 47
	for _, test := range []struct {
		pad    []psrd.Fragment
		status int
		reason error
	}{
		{nil, 400, protocol.ErrMalformed},
		{[]psrd.Fragment{at(80, 15)}, 400, protocol.ErrMalformed},
		{[]psrd.Fragment{at(80, 8), at(88, 9)}, 400, protocol.ErrMalformed},
		{[]psrd.Fragment{at(80, 8), at(87, 8)}, 400, psrd.ErrOverlap}, // one pad for both shares
		{[]psrd.Fragment{at(80, 8), at(80, 8)}, 400, psrd.ErrOverlap},
		{[]psrd.Fragment{at(64, 16)}, 400, psrd.ErrOverlap}, // the signing key
		{[]psrd.Fragment{at(80, 8), at(0, 8)}, 409, psrd.ErrUsed},
		{[]psrd.Fragment{at(80, 16), at(96, 0)}, 400, psrd.ErrOutOfRange},
		{[]psrd.Fragment{at(80, 8), carol.at(protocol.OwnerHub, 80, 8)}, 404, psrd.ErrUnknownBlock},
		{[]psrd.Fragment{at(80, 8), connie.at(protocol.OwnerClient, 80, 8)}, 404, psrd.ErrUnknownBlock},
	} {
		bad := m
		bad.SealedShare = protocol.SealedShare{Pad: protocol.PadAllocation{Fragments: test.pad}, Value: values}
		bad.Shares = batchShares(5, 6)
		r := request{method: "POST", path: protocol.PathKeyShares, body: marshal(t, bad)}
		r.signatures = []string{signedBy(at(48, 32).String(), data[48:80], r)}
		wantFreeRefusal(t, h, r, test.status, test.reason)
	}
}

// batchShares returns the places of shares of 8 bytes of these keys.
func batchShares(keys ...int) (shares []protocol.BatchedShare) {
	for _, n := range keys {
		shares = append(shares, protocol.BatchedShare{KeyID: keyID(n), ShareIndex: 3, Size: 8})
	}
	return shares
}

func TestBatchOfTheLargestNumber(t *testing.T) {
	h, carol, connie := newPair(t)
	for range 4 {
		carol.fetch(protocol.OwnerClient, blockSize)
	}
	most := make([]int, protocol.MaxBatch)
	sizes := map[int]int{}
	for n := range most {
		most[n] = n
		sizes[n] = 1
	}
	sizes[protocol.MaxBatch] = 1
	wantFreeRefusal(t, h, carol.postAll(batchOf(sizes)), 400, protocol.ErrMalformed)
	delete(sizes, protocol.MaxBatch)
	carol.accept(carol.send(carol.postAll(batchOf(sizes))))
	connie.wantSpent(32, protocol.MaxBatch+32, func() { connie.openAll(connie.send(connie.getAll("sofia", most...)), sizes, nil) })
	connie.openAll(connie.send(connie.getAll("susan", most...)), sizes, nil)
}

// TestBatchMembers sends what no client should have signed, in shares of which the others are good.
func TestBatchMembers(t *testing.T) {
	h, carol, _ := newPair(t)
	m, values := batchOf(map[int]int{1: 20, 2: 30})
	m.SealedShare = carol.sealed(values)
	body := string(marshal(t, m))
	for _, change := range [][2]string{
		{`"size":30`, `"size":31`}, {`"size":30`, `"size":29`}, {`"size":30`, `"size":0`}, {`"size":30`, `"size":null`},
		{`"size":30`, `"size":9223372036854775807`}, {`"size":30`, `"size":-9223372036854775808`},
		{`"size":30`, `"size":18446744073709551616`}, {`"size":30`, `"size":"30"`},
		{`"size":20`, `"size":50`}, {`"size":20`, `"size":-9223372036854775808`},
		{`,"size":30`, ``},
		{`"share_index":3,"size":30`, `"size":30`},
		{`"share_index":3,"size":30`, `"share_index":null,"size":30`},
		{`"share_index":3,"size":30`, `"share_index":-1,"size":30`},
		{`"share_index":3,"size":30`, `"share_index":254,"size":30`},
		{keyID(2).String(), keyID(1).String()},
		{keyID(2).String(), strings.ToUpper(keyID(1).String())},
		{`{"key_id"`, `null,{"key_id"`},
		{`{"key_id"`, `{},{"key_id"`},
		{`"susan"`, `""`}, {`"susan"`, `null`}, {`"susan"`, `1`}, {`["susan","sofia"]`, `"sofia"`}, {`["susan","sofia"]`, `null`},
	} {
		changed := strings.Replace(body, change[0], change[1], 1)
		if changed == body {
			t.Fatalf("no %s in %s", change[0], body)
		}
		carol.fetch(protocol.OwnerClient, 32)
		r := carol.sign(request{method: "POST", path: protocol.PathKeyShares, body: []byte(changed)})
		wantFreeRefusal(t, h, r, 400, protocol.ErrMalformed)
	}
}
