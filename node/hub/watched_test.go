package hub_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"dske/protocol"
)

// A hub looks after those clients that it has dealt with about a minute ago or less, and not after all.
func TestLooksAfterFew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, carol, connie := newSuitePair(t, protocol.ITS)
		run(t, h)
		for i := range 20 {
			other := meet(t, h, fmt.Sprint("client", i))
			other.suite = protocol.ITS
			other.register()
			other.fetch(protocol.OwnerHub, blockSize)
		}
		want := func(number int) {
			t.Helper()
			if n := h.Watched(); n != number {
				t.Errorf("the hub looks after %d clients, want %d", n, number)
			}
		}
		want(0)
		m, share := shareOf(keyID(1)), valueOf(1, 64)
		m.Terms = itsTerms
		carol.accept(carol.send(carol.post(m, share)))
		want(1)
		sleep(30 * time.Second)
		connie.open(connie.send(connie.get(askFor(keyID(1)))), share)
		want(2)
		sleep(35 * time.Second)
		want(1)
		sleep(time.Minute)
		want(0)
		m.KeyID = keyID(2)
		carol.accept(carol.send(carol.post(m, share)))
		sleep(3 * time.Second)
		connie.open(connie.send(connie.get(askFor(keyID(2)))), share)
		sleep(62 * time.Second)
		want(0) // both at once: the answer to connie is over, too
	})
}
