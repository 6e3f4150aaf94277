package hub_test

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"slices"
	"strings"
	"testing"

	"dske/node/hub"
	"dske/protocol"
)

// newSuitePair is like newPair, for a hub of that suite.
func newSuitePair(t testing.TB, suite protocol.Suite) (h *hub.Hub, carol, connie *conversation) {
	t.Helper()
	h = newHub(t, hub.Config{Suite: suite, Number: 3})
	return h, connectIn(t, h, suite, "carol", "sam"), connectIn(t, h, suite, "connie", "sofia", "susan")
}

// newNumberedPair is like newSuitePair, for the hub with that number.
func newNumberedPair(t testing.TB, suite protocol.Suite, number int) (carol, connie *conversation) {
	t.Helper()
	h := newHub(t, hub.Config{Suite: suite, Number: number})
	return connectIn(t, h, suite, "carol", "sam"), connectIn(t, h, suite, "connie", "sofia", "susan")
}

// connectIn is like connect, for a client of that suite.
func connectIn(t testing.TB, h *hub.Hub, suite protocol.Suite, name string, encryptors ...string) *conversation {
	t.Helper()
	c := meet(t, h, name)
	c.suite = suite
	c.register(encryptors...)
	c.fetch(protocol.OwnerClient, blockSize)
	c.fetch(protocol.OwnerHub, blockSize)
	return c
}

// terms returns terms of a share of 64 bytes in the client's suite.
func (c *conversation) terms() protocol.Terms {
	if c.suite == protocol.ITS {
		return itsTerms
	}
	return protocol.Terms{}
}

// inBand returns signed requests of each kind, about shares of 64 bytes with these terms: deposits
// of carol and fetches of connie.
func inBand(carol, connie *conversation, terms protocol.Terms) (deposits, fetches []request) {
	m := shareOf(keyID(1))
	m.Terms = terms
	batch, values := batchOf(map[int]int{2: 64, 3: 64})
	batch.SlaveSAEs = []string{"sofia"}
	setTerms(&batch.ShareBatch, terms)
	return []request{carol.post(m, valueOf(1, 64)), carol.postAll(batch, values)},
		[]request{connie.get(askFor(keyID(1))), connie.getAll("sofia", 2, 3)}
}

// setTerms gives all shares of a batch the same terms.
func setTerms(b *protocol.ShareBatch, terms protocol.Terms) {
	b.Terms, b.SecretTags = terms, bytes.Repeat(terms.SecretTag, len(b.KeyIDs))
	b.SecretTag = nil
}

