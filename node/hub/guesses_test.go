package hub_test

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"dske/node/hub"
	"dske/protocol"
	"dske/psrd"
)

// forge returns the request with an invalid signature.
func (c *conversation) forge(r request) request {
	fragments, _, _ := strings.Cut(r.signatures[0], "%")
	r.signatures = []string{fragments + "%" + base64.StdEncoding.EncodeToString(make([]byte, c.suite.TagSize()))}
	return r
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

// A wrong tag on any route counts as a guess. These are not guesses: a message without a signature,
// and one that is refused before there is a key to guess or despite the right key.
func TestGuesses(t *testing.T) {
	for _, suite := range protocol.Suites {
		h, carol, connie := newSuitePair(t, suite)
		deposits, fetches := inBand(carol, connie, carol.terms())
		for c, requests := range map[*conversation][]request{carol: deposits, connie: fetches} {
			for i, good := range requests {
				wantFreeRefusal(t, h, c.forge(good), 401, protocol.ErrSignature)
				good.signatures = nil
				wantFreeRefusal(t, h, good, 401, protocol.ErrSignature)
				wantFailures(t, h, c.name, i+1)
			}
		}
	}
}

// TestGuessesNot sends requests that are refused and do not count as guesses.
func TestGuessesNot(t *testing.T) {
	h := newHub(t, hub.Config{})
	carol, connie := connect(t, h, "carol", "sam"), connect(t, h, "connie", "sofia", "susan")
	poor := meet(t, h, "dave")
	poor.register("dan")
	poor.fetch(protocol.OwnerClient, blockSize)
	stray := connie.get(protocol.GetShare{ClientName: "nobody", MasterSAE: "sam", SlaveSAE: "sofia", KeyID: keyID(1)})
	asked := connie.getAll("sofia", 1)
	spoilt, unreadable := asked, asked
	spoilt.signatures = []string{strings.Replace(asked.signatures[0], ":32%", ":31%", 1)}
	unreadable.signatures = []string{"please"}
	for _, test := range []struct {
		who    *conversation
		r      request
		status int
		reason error
	}{
		{connie, spoilt, 400, protocol.ErrMalformed},
		{connie, unreadable, 400, protocol.ErrMalformed},
		{connie, connie.getAll("sofia", 1, 1), 400, protocol.ErrMalformed},
		{connie, stray, 403, protocol.ErrClientNotRegistered},
		{carol, carol.get(askFor(keyID(1))), 404, psrd.ErrUnknownBlock}, // in connie's name
		{poor, poor.post(protocol.PostShare{ClientName: "dave", MasterSAE: "dan", SlaveSAE: "dan", KeyID: keyID(1)}, []byte("share")), 503, psrd.ErrExhausted},
		{connie, connie.get(askFor(keyID(1))), 404, protocol.ErrUnknownKey},
		{connie, asked, 200, nil},
		{connie, asked, 409, psrd.ErrUsed},
		{connie, connie.forge(asked), 409, psrd.ErrUsed}, // there is nothing left to guess
	} {
		w := test.who.send(test.r)
		if test.status == 200 {
			wantOK(t, w)
			continue
		}
		wantRefused(t, w, test.status, test.reason)
	}
	for _, name := range []string{"carol", "connie", "dave"} {
		wantFailures(t, h, name, 0)
	}
}

// However often somebody guesses in a client's name, at once or one after the other, the client is
// served. The chance of success is visible, even after the client has registered again.
func TestNoLockOut(t *testing.T) {
	for _, suite := range protocol.Suites {
		h, carol, _ := newSuitePair(t, suite)
		m := shareOf(keyID(1))
		m.Terms = carol.terms()
		posted := carol.post(m, valueOf(1, 64))
		forged := carol.forge(posted)
		for range 1000 {
			wantRefused(t, forged.to(t, h), 401, protocol.ErrSignature)
		}
		guesses := make([]request, 200)
		for i := range guesses {
			guesses[i] = forged
		}
		if statuses := atOnce(t, h, guesses...); statuses[401] != len(guesses) {
			t.Errorf("the answers are %v", statuses)
		}
		carol.accept(carol.send(posted))
		wantFailures(t, h, "carol", 1200)
		chance := h.Inspect().PeerClients[0].ForgeryChance
		if shown := strings.HasPrefix(chance, "2^-11"); shown != suite.Rules().Refusals {
			t.Errorf("%s: the chance of forgeries is %q", suite.Name(), chance)
		}
		carol.register("sam")
		wantFailures(t, h, "carol", 1200)
	}
}
