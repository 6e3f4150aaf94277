package hub_test

import (
	"strings"
	"testing"

	"dske/node/hub"
	"dske/protocol"
	"dske/psrd"
)

// A hub without bytes to acknowledge a batch takes nothing of it, and spends none of the client's
// bytes.
func TestBatchWithoutAcknowledgement(t *testing.T) {
	h := newHub(t, hub.Config{})
	carol, connie := meet(t, h, "carol"), connect(t, h, "connie", "sofia", "susan")
	carol.register("sam")
	carol.fetch(protocol.OwnerClient, blockSize)
	sizes := map[int]int{1: 25, 2: 25}
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

// A batch whose pad is not available costs its signing key and stores nothing.
func TestBatchPads(t *testing.T) {
	h, carol, connie := newPair(t)
	m, values := batchOf(map[int]int{1: 8, 2: 8})
	at := func(start, size int) psrd.Fragment { return carol.at(protocol.OwnerClient, start, size) }
	data := carol.blocks[protocol.OwnerClient][0].Data
	carol.accept(carol.send(carol.postAll(m, values))) // uses bytes 0 to 47
	for i, test := range []struct {
		pad    []psrd.Fragment
		status int
		reason error
	}{
		{nil, 400, protocol.ErrMalformed},
		{[]psrd.Fragment{at(80, 15)}, 400, protocol.ErrMalformed},
		{[]psrd.Fragment{at(80, 8), at(88, 9)}, 400, protocol.ErrMalformed},
		{[]psrd.Fragment{at(80, 8), at(87, 8)}, 400, psrd.ErrOverlap}, // one pad for both shares
		{[]psrd.Fragment{at(80, 8), at(80, 8)}, 400, psrd.ErrOverlap},
		{[]psrd.Fragment{at(712, 16)}, 409, psrd.ErrUsed}, // the signing key
		{[]psrd.Fragment{at(80, 8), at(0, 8)}, 409, psrd.ErrUsed},
		{[]psrd.Fragment{at(80, 16), at(96, 0)}, 400, psrd.ErrOutOfRange},
		{[]psrd.Fragment{at(80, 8), carol.at(protocol.OwnerHub, 80, 8)}, 404, psrd.ErrUnknownBlock},
		{[]psrd.Fragment{at(80, 8), connie.at(protocol.OwnerClient, 80, 8)}, 404, psrd.ErrUnknownBlock},
	} {
		bad := m
		bad.SealedShare = protocol.SealedShare{Pad: protocol.PadAllocation{Fragments: test.pad}, Value: values}
		bad.KeyIDs = protocol.KeyIDs{keyID(5), keyID(6)}
		r := request{method: "POST", path: protocol.PathKeyShares, body: marshal(t, bad)}
		key := 512 + 40*i
		r.signatures = []string{signedBy(at(key, 32).String(), data[key:key+32], r)}
		wantRefusal(t, h, r, test.status, test.reason)
	}
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
	wantRefusal(t, h, carol.postAll(batchOf(sizes)), 400, protocol.ErrMalformed)
	delete(sizes, protocol.MaxBatch)
	carol.accept(carol.send(carol.postAll(batchOf(sizes))))
	connie.wantSpent(32, protocol.MaxBatch+32, func() { connie.openAll(connie.send(connie.getAll("sofia", most...)), sizes, nil) })
	connie.openAll(connie.send(connie.getAll("susan", most...)), sizes, nil)
}

// TestBatchMembers sends members that no client should sign, in otherwise correct messages.
func TestBatchMembers(t *testing.T) {
	h, carol, _ := newPair(t)
	m, values := batchOf(map[int]int{1: 25, 2: 25})
	m.SealedShare = carol.sealed(values)
	body := string(marshal(t, m))
	one, two := keyID(1).String(), keyID(2).String()
	for _, change := range [][2]string{
		{`"share_index":3,`, ``},
		{`"share_index":3`, `"share_index":null`},
		{`"share_index":3`, `"share_index":-1`},
		{`"share_index":3`, `"share_index":254`},
		{`"share_index":3`, `"share_index":[3,3]`},
		{two, one},
		{two, strings.ToUpper(one)},
		{two, two + ","}, {two, "," + two}, {two, " " + two}, {two, "{" + two + "}"}, {two, strings.ReplaceAll(two, "-", "")},
		{two, two + "," + keyID(3).String()},
		{two, two + "," + keyID(3).String() + "," + keyID(4).String()},
		{one + "," + two, ``}, {one + "," + two, `,`},
		{`"` + one + "," + two + `"`, `null`},
		{`"` + one + "," + two + `"`, `["` + one + `","` + two + `"]`},
		{`"share_index":3`, `"secret_tags":"AQID","share_index":3`},
		{`"share_index":3`, `"secret_tags":["AQID","AQID"],"share_index":3`},
		{`"share_index":3`, `"secret_tag":"AQIDBA==","share_index":3`},
		{`"encrypted_share_value":"`, `"encrypted_share_value":"AAAA`},
		{`"encrypted_share_value"`, `"encrypted_share_value":"","_"`},
		{`"susan"`, `""`}, {`"susan"`, `null`}, {`"susan"`, `1`}, {`["susan","sofia"]`, `"sofia"`}, {`["susan","sofia"]`, `null`},
	} {
		changed := strings.Replace(body, change[0], change[1], 1)
		if changed == body {
			t.Fatalf("no %s in %s", change[0], body)
		}
		carol.fetch(protocol.OwnerClient, 32)
		r := carol.sign(request{method: "POST", path: protocol.PathKeyShares, body: []byte(changed)})
		wantRefusal(t, h, r, 400, protocol.ErrMalformed)
	}
}
