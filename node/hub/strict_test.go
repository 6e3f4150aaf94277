package hub_test

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"dske/node/hub"
	"dske/protocol"
	"dske/psrd"
)

// In a suite with all measures on, a request has exactly one accepted spelling, even if its
// signature is valid.
func TestOneSpelling(t *testing.T) {
	h, carol, connie := newSuitePair(t, protocol.ITS)
	deposits, fetches := inBand(carol, connie, itsTerms)
	deposit, fetch := deposits[0], fetches[0]
	for name, test := range map[string]struct {
		r      request
		change func(target, header *string, r *request)
		status int
	}{
		"a query in a POST":  {deposit, func(target, _ *string, _ *request) { *target += "?x=1" }, 400},
		"an empty query":     {deposit, func(target, _ *string, _ *request) { *target += "?" }, 400},
		"a body in a GET":    {fetch, func(_, _ *string, r *request) { r.body = []byte("{}") }, 400},
		"a content encoding": {deposit, func(_, header *string, _ *request) { *header = "Content-Encoding" }, 400},
		"percent-encoding":   {deposit, func(target, _ *string, _ *request) { *target = strings.Replace(*target, "key-share", "key%2Dshare", 1) }, 404},
		"an encoded name":    {deposit, func(target, _ *string, _ *request) { *target = strings.Replace(*target, "hank", "h%61nk", 1) }, 404},
		"a double slash":     {deposit, func(target, _ *string, _ *request) { *target = strings.Replace(*target, "/key", "//key", 1) }, 404},
		"another method":     {deposit, func(_, header *string, r *request) { r.method, *header = "GET", "X-HTTP-Method-Override" }, 400},
		"too large a query":  {fetch, func(target, _ *string, _ *request) { *target += "&x=" + strings.Repeat("x", 16<<10) }, 413},
		"too large a body":   {deposit, func(_, _ *string, r *request) { r.body = bytes.Repeat([]byte(" "), 4<<20+1) }, 413},
	} {
		target, header, r := prefix+test.r.path, "", test.r
		if r.query != "" {
			target += "?" + r.query
		}
		test.change(&target, &header, &r)
		raw := httptest.NewRequest(r.method, target, bytes.NewReader(r.body))
		raw.Header.Set(protocol.SignatureHeader, r.signatures[0])
		if header != "" {
			raw.Header.Set(header, "POST")
		}
		w := httptest.NewRecorder()
		wantUnchanged(t, h, func() { h.Handler().ServeHTTP(w, raw) })
		if w.Code != test.status || w.Header().Get(protocol.SignatureHeader) != "" {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
	carol.accept(carol.send(deposit))
	connie.open(connie.send(fetch), valueOf(1, 64))
}

// lenient is a suite that is not strict.
type lenient struct{ protocol.Suite }

func (s lenient) Rules() protocol.Rules {
	rules := s.Suite.Rules()
	rules.Strict = false
	return rules
}

// Without the rule, the network can change what the signature does not cover, and the hub accepts
// it.
func TestSpellingsBite(t *testing.T) {
	for _, change := range []func(*http.Request){
		func(r *http.Request) { r.URL.ForceQuery = true },
		func(r *http.Request) { r.Header.Set("Content-Encoding", "gzip") },
	} {
		for suite, status := range map[protocol.Suite]int{protocol.ITS: 400, lenient{protocol.ITS}: 200} {
			_, carol, connie := newSuitePair(t, suite)
			deposits, _ := inBand(carol, connie, itsTerms)
			r := httptest.NewRequest("POST", prefix+deposits[0].path, bytes.NewReader(deposits[0].body))
			r.Header.Set(protocol.SignatureHeader, deposits[0].signatures[0])
			change(r)
			w := httptest.NewRecorder()
			carol.hub.Handler().ServeHTTP(w, r)
			if w.Code != status {
				t.Errorf("strict %v: %d %s", suite.Rules().Strict, w.Code, w.Body)
			}
		}
	}
}

// A fault in a message with a valid signature is a fact, which the hub signs; the message spends
// its key.
func TestFacts(t *testing.T) {
	_, carol, connie := newSuitePair(t, protocol.ITS)
	m := shareOf(keyID(1))
	m.Terms = itsTerms
	carol.accept(carol.send(carol.post(m, valueOf(1, 64))))
	wrongNumber, stranger, short := m, m, m
	wrongNumber.KeyID, wrongNumber.ShareIndex = keyID(2), 2
	stranger.KeyID, stranger.MasterSAE = keyID(3), "nobody"
	short.KeyID, short.KeySize = keyID(4), 33
	for _, test := range []struct {
		c      *conversation
		r      request
		status int
		reason error
	}{
		{carol, carol.post(m, valueOf(1, 64)), 409, protocol.ErrDuplicateKey},
		{carol, carol.post(wrongNumber, valueOf(1, 64)), 400, protocol.ErrMalformed},
		{carol, carol.post(stranger, valueOf(1, 64)), 403, protocol.ErrEncryptorNotRegistered},
		{carol, carol.post(short, valueOf(1, 64)), 400, protocol.ErrMalformed},
		{connie, connie.get(askFor(keyID(9))), 404, protocol.ErrUnknownKey},
		{connie, connie.get(protocol.GetShare{ClientName: "connie", MasterSAE: "sam", SlaveSAE: "susan", KeyID: keyID(1)}), 403, protocol.ErrNotMeantForCaller},
		{connie, connie.sign(getOf("client_name=connie&master_sae_id=sam&slave_sae_id=sofia&key_id=1")), 400, protocol.ErrMalformed},
	} {
		_, before := test.c.unused()
		spent, _ := test.c.unused()
		test.c.wantFact(test.r, test.status, test.reason)
		left, after := test.c.unused()
		if spent-left < protocol.SigningKeySize || before-after != protocol.SigningKeySize {
			t.Errorf("%v: %d bytes of the client and %d of the hub are spent", test.reason, spent-left, before-after)
		}
		wantSameAnswerAs(t, test.c, test.r, test.status)
	}
}

func wantSameAnswerAs(t *testing.T, c *conversation, r request, status int) {
	t.Helper()
	wantUnchanged(t, c.hub, func() {
		if w := c.send(r); w.Code != status || w.Header().Get(protocol.SignatureHeader) == "" {
			t.Errorf("again: %d %s", w.Code, w.Body)
		}
	})
}

// Shares of other clients do not change what a client is told: not even that they exist.
func TestSharesOfOthersAreNotSeen(t *testing.T) {
	h, _, connie := newSuitePair(t, protocol.ITS)
	mallory := connectIn(t, h, protocol.ITS, "mallory", "mal")
	connie.wantFact(connie.get(askFor(keyID(1))), 404, protocol.ErrUnknownKey)
	m := shareOf(keyID(1))
	m.ClientName, m.MasterSAE, m.SlaveSAE, m.Terms = "mallory", "mal", "sofia", itsTerms
	mallory.accept(mallory.send(mallory.post(m, valueOf(1, 64))))
	connie.wantFact(connie.get(askFor(keyID(1))), 404, protocol.ErrUnknownKey)
}

// An answer is remembered for a minute. After that the same request is refused as a replay.
func TestAnswersAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		h := newHub(t, hub.Config{Suite: protocol.ITS, Number: 3, Logger: slog.New(slog.NewTextHandler(&log, nil))})
		carol := connectIn(t, h, protocol.ITS, "carol", "sam", "sofia")
		run(t, h)
		m := shareOf(keyID(1))
		m.Terms = itsTerms
		posted := carol.post(m, valueOf(1, 64))
		carol.accept(carol.send(posted))
		sleep(time.Minute - 1)
		wantSameAnswerAs(t, carol, posted, 200)
		sleep(1)
		wantReplay(t, h, posted)
		if !strings.Contains(log.String(), `msg="message refused" client=carol message="POST /dske/api/v1/key-share" reason=`) {
			t.Errorf("the log is %s", &log)
		}
	})
}

