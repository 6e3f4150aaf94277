package protocol_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"math/rand/v2"
	"strings"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"dske/protocol"
	"dske/psrd"
)

// id returns the UUID of block n of a test. It has letters, so that their case matters.
func id(n int) uuid.UUID { return uuid.UUID{0: 0xab, 15: byte(n)} }

// at returns a fragment of block n.
func at(n, start, size int) psrd.Fragment {
	return psrd.Fragment{Block: id(n), Start: start, Size: size}
}

// content returns the bytes of block n.
func content(n, size int) []byte {
	data := make([]byte, size)
	_, _ = rand.NewChaCha8([32]byte{byte(n)}).Read(data)
	return data
}

// connect returns both ends of an association. Each end owns blocks of these sizes: the sender
// blocks 0, 1 and so on, the receiver blocks 100, 101 and so on.
func connect(t rapid.TB, sizes ...int) (sender, receiver *protocol.Channel) {
	t.Helper()
	sender, receiver = protocol.NewChannel(protocol.Python), protocol.NewChannel(protocol.Python)
	for n, size := range sizes {
		share(t, n, size, sender.Own, receiver.Peer)
		share(t, 100+n, size, receiver.Own, sender.Peer)
	}
	return sender, receiver
}

// share adds block n to the pools.
func share(t rapid.TB, n, size int, pools ...*psrd.Pool) {
	t.Helper()
	for _, pool := range pools {
		if err := pool.Add(psrd.NewBlock(id(n), content(n, size))); err != nil {
			t.Fatal(err)
		}
	}
}

// message is what an eavesdropper sees.
type message struct {
	header, query string
	body          []byte
	sealed        protocol.SealedShare // also in the body, if there is one
}

// post has c send a share.
func post(t rapid.TB, c *protocol.Channel, secret []byte) message {
	t.Helper()
	out := reserve(t, c, len(secret))
	sealed, err := out.Seal(protocol.NewSecret(secret))
	if err != nil {
		t.Fatal(err)
	}
	body, err := json.Marshal(protocol.ShareReply{ShareIndex: 7, SealedShare: sealed})
	if err != nil {
		t.Fatal(err)
	}
	query := "client_name=carol"
	return message{sign(t, out, query, body), query, body, sealed}
}

// requestOf returns a request with a query and a body.
func requestOf(query string, body []byte) protocol.Request {
	return protocol.Request{Method: "POST", Path: protocol.PathKeyShare, Query: query, Body: body}
}

// numbers returns the numbers of the first n hubs of a network.
func numbers(n int) []int {
	list := make([]int, n)
	for i := range list {
		list[i] = i
	}
	return list
}

func reserve(t rapid.TB, c *protocol.Channel, padSize int) *protocol.Outgoing {
	t.Helper()
	out, err := c.Reserve(padSize)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func sign(t rapid.TB, out *protocol.Outgoing, query string, body []byte) string {
	t.Helper()
	header, err := out.SignRequest(requestOf(query, body))
	if err != nil {
		t.Fatal(err)
	}
	return header
}

// receive has c verify a message.
func receive(c *protocol.Channel, m message) (*protocol.Incoming, error) {
	return c.VerifyRequest([]string{m.header}, requestOf(m.query, m.body))
}

func mustReceive(t rapid.TB, c *protocol.Channel, m message) *protocol.Incoming {
	t.Helper()
	in, err := receive(c, m)
	if err != nil {
		t.Fatal(err)
	}
	return in
}

// stillGood fails the test unless c still accepts the message and finds the secret in it.
func stillGood(t rapid.TB, c *protocol.Channel, m message, secret []byte) {
	t.Helper()
	got, err := mustReceive(t, c, m).Open(m.sealed)
	if err != nil {
		t.Fatal(err)
	}
	if string(got.Reveal()) != string(secret) {
		t.Errorf("share is % x, want % x", got.Reveal(), secret)
	}
}

// statusOf returns the status of a pool as it is shown to users.
func statusOf(t rapid.TB, p *psrd.Pool) string {
	t.Helper()
	text, err := json.Marshal(p.Status())
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// unchanged fails the test if the pool does not have this status.
func unchanged(t rapid.TB, p *psrd.Pool, before string) {
	t.Helper()
	if now := statusOf(t, p); now != before {
		t.Fatalf("pool has changed from\n%s\nto\n%s", before, now)
	}
}

// signedBy returns a header that names the key and carries the tag under the key, computed
// independently of the package.
func signedBy(fragments string, key []byte, query string, body []byte) string {
	mac := hmac.New(sha256.New, key)
	mac.Write(append([]byte(query), body...))
	return fragments + "%" + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

func joined(fragments []psrd.Fragment) string {
	names := make([]string, len(fragments))
	for i, f := range fragments {
		names[i] = f.String()
	}
	return strings.Join(names, ",")
}
