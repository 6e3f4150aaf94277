package hub_test

import (
	"testing"

	"dske/node"
	"dske/node/hub"
	"dske/protocol"
)

// A request is large in at most one direction. A request that is large in both would hold some
// processors while it waits for others; with a single processor it would wait forever.
func TestNoGETIsLarge(t *testing.T) {
	h := newHub(t, hub.Config{Bulk: node.NewBulk()})
	carol, connie := connect(t, h, "carol", "sam"), connect(t, h, "connie", "sofia")
	const size = node.SmallBatch + 1
	carol.fetch(protocol.OwnerClient, 2*size)
	connie.fetch(protocol.OwnerHub, 2*size)
	m := shareOf(keyID(1))
	carol.accept(carol.send(carol.post(m, valueOf(1, size))))
	large := getOf(askFor(m.KeyID).Query())
	large.body = make([]byte, size)
	wantFreeRefusal(t, h, connie.sign(large), 413, protocol.ErrTooLarge)
	wantOK(t, connie.get(askFor(m.KeyID)).to(t, h))
}