// TestKeysOverHubs shares a key in each suite, sends the shares over hubs to two slaves each, and
// recovers the key from any shares that are enough.
func TestKeysOverHubs(t *testing.T) {
	const threshold, hubs = 2, 3
	for _, suite := range []protocol.Suite{protocol.Python, protocol.ITS} {
		key := []byte("a key of 21 bytes ...")
		shares, err := suite.Split(protocol.NewSecret(key), threshold, []int{0, 1, 2}, 2, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		arrived := map[string][]protocol.Share{}
		for i, s := range shares {
			carol, connie := newNumberedPair(t, suite, i)
			m := protocol.PostShares{ClientName: "carol", MasterSAE: "sam", SlaveSAEs: []string{"sofia", "susan"}}
			m.ShareBatch, _ = protocol.NewShareBatch(protocol.KeyIDs{keyID(1)}, []protocol.Share{s})
			size, all := suite.ShareSize(len(key), 1), suite.ShareSize(len(key), 2)
			carol.wantSpent(all+32, 32, func() { carol.accept(carol.send(carol.postAll(m, s.Value.Reveal()))) })
			connie.wantSpent(32, size+32, func() {
				w := connie.send(connie.getAll("sofia", 1))
				reply, err := protocol.ParseSharesReply(w.Body.Bytes())
				if err != nil || len(reply.KeyIDs) != 1 {
					t.Fatalf("%s: %v", w.Body, err)
				}
				arrived["sofia"] = append(arrived["sofia"], reply.Shares(protocol.NewSecret(connie.values(w)[0]))...)
			})
			connie.wantSpent(32, size+32, func() {
				ask := askFor(keyID(1))
				ask.SlaveSAE = "susan"
				w := connie.send(connie.get(ask))
				reply, err := protocol.ParseShareReply(w.Body.Bytes())
				if err != nil {
					t.Fatalf("%s: %v", w.Body, err)
				}
				share := protocol.Share{Index: reply.ShareIndex, Terms: reply.Terms, Value: protocol.NewSecret(connie.values(w)[0])}
				arrived["susan"] = append(arrived["susan"], share)
			})
		}
		for slave, shares := range arrived {
			for range hubs {
				shares = append(shares[1:], shares[0])
				got, atOdds, err := protocol.Recover(suite, threshold, shares[:threshold])
				if err != nil || len(atOdds) > 0 || !bytes.Equal(got.Reveal(), key) {
					t.Errorf("%s has %q, %v, %v", slave, got.Reveal(), atOdds, err)
				}
			}
		}
	}
}

// Terms that a share of 64 bytes cannot have are refused on both routes.
func TestBadTerms(t *testing.T) {
	_, carol, connie := newSuitePair(t, protocol.ITS)
	for name, change := range map[string]func(*protocol.Terms){
		"no key size":            func(m *protocol.Terms) { m.KeySize = 0 },
		"a negative key size":    func(m *protocol.Terms) { m.KeySize = -16 },
		"a key of 17 bytes":      func(m *protocol.Terms) { m.KeySize = 17 },
		"a key of all the share": func(m *protocol.Terms) { m.KeySize = 64 },
		"an endless key":         func(m *protocol.Terms) { m.KeySize = 1<<63 - 1 },
		"no threshold":           func(m *protocol.Terms) { m.Threshold = 0 },
		"a threshold of 1":       func(m *protocol.Terms) { m.Threshold = 1 },
		"a threshold of 255":     func(m *protocol.Terms) { m.Threshold = 255 },
		"a negative threshold":   func(m *protocol.Terms) { m.Threshold = -3 },
		"no tag":                 func(m *protocol.Terms) { m.SecretTag = nil },
		"a tag of 15 bytes":      func(m *protocol.Terms) { m.SecretTag = m.SecretTag[:15] },
		"a tag of 17 bytes":      func(m *protocol.Terms) { m.SecretTag = make([]byte, 17) },
	} {
		terms := itsTerms
		change(&terms)
		for _, c := range []*conversation{carol, connie} {
			c.fetch(protocol.OwnerClient, blockSize)
			c.fetch(protocol.OwnerHub, blockSize)
		}
		deposits, _ := inBand(carol, connie, terms)
		for _, r := range deposits {
			carol.wantFact(r, 400, protocol.ErrMalformed)
		}
		if t.Failed() {
			t.Fatal(name)
		}
	}
	for _, change := range [][2]string{
		{`"suite":"its"`, `"suite":1`},
		{`"key_size":16`, `"key_size":"16"`},
		{`"key_size":16`, `"key_size":16.5`},
		{`"threshold":3`, `"threshold":[3]`},
		{`":"BwcH`, `":"*wcH`},
		{`":"BwcH`, `":"`},
	} {
		carol.fetch(protocol.OwnerClient, blockSize)
		carol.fetch(protocol.OwnerHub, blockSize)
		deposits, _ := inBand(carol, connie, itsTerms)
		for _, r := range deposits {
			i := strings.LastIndex(string(r.body), change[0])
			if i < 0 {
				t.Fatalf("no %s in %s", change[0], r.body)
			}
			r.body = slices.Concat(r.body[:i], []byte(change[1]), r.body[i+len(change[0]):])
			wantRefused(t, carol.send(carol.sign(r)), 400, protocol.ErrMalformed)
		}
	}
}

func TestExtremeTerms(t *testing.T) {
	for _, change := range []func(*protocol.Terms){
		func(m *protocol.Terms) { m.KeySize = 1 },
		func(m *protocol.Terms) { m.Threshold = 2 },
		func(m *protocol.Terms) { m.Threshold = 254 },
		func(m *protocol.Terms) { m.SecretTag = make([]byte, 16) },
	} {
		_, carol, connie := newSuitePair(t, protocol.ITS)
		terms := itsTerms
		change(&terms)
		deposits, fetches := inBand(carol, connie, terms)
		for _, r := range deposits {
			carol.accept(carol.send(r))
		}
		for i, r := range fetches {
			w := connie.send(r)
			if got, want := len(connie.values(w)), i+1; got != want {
				t.Errorf("%d shares, want %d", got, want)
			}
			text := strings.Trim(string(marshal(t, terms)), "{}")
			if i == 1 {
				tags := base64.StdEncoding.EncodeToString(slices.Concat(terms.SecretTag, terms.SecretTag))
				text = text[:strings.Index(text, `"secret_tag"`)] + `"secret_tags":"` + tags + `"`
			}
			if !strings.Contains(w.Body.String(), text) {
				t.Errorf("there is no %s in %s", text, w.Body)
			}
		}
	}
}

// TestForeignSuite has clients of one suite talk to a hub of the other, on all four routes. The hub
// names its suite, spends nothing, and does not count them as forgers.
func TestForeignSuite(t *testing.T) {
	for _, test := range []struct{ hubs, clients protocol.Suite }{
		{protocol.Python, protocol.ITS},
		{protocol.ITS, protocol.Python},
	} {
		h, carol, connie := newSuitePair(t, test.hubs)
		deposits, fetches := inBand(carol, connie, carol.terms())
		for _, r := range append(deposits, fetches...) {
			fragments, _, _ := strings.Cut(r.signatures[0], "%")
			r.signatures = []string{fragments + "%" + base64.StdEncoding.EncodeToString(make([]byte, test.clients.TagSize()))}
			wantFreeRefusal(t, h, r, 400, protocol.ErrSuite)
			wantDetails(t, r.to(t, h), `{"reason":"message of another suite: this node speaks `+protocol.Speaks(test.hubs)+`"}`)
		}
		wantFailures(t, h, "carol", 0)
		wantFailures(t, h, "connie", 0)
	}
}

// A message that is signed in the hub's suite can still carry a share of another suite, or of none.
func TestForeignTerms(t *testing.T) {
	for _, test := range []struct {
		suite protocol.Suite
		names []string // of suites, in the terms
	}{
		{protocol.Python, []string{"its", "ITS", "dske-python ", "python"}},
		{protocol.ITS, []string{"", "dske-python", "ITS", "its "}},
	} {
		for _, name := range test.names {
			_, carol, connie := newSuitePair(t, test.suite)
			terms := itsTerms
			terms.Suite = name
			deposits, _ := inBand(carol, connie, terms)
			for _, r := range deposits {
				w := carol.send(r)
				wantRefused(t, w, 400, protocol.ErrSuite)
				wantDetails(t, w, `{"reason":"message of another suite: this node speaks `+protocol.Speaks(test.suite)+`"}`)
			}
		}
	}
}

// A client may also name the suite that is meant when none is named.
func TestSuiteByName(t *testing.T) {
	_, carol, connie := newPair(t)
	m := shareOf(keyID(1))
	m.Suite = "dske-python"
	carol.accept(carol.send(carol.post(m, []byte("share"))))
	w := connie.send(connie.get(askFor(keyID(1))))
	if !strings.Contains(w.Body.String(), `"suite":"dske-python"`) {
		t.Errorf("the answer is %s", w.Body)
	}
	connie.open(w, []byte("share"))
}

// Damage on the way is harmless and free also in messages of several shares with terms and tags of
// 16 bytes.
func TestDamagedTerms(t *testing.T) {
	h, carol, connie := newSuitePair(t, protocol.ITS)
	batch, values := batchOf(map[int]int{1: 64})
	batch.SlaveSAEs = []string{"sofia"}
	setTerms(&batch.ShareBatch, itsTerms)
	posted, asked := carol.postAll(batch, values), connie.getAll("sofia", 1)
	wantHarmless(t, h, posted)
	wantHarmless(t, h, asked)
	carol.accept(carol.send(posted))
	connie.values(connie.send(asked))
	wantSameAnswer(t, h, posted)
	wantSameAnswer(t, h, asked)
}

// wantSameAnswer fails the test unless the same request gets the same answer again, and nothing is
// spent.
func wantSameAnswer(t *testing.T, h *hub.Hub, r request) {
	t.Helper()
	wantUnchanged(t, h, func() {
		first, second := r.to(t, h), r.to(t, h)
		if first.Code != 200 || first.Body.String() != second.Body.String() ||
			first.Header().Get(protocol.SignatureHeader) != second.Header().Get(protocol.SignatureHeader) {
			t.Errorf("answered %d %s, and then %d %s", first.Code, first.Body, second.Code, second.Body)
		}
	})
}
