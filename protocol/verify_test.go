package protocol_test

import (
	"bytes"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"dske/protocol"
	"dske/psrd"
)

// refusals are the errors with which a damaged or forged message is refused.
var refusals = []error{protocol.ErrMalformed, protocol.ErrSignature,
	psrd.ErrUnknownBlock, psrd.ErrOutOfRange, psrd.ErrOverlap, psrd.ErrUsed}

// oneOf reports whether err is one of the refusals.
func oneOf(err error, refusals ...error) bool {
	return slices.ContainsFunc(refusals, func(r error) bool { return errors.Is(err, r) })
}

// flips calls do with a copy of data for each of its bits, in which that bit is inverted.
func flips(data []byte, do func(bit int, damaged []byte)) {
	for bit := range 8 * len(data) {
		damaged := bytes.Clone(data)
		damaged[bit/8] ^= 1 << (bit % 8)
		do(bit, damaged)
	}
}

func TestDamageIsRefused(t *testing.T) {
	secret := []byte("share")
	sender, receiver := connect(t, 100, 10, 100)
	stillGood(t, receiver, post(t, sender, make([]byte, 35)), make([]byte, 35))
	m := post(t, sender, secret) // its key is in three blocks
	before := statusOf(t, receiver.Peer)
	refused := func(part string, bit int, damaged message, reasons ...error) {
		t.Helper()
		in, err := receive(receiver, damaged)
		if in != nil || !oneOf(err, reasons...) {
			t.Errorf("with bit %d of the %s inverted, got %v and error %v", bit, part, in, err)
		}
		unchanged(t, receiver.Peer, before)
	}
	flips([]byte(m.header), func(bit int, header []byte) {
		refused("header", bit, message{string(header), m.query, m.body, m.sealed}, refusals...)
	})
	flips([]byte(m.query), func(bit int, query []byte) {
		refused("query", bit, message{m.header, string(query), m.body, m.sealed}, protocol.ErrSignature)
	})
	flips(m.body, func(bit int, body []byte) {
		refused("body", bit, message{m.header, m.query, body, m.sealed}, protocol.ErrSignature)
	})
	for _, damaged := range []message{
		{m.header, m.query + "x", m.body, m.sealed},
		{m.header, m.query, append(bytes.Clone(m.body), ' '), m.sealed},
		{m.header, m.query[1:], m.body, m.sealed},
		{m.header, m.query, m.body[:len(m.body)-1], m.sealed},
		{m.header, "", m.body, m.sealed},
		{m.header, m.query, nil, m.sealed},
		{m.header, string(m.body), []byte(m.query), m.sealed},
	} {
		refused("message and more", 0, damaged, protocol.ErrSignature)
	}
	stillGood(t, receiver, m, secret)
}

func TestVerifySpendsNothing(t *testing.T) {
	sender, receiver := connect(t, 40, 100)
	m := post(t, sender, []byte("share"))
	before := statusOf(t, receiver.Peer)
	for range 3 {
		mustReceive(t, receiver, m).Release()
		unchanged(t, receiver.Peer, before)
	}
	stillGood(t, receiver, m, []byte("share"))
}

