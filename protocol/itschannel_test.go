package protocol_test

import (
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"dske/protocol"
	"dske/protocol/its"
	"dske/psrd"
)

// connectIn is connect for a sender and a receiver of these suites.
func connectIn(t rapid.TB, from, to protocol.Suite, sizes ...int) (sender, receiver *protocol.Channel) {
	t.Helper()
	sender, receiver = protocol.NewChannel(from), protocol.NewChannel(to)
	for n, size := range sizes {
		share(t, n, size, sender.Own, receiver.Peer)
		share(t, 100+n, size, receiver.Own, sender.Peer)
	}
	return sender, receiver
}

// The signature has the form that it has in the other suite, with a tag of 16 bytes.
func TestITSSignature(t *testing.T) {
	c, peer := connectIn(t, protocol.ITS, protocol.ITS, 10, 100)
	header := sign(t, reserve(t, c, 0), "client_name=carol", []byte("body"))
	key := slices.Concat(content(0, 10), content(1, 22))
	want := joined([]psrd.Fragment{at(0, 0, 10), at(1, 0, 22)}) + "%" +
		base64.StdEncoding.EncodeToString(its.MAC(key, "client_name=carol", []byte("body")))
	if header != want {
		t.Errorf("header is  %s\nwant       %s", header, want)
	}
	if err := mustReceive(t, peer, message{header: header, query: "client_name=carol", body: []byte("body")}).Accept(); err != nil {
		t.Error(err)
	}
}

// Any bit that is flipped on the way is found, and so is a border between query and body that has moved.
func TestITSDamage(t *testing.T) {
	sender, receiver := connectIn(t, protocol.ITS, protocol.ITS, 100, 10, 100)
	m := post(t, sender, []byte("share"))
	before := statusOf(t, receiver.Peer)
	refused := func(damaged message, reasons ...error) {
		t.Helper()
		if in, err := receive(receiver, damaged); in != nil || !oneOf(err, reasons...) {
			t.Errorf("%s %s %s gave %v and error %v", damaged.header, damaged.query, damaged.body, in, err)
		}
		unchanged(t, receiver.Peer, before)
	}
	flips([]byte(m.header), func(_ int, header []byte) { refused(message{string(header), m.query, m.body, m.sealed}, refusals...) })
	flips([]byte(m.query), func(_ int, query []byte) {
		refused(message{m.header, string(query), m.body, m.sealed}, protocol.ErrSignature)
	})
	flips(m.body, func(_ int, body []byte) { refused(message{m.header, m.query, body, m.sealed}, protocol.ErrSignature) })
	all := m.query + string(m.body)
	for border := range len(all) + 1 {
		if border != len(m.query) {
			refused(message{m.header, all[:border], []byte(all[border:]), m.sealed}, protocol.ErrSignature)
		}
	}
	for _, body := range [][]byte{append(slices.Clone(m.body), 0), append(slices.Clone(m.body), make([]byte, 16)...), m.body[1:], nil} {
		refused(message{m.header, m.query, body, m.sealed}, protocol.ErrSignature)
	}
	stillGood(t, receiver, m, []byte("share"))
}

// A tag of the size of the other suite's says which suite the sender speaks, and anything else is just wrong.
func TestTagOfOtherSuite(t *testing.T) {
	for _, test := range []struct {
		from, to protocol.Suite
		want     string
	}{
		{protocol.Python, protocol.ITS, "message of another suite: this node speaks its"},
		{protocol.ITS, protocol.Python, "message of another suite: this node speaks dske-python"},
	} {
		sender, receiver := connectIn(t, test.from, test.to, 100)
		m := post(t, sender, []byte("share"))
		before := statusOf(t, receiver.Peer)
		if in, err := receive(receiver, m); in != nil || !errors.Is(err, protocol.ErrSuite) || err.Error() != test.want {
			t.Errorf("got %v and %v, want %s", in, err, test.want)
		}
		fragments, _, _ := strings.Cut(m.header, "%")
		for _, size := range []int{0, 1, 15, 17, 31, 33, 48} {
			m.header = fragments + "%" + base64.StdEncoding.EncodeToString(make([]byte, size))
			if in, err := receive(receiver, m); in != nil || !errors.Is(err, protocol.ErrSignature) {
				t.Errorf("a tag of %d bytes gave %v and %v, want %v", size, in, err, protocol.ErrSignature)
			}
		}
		unchanged(t, receiver.Peer, before)
		if sent, received := sender.Own.Available(), receiver.Peer.Available(); sent != 100-5-32 || received != 100 {
			t.Errorf("the sender has %d bytes, the receiver %d", sent, received)
		}
	}
}

// A key of either suite travels over channels of it, wherever the borders of the blocks are.
func TestKeyOverChannels(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		suite := rapid.SampledFrom(suites).Draw(t, "suite")
		key := rapid.StringN(4, 40, 40).Draw(t, "key")
		sizes := rapid.SliceOfN(rapid.IntRange(30, 90), 5, 8).Draw(t, "blocks")
		var arrived []protocol.Share
		for _, s := range split(t, suite, key, 2, 3, 1) {
			sender, receiver := connectIn(t, suite, suite, sizes...)
			m := post(t, sender, s.Value.Reveal())
			value, err := mustReceive(t, receiver, m).Open(m.sealed)
			if err != nil {
				t.Fatal(err)
			}
			arrived = append(arrived, protocol.Share{Index: s.Index, Terms: s.Terms, Value: value})
		}
		wantKey(t, suite, 2, arrived[1:], key)
		wantKey(t, suite, 2, arrived, key)
	})
}
