package hub_test

import (
	"slices"
	"testing"

	"dske/node"
	"dske/node/hub"
	"dske/protocol"
)

func TestCounters(t *testing.T) {
	var counters hub.Counters
	d := newDescribed(t, hub.Config{Counters: &counters})
	channel := d.register(2000, 1000)
	d.do(d.postAll(channel, "sam", 200, keyID(1), keyID(2)))
	d.do(d.post(channel, keyID(3), "sam", sofia, 200))
	d.do(d.postAll(channel, "sam", 409, keyID(3), keyID(4)))
	d.do(call{method: "POST", path: protocol.PathKeyShares, body: []byte("{"), status: 400})
	d.do(d.getAll(channel, "carol", sofia, 200, keyID(1), keyID(4), keyID(2)))
	d.do(d.get(channel, keyID(3), "sam", "sam", 403))
	d.do(d.get(channel, keyID(3), "sam", sofia, 200))
	forged := d.get(channel, keyID(3), "sam", sofia, 401)
	forged.signature = ""
	d.do(forged)
	if taken, handedOut := counters.SharesTaken.Load(), counters.SharesHandedOut.Load(); taken != 3 || handedOut != 3 {
		t.Errorf("%d shares taken, %d handed out", taken, handedOut)
	}
	refused := []node.Refusal{
		{Reason: "malformed", Count: 1}, {Reason: "wrong_signature", Count: 1},
		{Reason: "not_for_caller", Count: 1}, {Reason: "unknown_key", Count: 1}, {Reason: "duplicate_key", Count: 2},
	}
	if got := counters.Refused.List(); !slices.Equal(got, refused) {
		t.Errorf("refused %v, want %v", got, refused)
	}
	if n := counters.FailedVerifications.Load(); n != 1 {
		t.Errorf("%d failed verifications", n)
	}
}
