package hub_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"dske/node/hub"
	"dske/protocol"
	"dske/psrd"
)

// A guess is a wrong signature on any route, or none at all. What cannot be a guess is not counted: a
// message that is refused before there is a key to guess, or in spite of the right one.
func TestGuesses(t *testing.T) {
	h, carol, connie := newPair(t)
	deposits, fetches := inBand(carol, connie, carol.terms())
	for c, requests := range map[*conversation][]request{carol: deposits, connie: fetches} {
		guesses := 0
		wantGuess := func(r request) {
			t.Helper()
			guesses++
			wantFreeRefusal(t, h, r, 401, protocol.ErrSignature)
			wantFailures(t, h, c.name, guesses)
		}
		for _, good := range requests {
			wantGuess(c.forge(good))
			good.signatures = nil
			wantGuess(good)
		}
	}
}

// TestGuessesNot sends what is refused and is no guess.
func TestGuessesNot(t *testing.T) {
	h := newHub(t, hub.Config{MaxFailures: 1})
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
	wantRefused(t, connie.send(connie.forge(connie.getAll("sofia", 1))), 401, protocol.ErrSignature)
	wantRefused(t, connie.send(connie.getAll("sofia", 1)), 429, protocol.ErrTooManyFailures)
}

// TestGuessesOnAllRoutes has somebody guess past the limit in the names of both clients, one after the
// other. Nothing is looked at then on any of the in-band routes, not even a replay, until the minute is
// over. What the clients had signed meanwhile is good afterwards.
func TestGuessesOnAllRoutes(t *testing.T) {
	for _, suite := range []protocol.Suite{protocol.Python, protocol.ITS} {
		synctest.Test(t, func(t *testing.T) {
			const limit = 5
			h := newHub(t, hub.Config{Suite: suite, MaxFailures: limit})
			carol := connectIn(t, h, suite, "carol", "sam")
			connie := connectIn(t, h, suite, "connie", "sofia", "susan")
			deposits, fetches := inBand(carol, connie, carol.terms())
			guess := func(good []request) {
				t.Helper()
				for i := range limit {
					r := good[i%2]
					fragments, _, _ := strings.Cut(r.signatures[0], "%")
					tag := map[protocol.Suite]string{
						protocol.Python: "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", protocol.ITS: "AAAAAAAAAAAAAAAAAAAAAA==",
					}[suite]
					r.signatures = []string{fragments + "%" + tag}
					wantFreeRefusal(t, h, r, 401, protocol.ErrSignature)
				}
			}
			wantLocked := func(requests []request) {
				t.Helper()
				for _, r := range requests {
					wantFreeRefusal(t, h, r, 429, protocol.ErrTooManyFailures)
				}
			}
			guess(deposits)
			wantLocked(deposits)
			connie.values(connie.send(connie.getAll("susan", 9))) // is not affected
			sleep(time.Minute - 1)
			wantLocked(deposits)
			sleep(1)
			for _, r := range deposits {
				carol.accept(carol.send(r))
				wantReplay(t, h, r)
			}
			guess(fetches)
			wantLocked(fetches)
			if w := carol.send(carol.remove()); w.Code != 200 { // out of band nothing is locked
				t.Errorf("%d %s", w.Code, w.Body)
			}
			sleep(time.Minute)
			for i, r := range fetches {
				if got, want := len(connie.values(connie.send(r))), i+1; got != want {
					t.Errorf("%d shares, want %d", got, want)
				}
			}
			wantFailures(t, h, "connie", limit)
		})
	}
}

// Guesses at once are all counted. More than the limit may be under way when it is reached, but none
// after that.
func TestGuessesAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const limit, times = 20, 100
		h := newHub(t, hub.Config{MaxFailures: limit})
		connie := connect(t, h, "connie", "sofia")
		forged := connie.forge(connie.getAll("sofia", 1))
		guesses := make([]request, times)
		for i := range guesses {
			guesses[i] = forged
		}
		statuses := atOnce(t, h, guesses...)
		if statuses[401] < limit || statuses[401]+statuses[429] != times {
			t.Errorf("the answers are %v", statuses)
		}
		wantFailures(t, h, "connie", statuses[401])
		wantFreeRefusal(t, h, forged, 429, protocol.ErrTooManyFailures)
	})
}
