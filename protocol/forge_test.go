package protocol_test

import (
	"errors"
	"testing"

	"dske/protocol"
	"dske/psrd"
)

// With the bytes of a signing key anybody can sign another message, and without them nobody can.
func TestForge(t *testing.T) {
	for _, suite := range protocol.Suites {
		block := func() *psrd.Block { return psrd.NewBlock(id(0), content(0, 64)) }
		sender, receiver, thief := protocol.NewChannel(suite), protocol.NewChannel(suite), protocol.NewChannel(suite)
		for _, pool := range []*psrd.Pool{sender.OwnKeys, receiver.PeerKeys, thief.PeerKeys} {
			if err := pool.Add(block()); err != nil {
				t.Fatal(err)
			}
		}
		header, err := reserve(t, sender, 0).SignResponse(protocol.Response{To: "it", Status: 200, Body: []byte("true")})
		if err != nil {
			t.Fatal(err)
		}
		wrong := protocol.Response{To: "it", Status: 200, Body: []byte("false")}
		forged, err := thief.Forge(header, wrong)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := receiver.VerifyResponse([]string{header}, wrong); !errors.Is(err, protocol.ErrSignature) {
			t.Errorf("%s: the old signature under the new body: %v", suite.Name(), err)
		}
		if _, err := receiver.VerifyResponse([]string{forged}, wrong); err != nil {
			t.Errorf("%s: %v", suite.Name(), err)
		}
		if got := thief.PeerKeys.Available(); got != 64 {
			t.Errorf("%s: forging spends: %d bytes are left", suite.Name(), got)
		}
		if _, err := protocol.NewChannel(suite).Forge(header, wrong); !errors.Is(err, psrd.ErrUnknownBlock) {
			t.Errorf("%s: without the block: %v", suite.Name(), err)
		}
		if _, err := thief.Forge("nonsense", wrong); !errors.Is(err, protocol.ErrMalformed) {
			t.Errorf("%s: %v", suite.Name(), err)
		}
	}
}
