package protocol_test

import (
	"encoding/base64"
	"errors"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"dske/protocol"
	"dske/protocol/its"
	"dske/psrd"
)

// connectIn is like connect, for a sender and a receiver of these suites. In a suite with separate
// pools for keys, each end owns as many key blocks of 96 bytes: the sender from 50 on, the receiver
// from 150.
func connectIn(t rapid.TB, from, to protocol.Suite, sizes ...int) (sender, receiver *protocol.Channel) {
	t.Helper()
	sender, receiver = protocol.NewChannel(from), protocol.NewChannel(to)
	for n, size := range sizes {
		share(t, n, size, sender.Own, receiver.Peer)
		share(t, 100+n, size, receiver.Own, sender.Peer)
		if from.Rules().Purposes {
			share(t, 50+n, 96, sender.OwnKeys)
			share(t, 150+n, 96, sender.PeerKeys)
		}
		if to.Rules().Purposes {
			share(t, 50+n, 96, receiver.PeerKeys)
			share(t, 150+n, 96, receiver.OwnKeys)
		}
	}
	return sender, receiver
}

// The signature has the same form as in the other suite, with one slot and a tag of 16 bytes over
// the context and the body.
func TestITSSignature(t *testing.T) {
	c, peer := connectIn(t, protocol.ITS, protocol.ITS, 10)
	reserve(t, c, 0)
	header := sign(t, reserve(t, c, 0), "client_name=carol", []byte("body"))
	want := at(50, 32, 32).String() + "%" + base64.StdEncoding.EncodeToString(
		its.MAC(content(50, 96)[32:64], []string{"POST /dske/api/v1/key-share?client_name=carol"}, []byte("body")))
	if header != want {
		t.Errorf("header is  %s\nwant       %s", header, want)
	}
	if err := mustReceive(t, peer, message{header: header, query: "client_name=carol", body: []byte("body")}).Accept(); err != nil {
		t.Error(err)
	}
	r := protocol.Response{To: header, Status: 404, Body: []byte("{}")}
	signed, err := reserve(t, peer, 0).SignResponse(r)
	want = at(150, 0, 32).String() + "%" + base64.StdEncoding.EncodeToString(
		its.MAC(content(150, 96)[:32], []string{"404 " + header}, []byte("{}")))
	if err != nil || signed != want {
		t.Errorf("header is  %s\nwant       %s; error %v", signed, want, err)
	}
	if in, err := c.VerifyResponse([]string{signed}, r); err != nil || in.Accept() != nil {
		t.Error(err)
	}
}

// A signature is valid only for the message that was signed, and for the request that it answers.
func TestITSContexts(t *testing.T) {
	sender, receiver := connectIn(t, protocol.ITS, protocol.ITS, 100, 100, 100)
	r := protocol.Request{Method: "GET", Path: protocol.PathKeyShare, Query: "client_name=carol"}
	header, err := reserve(t, sender, 0).SignRequest(r)
	if err != nil {
		t.Fatal(err)
	}
	for _, other := range []protocol.Request{
		{Method: "POST", Path: r.Path, Query: r.Query},
		{Method: "GET", Path: protocol.PathKeyShares, Query: r.Query},
		{Method: "GET", Path: r.Path},
		{Method: "GET", Path: r.Path, Body: []byte("?" + r.Query)},
		{Method: "GET", Path: "", Query: r.Query},
		{Method: "", Path: "GET " + r.Path, Query: r.Query},
	} {
		if in, err := receiver.VerifyRequest([]string{header}, other); in != nil || !errors.Is(err, protocol.ErrSignature) {
			t.Errorf("%+v gave %v and %v", other, in, err)
		}
	}
	if _, err := receiver.VerifyRequest([]string{header}, r); err != nil {
		t.Fatal(err)
	}
	answer := protocol.Response{To: header, Status: 200, Body: []byte("{}")}
	signed, err := reserve(t, receiver, 0).SignResponse(answer)
	if err != nil {
		t.Fatal(err)
	}
	another, err := reserve(t, sender, 0).SignRequest(r)
	if err != nil {
		t.Fatal(err)
	}
	for _, other := range []protocol.Response{
		{To: another, Status: 200, Body: answer.Body},
		{To: "", Status: 200, Body: answer.Body},
		{To: header, Status: 404, Body: answer.Body},
		{To: header, Status: 200},
	} {
		if in, err := sender.VerifyResponse([]string{signed}, other); in != nil || !errors.Is(err, protocol.ErrSignature) {
			t.Errorf("%+v gave %v and %v", other, in, err)
		}
	}
	if in, err := sender.VerifyRequest([]string{signed}, r); in != nil || !errors.Is(err, protocol.ErrSignature) {
		t.Errorf("a response that poses as a request gave %v and %v", in, err)
	}
	if _, err := sender.VerifyResponse([]string{signed}, answer); err != nil {
		t.Error(err)
	}
}