func TestReplay(t *testing.T) {
	spend := map[string]func(*protocol.Incoming, protocol.SealedShare) error{
		"Accept": func(in *protocol.Incoming, _ protocol.SealedShare) error { return in.Accept() },
		"Open":   func(in *protocol.Incoming, s protocol.SealedShare) error { _, err := in.Open(s); return err },
	}
	for _, sizes := range [][]int{{200}, {37}} { // the second block is used up and then gone
		for first, spendFirst := range spend {
			for second, spendSecond := range spend {
				sender, receiver := connect(t, sizes...)
				m := post(t, sender, []byte("share"))
				in := mustReceive(t, receiver, m)
				if again, err := receive(receiver, m); again != nil || !errors.Is(err, psrd.ErrUsed) {
					t.Errorf("a copy meanwhile gave %v and %v, want %v", again, err, psrd.ErrUsed)
				}
				if err := spendFirst(in, m.sealed); err != nil {
					t.Fatal(err)
				}
				in.Release() // too late: already spent
				before := statusOf(t, receiver.Peer)
				if err := spendSecond(in, m.sealed); second == "Open" && first == "Open" && !errors.Is(err, psrd.ErrUsed) {
					t.Errorf("%s after %s returned %v, want %v", second, first, err, psrd.ErrUsed)
				} else if second == "Open" && first == "Accept" {
					before = statusOf(t, receiver.Peer) // the pad was still there
				}
				if in, err := receive(receiver, m); in != nil || !errors.Is(err, psrd.ErrUsed) {
					t.Errorf("replay after %s returned %v and %v, want %v", first, in, err, psrd.ErrUsed)
				}
				unchanged(t, receiver.Peer, before)
			}
		}
	}
}

func TestHeaderCount(t *testing.T) {
	sender, receiver := connect(t, 100)
	m := post(t, sender, []byte("share"))
	before := statusOf(t, receiver.Peer)
	for _, test := range []struct {
		headers []string
		want    error
	}{
		{nil, protocol.ErrSignature},
		{[]string{}, protocol.ErrSignature},
		{[]string{""}, protocol.ErrMalformed},
		{[]string{m.header, m.header}, protocol.ErrMalformed},
		{[]string{m.header, ""}, protocol.ErrMalformed},
		{[]string{"", m.header}, protocol.ErrMalformed},
		{[]string{m.header + "," + m.header}, protocol.ErrMalformed},
		{[]string{m.header + ", " + m.header}, protocol.ErrMalformed},
	} {
		in, err := receiver.VerifyRequest(test.headers, requestOf(m.query, m.body))
		if in != nil || !errors.Is(err, test.want) {
			t.Errorf("headers %q gave %v and %v, want %v", test.headers, in, err, test.want)
		}
		unchanged(t, receiver.Peer, before)
	}
	stillGood(t, receiver, m, []byte("share"))
}

// A message that is sent back to its sender is refused.
func TestReflection(t *testing.T) {
	sender, receiver := connect(t, 100)
	m := post(t, sender, []byte("share"))
	before := statusOf(t, sender.Own) + statusOf(t, sender.Peer)
	if in, err := receive(sender, m); in != nil || !errors.Is(err, psrd.ErrUnknownBlock) {
		t.Errorf("got %v and %v, want %v", in, err, psrd.ErrUnknownBlock)
	}
	if now := statusOf(t, sender.Own) + statusOf(t, sender.Peer); now != before {
		t.Errorf("pools have changed from\n%s\nto\n%s", before, now)
	}
	stillGood(t, receiver, m, []byte("share"))
}

// Of several copies of a message that arrive at once, one has the claim. When it ends the claim,
// another copy can have it.
func TestConcurrentClaims(t *testing.T) {
	secret := []byte("share")
	sender, receiver := connect(t, 60, 60)
	for _, spend := range []bool{false, true} {
		m := post(t, sender, secret)
		var claims atomic.Int32
		var workers sync.WaitGroup
		start := make(chan struct{})
		for range 16 {
			workers.Go(func() {
				<-start
				in, err := receive(receiver, m)
				switch {
				case errors.Is(err, psrd.ErrUsed):
				case err != nil:
					t.Error(err)
				case spend:
					claims.Add(1)
					if share, err := in.Open(m.sealed); err != nil || !bytes.Equal(share.Reveal(), secret) {
						t.Errorf("share is % x, want % x; error %v", share.Reveal(), secret, err)
					}
				default:
					claims.Add(1)
					in.Release()
				}
			})
		}
		close(start)
		workers.Wait()
		if got := claims.Load(); got == 0 || spend && got != 1 {
			t.Errorf("%d claims (spend is %v)", got, spend)
		}
		if !spend {
			stillGood(t, receiver, m, secret)
		}
	}
}