// A client can ask how the hub sees it, and which PSRD was missing for answers to its requests.
func TestAssociation(t *testing.T) {
	h := newHub(t, hub.Config{Suite: protocol.ITS})
	carol := meet(t, h, "carol")
	carol.suite = protocol.ITS
	ask := request{method: "GET", path: protocol.PathRegistration, query: "client_name=carol", tokens: carol.tokens}
	want := func(parts ...string) {
		t.Helper()
		body := ask.to(t, h).Body.String()
		for _, part := range parts {
			if !strings.Contains(body, part) {
				t.Errorf("%s lacks %s", body, part)
			}
		}
	}
	want(`{"registered":false,"blocks":[]}`)
	carol.register("sam")
	want(`{"registered":true,"blocks":[]}`)
	block := carol.fetch(protocol.OwnerClient, 64)
	want(`{"block_uuid":"`+block.UUID.String()+`","pool_owner":"client","purpose":"pad","size":64,"nr_unused_bytes":64}`, `"purpose":"key"`)
	lacking := carol.get(protocol.GetShare{ClientName: "carol", MasterSAE: "sam", SlaveSAE: "sam", KeyID: keyID(1)})
	wantFreeRefusal(t, h, carol.forge(lacking), 401, protocol.ErrSignature)
	if strings.Contains(ask.to(t, h).Body.String(), "lacks") {
		t.Error("a forged request makes the hub lack something")
	}
	wantFreeRefusal(t, h, lacking, 503, psrd.ErrExhausted)
	want(`"lacks":[{"purpose":"key","bytes":32}]`)
	carol.fetch(protocol.OwnerHub, 64)
	carol.wantFact(lacking, 404, protocol.ErrUnknownKey)
	if strings.Contains(ask.to(t, h).Body.String(), "lacks") {
		t.Error("the hub still lacks what it got")
	}
	ask.tokens = []string{"another"}
	wantRefused(t, ask.to(t, h), 403, protocol.ErrWrongToken)
}

// A block has a purpose, and blocks for keys consist of slots.
func TestPurposeOfBlocks(t *testing.T) {
	h := newHub(t, hub.Config{Suite: protocol.ITS})
	carol := meet(t, h, "carol")
	carol.suite = protocol.ITS
	carol.register("sam")
	for _, test := range []struct {
		purpose psrd.Purpose
		size    int
		reason  error
	}{{"", 64, protocol.ErrMalformed}, {"Pad", 64, protocol.ErrMalformed}, {"key", 65, psrd.ErrNotSlot}, {"key", 31, psrd.ErrNotSlot}} {
		wantFreeRefusal(t, h, carol.psrdFor(test.purpose, protocol.OwnerClient, test.size), 400, test.reason)
	}
}