// Bytes of a pad cannot be a signing key, even for somebody who knows them; and a slot can be named
// in one way only.
func TestITSSlots(t *testing.T) {
	_, receiver := connectIn(t, protocol.ITS, protocol.ITS, 96)
	r := requestOf("q", []byte("body"))
	for _, test := range []struct {
		name      string
		fragments []psrd.Fragment
		key       []byte
		want      error
	}{
		{"a pad", []psrd.Fragment{at(0, 0, 32)}, content(0, 96)[:32], psrd.ErrUnknownBlock},
		{"the receiver's own key", []psrd.Fragment{at(150, 0, 32)}, content(150, 96)[:32], psrd.ErrUnknownBlock},
		{"misaligned", []psrd.Fragment{at(50, 16, 32)}, content(50, 96)[16:48], psrd.ErrNotSlot},
		{"two halves", []psrd.Fragment{at(50, 0, 16), at(50, 16, 16)}, content(50, 96)[:32], psrd.ErrNotSlot},
		{"two halves the other way round", []psrd.Fragment{at(50, 16, 16), at(50, 0, 16)}, slices.Concat(content(50, 96)[16:32], content(50, 96)[:16]), psrd.ErrNotSlot},
		{"beyond the end", []psrd.Fragment{at(50, 96, 32)}, make([]byte, 32), psrd.ErrOutOfRange},
	} {
		before := statusOf(t, receiver.PeerKeys) + statusOf(t, receiver.Peer)
		context := protocol.ITS.RequestContext(r)
		tag := its.MAC(test.key, context[:], r.Body)
		header := joined(test.fragments) + "%" + base64.StdEncoding.EncodeToString(tag)
		if in, err := receiver.VerifyRequest([]string{header}, r); in != nil || !errors.Is(err, test.want) {
			t.Errorf("%s gave %v and %v, want %v", test.name, in, err, test.want)
		}
		if after := statusOf(t, receiver.PeerKeys) + statusOf(t, receiver.Peer); after != before {
			t.Errorf("%s changed the pools to %s", test.name, after)
		}
	}
}

// Any bit that is flipped on the way is detected, and so is a shifted border between query and
// body.
func TestITSDamage(t *testing.T) {
	sender, receiver := connectIn(t, protocol.ITS, protocol.ITS, 100, 10, 100)
	m := post(t, sender, []byte("share"))
	before := statusOf(t, receiver.PeerKeys) + statusOf(t, receiver.Peer)
	refused := func(damaged message, reasons ...error) {
		t.Helper()
		if in, err := receive(receiver, damaged); in != nil || !oneOf(err, reasons...) {
			t.Errorf("%s %s %s gave %v and error %v", damaged.header, damaged.query, damaged.body, in, err)
		}
		if now := statusOf(t, receiver.PeerKeys) + statusOf(t, receiver.Peer); now != before {
			t.Fatalf("pools have changed to %s", now)
		}
	}
	flips([]byte(m.header), func(_ int, header []byte) {
		refused(message{string(header), m.query, m.body, m.sealed}, append(refusals, psrd.ErrNotSlot)...)
	})
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

// A tag of the size of the other suite shows which suite the sender speaks.
func TestTagOfOtherSuite(t *testing.T) {
	for _, test := range []struct {
		from, to protocol.Suite
		want     string
		size     error // for a tag of neither suite's size
	}{
		{protocol.Python, protocol.ITS, "message of another suite: this node speaks its version 2", protocol.ErrMalformed},
		{protocol.ITS, protocol.Python, "message of another suite: this node speaks dske-python", protocol.ErrSignature},
	} {
		sender, receiver := connectIn(t, test.from, test.to, 100)
		m := post(t, sender, []byte("share"))
		before := statusOf(t, receiver.Peer)
		if in, err := receive(receiver, m); in != nil || !errors.Is(err, protocol.ErrSuite) || err.Error() != test.want {
			t.Errorf("got %v and %v, want %s", in, err, test.want)
		}
		key := receiver.PeerKeys.Status()[0].UUID
		for _, size := range []int{0, 1, 15, 17, 31, 33, 48} {
			m.header = psrd.Fragment{Block: key, Size: 32}.String() + "%" + base64.StdEncoding.EncodeToString(make([]byte, size))
			if in, err := receive(receiver, m); in != nil || !errors.Is(err, test.size) {
				t.Errorf("a tag of %d bytes gave %v and %v, want %v", size, in, err, test.size)
			}
		}
		unchanged(t, receiver.Peer, before)
	}
}

// A key of either suite travels over channels of that suite, wherever the borders of the blocks
// are.
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
