package hub_test

import (
	"fmt"
	"testing"

	"dske/protocol"
)

// A hub says what there is too much of, and the request has cost nothing.
func TestFull(t *testing.T) {
	for _, suite := range []protocol.Suite{protocol.Python, protocol.ITS} {
		h, carol, _ := newSuitePair(t, suite)
		m := shareOf(keyID(1))
		if suite == protocol.ITS {
			m.Terms = itsTerms
		}
		posted := carol.post(m, valueOf(1, 64))
		h.Fill("carol", protocol.MaxSharesWaiting, 0)
		wantFreeRefusal(t, h, posted, 503, protocol.ErrFull)
		wantDetails(t, posted.to(t, h), fmt.Sprintf(`{"client_name":"carol","limit":%d,"shares_waiting":%[1]d}`, protocol.MaxSharesWaiting))
		h.Fill("carol", 1, protocol.MaxBytesWaiting)
		wantDetails(t, posted.to(t, h), fmt.Sprintf(`{"bytes_waiting":%d,"client_name":"carol","limit":%[1]d}`, protocol.MaxBytesWaiting))
		h.Fill("carol", 0, 0)
		carol.accept(carol.send(posted))
	}
}
