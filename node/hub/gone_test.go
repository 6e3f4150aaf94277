package hub

import (
	"testing"

	"dske/node"
	"dske/protocol"
)

// When another request takes one share of several first, the other shares are not reported as
// unknown.
func TestOneShareOfSeveralIsGone(t *testing.T) {
	directory, err := node.NewDirectory(true, nil)
	if err != nil {
		t.Fatal(err)
	}
	h, err := New(Config{Name: "hank", Directory: directory})
	if err != nil {
		t.Fatal(err)
	}
	if err := h.register(t.Context(), protocol.Registration{ClientName: "connie", EncryptorNames: []string{"sofia"}}, node.Proof{Token: "token"}); err != nil {
		t.Fatal(err)
	}
	ids := protocol.KeyIDs{{1}, {2}}
	var shares []keyShare
	for _, id := range ids {
		value := protocol.NewSecret(make([]byte, protocol.ITS.ShareSize(16, 1)))
		terms := protocol.Terms{Suite: "its", Version: 2, KeySize: 16, Threshold: 2, SecretTag: make([]byte, 16)}
		shares = append(shares, keyShare{id, &share{Share: protocol.Share{Terms: terms, Value: value}, client: "carol", masterSAE: "sam", slaveSAEs: []string{"sofia"}, slaveOwners: []string{"connie"}}})
	}
	if err := h.shares.put(shares); err != nil {
		t.Fatal(err)
	}
	p := h.clients["connie"]
	m := protocol.GetShares{ClientName: "connie", MasterSAE: "sam", SlaveSAE: "sofia", KeyIDs: ids}
	slow := h.handing(m, false)
	if size, err := slow.prepare(p); err != nil || size != 2*protocol.ITS.ShareSize(16, 1) {
		t.Fatalf("%d bytes, %v", size, err)
	}
	faster, _, _ := h.findShares(p, protocol.GetShares{ClientName: "connie", MasterSAE: "sam", SlaveSAE: "sofia", KeyIDs: ids[1:]})
	if _, err := h.shares.deliver(faster, "sofia"); err != nil {
		t.Fatal(err)
	}
	answer, err := slow.act(p, nil, nil)
	reply, ok := answer.(protocol.SharesReply)
	if err != nil || !ok || len(reply.KeyIDs) != 0 || len(reply.Refused) != 1 || reply.Refused[0].KeyID != ids[1] || reply.Refused[0].Status != 404 {
		t.Fatalf("%+v, %v", answer, err)
	}
	if h.SharesWaiting() != 1 {
		t.Errorf("%d shares wait", h.SharesWaiting())
	}
}
