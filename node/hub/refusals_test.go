package hub_test

import (
	"errors"
	"log/slog"
	"strings"
	"testing"

	"dske/node"
	"dske/node/hub"
	"dske/protocol"
)

// TestRefusals compares the refusal of a key in an answer with several shares with the answer for
// this key alone.
func TestRefusals(t *testing.T) {
	h, carol, connie := newPair(t)
	carol.fetch(protocol.OwnerClient, blockSize)
	carol.accept(carol.send(carol.postAll(batchOf(map[int]int{1: 20, 2: 20, 3: 20}))))
	carol.accept(carol.send(carol.post(shareOf(keyID(4)), valueOf(4, 10)))) // for sofia alone
	connie.open(connie.send(connie.get(askFor(keyID(1)))), valueOf(1, 20))
	for _, test := range []struct {
		master, slave string
		key           int
		want          protocol.Refusal
		reason        error
	}{
		{"sam", "sofia", 1, protocol.Refusal{Status: 404, Message: "Unknown key ID."}, protocol.ErrUnknownKey},
		{"sam", "sofia", 9, protocol.Refusal{Status: 404, Message: "Unknown key ID."}, protocol.ErrUnknownKey},
		{"sam", "susan", 4, protocol.Refusal{Status: 403, Message: "Share is not meant for the caller."}, protocol.ErrNotMeantForCaller},
		{"dan", "sofia", 2, protocol.Refusal{Status: 403, Message: "Share is not meant for the caller."}, protocol.ErrNotMeantForCaller},
		{"dan", "sofia", 1, protocol.Refusal{Status: 403, Message: "Share is not meant for the caller."}, protocol.ErrNotMeantForCaller},
		{"sam", "dan", 2, protocol.Refusal{Status: 403, Message: "Encryptor is not registered for that client."}, protocol.ErrEncryptorNotRegistered},
		{"sam", "dan", 9, protocol.Refusal{Status: 403, Message: "Encryptor is not registered for that client."}, protocol.ErrEncryptorNotRegistered},
	} {
		m := protocol.GetShares{ClientName: "connie", MasterSAE: test.master, SlaveSAE: test.slave}
		m.KeyIDs = append(m.KeyIDs, keyID(test.key))
		test.want.KeyID = keyID(test.key)
		alone := connie.send(connie.get(m.One(keyID(test.key))))
		wantRefused(t, alone, test.want.Status, test.reason)
		if e := node.DecodeError(alone.Code, alone.Body.Bytes()); e.Message != test.want.Message {
			t.Errorf("alone it is %q, want %q", e.Message, test.want.Message)
		}
		var reply protocol.SharesReply
		connie.wantSpent(32, 32, func() { reply = connie.refusals(m) })
		if len(reply.Refused) != 1 || reply.Refused[0] != test.want {
			t.Errorf("refused are %+v, want %+v", reply.Refused, test.want)
		}
		if err := node.Reported(test.want.Status, test.want.Message); !errors.Is(err, test.reason) {
			t.Errorf("%+v is understood as %v", test.want, errors.Unwrap(err))
		}
	}
	connie.openAll(connie.send(connie.getAll("sofia", 1, 2, 3)), map[int]int{2: 20, 3: 20}, map[int]int{1: 404})
	connie.openAll(connie.send(connie.getAll("susan", 1, 2, 3)), map[int]int{1: 20, 2: 20, 3: 20}, nil)
	if shares := h.Inspect().Shares; len(shares) != 1 || shares[0].KeyID != keyID(4) {
		t.Errorf("the shares are %+v", shares)
	}
}

// refusals sends a request for shares that do not exist.
func (c *conversation) refusals(m protocol.GetShares) protocol.SharesReply {
	c.t.Helper()
	w := c.send(c.sign(request{method: "GET", path: protocol.PathKeyShares, query: m.Query()}))
	if shares := c.values(w); len(shares) != 0 {
		c.t.Errorf("got %q", shares)
	}
	reply, err := protocol.ParseSharesReply(w.Body.Bytes())
	if err != nil {
		c.t.Error(err)
	}
	return reply
}

// Compares the whole answer, with keys in the order of the request and no null in place of a list.
func TestRefusalsForm(t *testing.T) {
	_, carol, connie := newPair(t)
	carol.accept(carol.send(carol.post(shareOf(keyID(2)), valueOf(2, 16))))
	const refused = `{"key_ids":"","share_index":0,"encryption_key_allocation":{"fragments":[]},"encrypted_share_value":"","refused":[` +
		`{"key_id":"ab000000-0000-0000-0000-000000000003","status":404,"message":"Unknown key ID."},` +
		`{"key_id":"ab000000-0000-0000-0000-000000000002","status":403,"message":"Share is not meant for the caller."},` +
		`{"key_id":"ab000000-0000-0000-0000-000000000001","status":404,"message":"Unknown key ID."}]}`
	if w := connie.send(connie.getAll("susan", 3, 2, 1)); w.Body.String() != refused {
		t.Errorf("the answer is %s, want %s", w.Body, refused)
	}
	const shares = `{"key_ids":"ab000000-0000-0000-0000-000000000002","share_index":3,` +
		`"encryption_key_allocation":{"fragments":[{"block_uuid":"`
	const end = `"refused":[]}`
	if w := connie.send(connie.getAll("sofia", 2)); !strings.HasPrefix(w.Body.String(), shares) || !strings.HasSuffix(w.Body.String(), end) {
		t.Errorf("the answer is %s, want %s...%s", w.Body, shares, end)
	}
}

// A recorded request for shares that came too early cannot be replayed when the shares are there.
func TestRefusedBatchIsSpent(t *testing.T) {
	h, carol, connie := newPair(t)
	early := connie.getAll("sofia", 1, 2)
	connie.openAll(connie.send(early), nil, map[int]int{1: 404, 2: 404})
	carol.accept(carol.send(carol.postAll(batchOf(map[int]int{1: 25, 2: 25}))))
	wantReplay(t, h, early)
	connie.openAll(connie.send(connie.getAll("sofia", 1, 2)), map[int]int{1: 25, 2: 25}, nil)
}

// The log and the status of the hub contain no secret of shares that came together.
func TestNoSecretsInBatches(t *testing.T) {
	var log strings.Builder
	h := newHub(t, hub.Config{Random: seeded(), Logger: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	carol, connie := connect(t, h, "carol", "sam"), connect(t, h, "connie", "sofia")
	share := []byte("XqTzVwBkJpYmRc")
	m, _ := batchOf(map[int]int{1: len(share)})
	posted := carol.postAll(m, share)
	text := posted.to(t, h).Body.String() + posted.to(t, h).Body.String() + status(t, h)
	for _, r := range []request{
		carol.postAll(m, share),
		carol.postAll(batchOf(map[int]int{2: 20, 3: 20})),
		{method: "POST", path: posted.path, body: posted.body},
		connie.getAll("sofia", 1, 9),
		connie.getAll("sofia", 1, 2, 3),
	} {
		text += r.to(t, h).Body.String()
	}
	text += status(t, h) + log.String()
	secrets := [][]byte{share, valueOf(2, 20), valueOf(3, 20)}
	for _, c := range []*conversation{carol, connie} {
		secrets = append(secrets, c.blocks[protocol.OwnerClient][0].Data, c.blocks[protocol.OwnerHub][0].Data)
	}
	for _, secret := range secrets {
		if found := leak(text, secret); found != nil {
			t.Errorf("%q is in %s", found, text)
		}
	}
}
