package hub_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"dske/node/hub"
	"dske/protocol"
)

// forge returns the request with a signature that is nobody's.
func (c *conversation) forge(r request) request {
	fragments, _, _ := strings.Cut(r.signatures[0], "%")
	r.signatures = []string{signedBy(fragments, []byte("a guess"), r)}
	return r
}

// TestFailures lets somebody guess signatures in connie's name. Past the limit the hub does not even look,
// until the minute is over; nobody else is affected, and no bytes are spent.
func TestFailures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, carol, connie := pairFor(t, hub.Config{MaxFailures: 3})
		share := []byte("share")
		asked := connie.get(askFor(keyID(1)))
		forged := connie.forge(asked)
		guess := func(times int) {
			t.Helper()
			for range times {
				wantFreeRefusal(t, h, forged, 401, protocol.ErrSignature)
			}
		}
		wantLocked := func() {
			t.Helper()
			for _, r := range []request{forged, asked} {
				wantFreeRefusal(t, h, r, 429, protocol.ErrTooManyFailures)
				wantDetails(t, r.to(t, h), `{"client_name":"connie"}`)
			}
		}
		guess(2)
		sleep(59 * time.Second)
		guess(1)
		wantLocked()
		carol.accept(carol.send(carol.post(shareOf(keyID(1)), share)))
		sleep(time.Second - 1)
		wantLocked()
		sleep(1)
		guess(2)
		wantFailures(t, h, "connie", 5)
		wantFailures(t, h, "carol", 0)
		connie.open(connie.send(asked), share)
		wantReplay(t, h, asked) // neither is a guess
		wantReplay(t, h, forged)
		forged = connie.forge(connie.get(askFor(keyID(2))))
		guess(1)
		connie.register("sofia") // to forget them would let anyone guess on
		connie.fetch(protocol.OwnerClient, blockSize)
		asked = connie.get(askFor(keyID(1)))
		forged = connie.forge(asked)
		wantLocked()
		wantOK(t, connie.send(connie.remove()))
		connie.register("sofia")
		wantLocked()
		wantFailures(t, h, "connie", 6)
	})
}

func wantFailures(t *testing.T, h *hub.Hub, client string, want int) {
	t.Helper()
	for _, p := range h.Inspect().PeerClients {
		if p.ClientName == client && p.Failures != want {
			t.Errorf("%d failures of %s, want %d", p.Failures, client, want)
		}
	}
	text := fmt.Sprintf(`"nr_failed_verifications":%d`, want)
	if strings.Contains(status(t, h), text) != (want > 0) {
		t.Errorf("the status is %s", status(t, h))
	}
}

// Without a limit failures are counted all the same.
func TestFailuresWithoutLimit(t *testing.T) {
	h, carol, _ := newPair(t)
	posted := carol.post(shareOf(keyID(1)), []byte("share"))
	for range 1100 {
		wantRefused(t, carol.send(carol.forge(posted)), 401, protocol.ErrSignature)
	}
	wantFailures(t, h, "carol", 1100)
	carol.accept(carol.send(posted))
}
