package protocol_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/uuid"

	"dske/protocol"
	"dske/psrd"
)

// example is the two exchanges in its.md: a hub takes the share of a key from carol, and gives it
// to connie.
type example struct {
	*testing.T
	text strings.Builder
}

func (e *example) say(format string, args ...any) { fmt.Fprintf(&e.text, format+"\n", args...) }

// associate returns both ends of an association, with a block in each pool whose bytes count up
// from first.
func (e *example) associate(client string, first byte) (c, hub *protocol.Channel) {
	e.Helper()
	c, hub = protocol.NewChannel(protocol.ITS), protocol.NewChannel(protocol.ITS)
	for i, p := range []struct {
		name      string
		size      int
		own, peer *psrd.Pool
	}{
		{"client-owned, pad", 80, c.Own, hub.Peer},
		{"client-owned, key", 64, c.OwnKeys, hub.PeerKeys},
		{"hub-owned, pad", 80, hub.Own, c.Peer},
		{"hub-owned, key", 64, hub.OwnKeys, c.PeerKeys},
	} {
		id := uuid.UUID{0: 0xd5, 6: 0x40, 8: 0x80, 14: first, 15: byte(i)}
		data := make([]byte, p.size)
		for j := range data {
			data[j] = first + 64*byte(i) + byte(j)
		}
		e.say("block %v (%s, %s): %x", id, client, p.name, data)
		for _, pool := range []*psrd.Pool{p.own, p.peer} {
			if err := pool.Add(psrd.NewBlock(id, bytes.Clone(data))); err != nil {
				e.Fatal(err)
			}
		}
	}
	return c, hub
}

func (e *example) must(err error) {
	e.Helper()
	if err != nil {
		e.Fatal(err)
	}
}

// ask signs a request at one end, shows it and verifies it at the other.
func (e *example) ask(from, to *protocol.Channel, out *protocol.Outgoing, r protocol.Request) (string, *protocol.Incoming) {
	e.Helper()
	signature, err := out.SignRequest(r)
	e.must(err)
	target := r.Path
	if r.Query != "" {
		target += "?" + r.Query
	}
	e.say("%s %s", r.Method, target)
	e.say("DSKE-Signature: %s", signature)
	if r.Body != nil {
		e.say("%s", r.Body)
	}
	incoming, err := to.VerifyRequest([]string{signature}, r)
	e.must(err)
	return signature, incoming
}

// reply does the same for a response.
func (e *example) reply(to *protocol.Channel, out *protocol.Outgoing, r protocol.Response) *protocol.Incoming {
	e.Helper()
	signature, err := out.SignResponse(r)
	e.must(err)
	e.say("%d", r.Status)
	e.say("DSKE-Signature: %s", signature)
	e.say("%s", r.Body)
	incoming, err := to.VerifyResponse([]string{signature}, r)
	e.must(err)
	return incoming
}

// TestExample reproduces the example of its.md, so that its.md can be relied on for every byte.
func TestExample(t *testing.T) {
	e := &example{T: t}
	carol, ofCarol := e.associate("carol", 0x00)
	connie, ofConnie := e.associate("connie", 0x20)
	key := uuid.MustParse("7d0f6c1e-2b4a-4f83-8c95-e1a6d3b7f204")
	value := make([]byte, 80)
	for i := range value {
		value[i] = byte(3 * i)
	}
	terms := protocol.Terms{Suite: "its", Version: 2, KeySize: 32, Threshold: 3, SecretTag: bytes.Repeat([]byte{0xa5}, 16)}
	e.say("share of the hub with the number 4: %x", value)

	out := reserve(t, carol, 80)
	m := protocol.PostShare{ClientName: "carol", MasterSAE: "sam", SlaveSAE: "sofia", KeyID: key, ShareIndex: 4, Terms: terms}
	var err error
	m.SealedShare, err = out.Seal(protocol.NewSecret(bytes.Clone(value)))
	e.must(err)
	body, err := json.Marshal(m)
	e.must(err)
	to, incoming := e.ask(carol, ofCarol, out, protocol.Request{Method: "POST", Path: protocol.PathKeyShare, Body: body})
	opened, err := incoming.Open(m.SealedShare)
	e.must(err)
	e.must(e.reply(carol, reserve(t, ofCarol, 0), protocol.Response{To: to, Status: 200, Body: []byte("{}")}).Accept())

	query := protocol.GetShare{ClientName: "connie", MasterSAE: "sam", SlaveSAE: "sofia", KeyID: key}.Query()
	to, incoming = e.ask(connie, ofConnie, reserve(t, connie, 0), protocol.Request{Method: "GET", Path: protocol.PathKeyShare, Query: query})
	e.must(incoming.Accept())
	answer := reserve(t, ofConnie, 80)
	reply := protocol.ShareReply{ShareIndex: 4, Terms: terms}
	reply.SealedShare, err = answer.Seal(opened)
	e.must(err)
	body, err = json.Marshal(reply)
	e.must(err)
	arrived, err := e.reply(connie, answer, protocol.Response{To: to, Status: 200, Body: body}).Open(reply.SealedShare)
	e.must(err)
	if !bytes.Equal(arrived.Reveal(), value) {
		t.Errorf("share % x arrives", arrived.Reveal())
	}

	document, err := os.ReadFile("its/its.md")
	e.must(err)
	for line := range strings.Lines(e.text.String()) {
		if !strings.Contains(string(document), "    "+line) {
			t.Errorf("its.md lacks %s", line)
		}
	}
	if !strings.Contains(string(document), base64.StdEncoding.EncodeToString(terms.SecretTag)) || !strings.Contains(string(document), hex.EncodeToString(value)) {
		t.Error("its.md lacks the share or its tag")
	}
	if t.Failed() {
		t.Logf("the example is\n%s", e.text.String())
	}
}
