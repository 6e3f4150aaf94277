package protocol_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"dske/protocol"
	"dske/psrd"
)

func takePad(t *testing.T, out *protocol.Outgoing) protocol.Secret {
	t.Helper()
	pad, err := out.TakePad()
	if err != nil {
		t.Fatal(err)
	}
	return pad
}

// A share that is its own pad is sent as zeros, and the receiver still recovers it.
func TestShareThatIsThePad(t *testing.T) {
	sender, receiver := connect(t, 10, 100)
	out := reserve(t, sender, 40)
	pad := takePad(t, out)
	want := slices.Concat(content(0, 10), content(1, 30))
	if !bytes.Equal(pad.Reveal(), want) {
		t.Errorf("the pad is % x, want % x", pad.Reveal(), want)
	}
	fragments := []psrd.Fragment{at(0, 0, 10), at(1, 0, 30)}
	sealed, err := out.Seal(protocol.NewSecret(bytes.Clone(pad.Reveal())))
	if err != nil || !bytes.Equal(sealed.Value, make([]byte, 40)) || !slices.Equal(sealed.Pad.Fragments, fragments) {
		t.Errorf("sealed is %+v, error %v", sealed, err)
	}
	if !bytes.Equal(pad.Reveal(), want) {
		t.Errorf("the share became % x", pad.Reveal())
	}
	m := message{sign(t, out, "q", nil), "q", nil, sealed}
	out.Release()
	stillGood(t, receiver, m, want)
	if sent, received := sender.Own.Available(), receiver.Peer.Available(); sent != 110-72 || received != sent {
		t.Errorf("the sender has %d bytes, the receiver %d, want %d", sent, received, 110-72)
	}
}

// Some of the shares of a batch are the pad and others are not.
func TestPartOfThePad(t *testing.T) {
	sender, receiver := connect(t, 100)
	out := reserve(t, sender, 20)
	value := bytes.Clone(takePad(t, out).Reveal())
	copy(value[10:], "other part")
	sealed, err := out.Seal(protocol.NewSecret(value))
	if err != nil || !bytes.Equal(sealed.Value[:10], make([]byte, 10)) || bytes.Equal(sealed.Value[10:], []byte("other part")) {
		t.Errorf("sealed is %+v, error %v", sealed, err)
	}
	stillGood(t, receiver, message{sign(t, out, "", nil), "", nil, sealed}, value)
}

// The bytes of a pad leave the pool once: as a share, and to seal one message with it.
func TestPadIsTakenOnce(t *testing.T) {
	seal := func(out *protocol.Outgoing) error {
		sealed, err := out.Seal(protocol.NewSecret(make([]byte, 20)))
		if err != nil && sealed.Value != nil {
			t.Errorf("sealed is %+v, error %v", sealed, err)
		}
		return err
	}
	take := func(out *protocol.Outgoing) error {
		pad, err := out.TakePad()
		if err != nil && pad.Reveal() != nil {
			t.Errorf("the pad is % x, error %v", pad.Reveal(), err)
		}
		return err
	}
	release := func(out *protocol.Outgoing) error { out.Release(); return nil }
	type step = func(*protocol.Outgoing) error
	for name, test := range map[string]struct {
		steps []step
		fails int // at this step, with ErrUsed; -1 if none does
		spent int
	}{
		"take":                   {[]step{take}, -1, 20},
		"take, seal":             {[]step{take, seal}, -1, 20},
		"take, take":             {[]step{take, take}, 1, 20},
		"seal, take":             {[]step{seal, take}, 1, 20},
		"take, seal, seal":       {[]step{take, seal, seal}, 2, 20},
		"take, seal, take":       {[]step{take, seal, take}, 2, 20},
		"release, take":          {[]step{release, take}, 1, 0},
		"release, seal":          {[]step{release, seal}, 1, 0},
		"take, release":          {[]step{take, release}, -1, 20},
		"take, release, take":    {[]step{take, release, take}, 2, 20},
		"take, seal, release":    {[]step{take, seal, release, release}, -1, 20},
		"take, and seal in time": {[]step{take, func(out *protocol.Outgoing) error { _ = take(out); return seal(out) }}, -1, 20},
	} {
		c, _ := connect(t, 100)
		out := reserve(t, c, 20)
		for i, do := range test.steps {
			if err := do(out); i == test.fails && !errors.Is(err, psrd.ErrUsed) || i != test.fails && err != nil {
				t.Errorf("%s: step %d failed with %v", name, i, err)
			}
		}
		out.Release()
		if got := c.Own.Available(); got != 100-test.spent {
			t.Errorf("%s: %d bytes are left, want %d", name, got, 100-test.spent)
		}
		next, err := reserve(t, c, 20).Seal(protocol.NewSecret(make([]byte, 20)))
		if err != nil || next.Pad.Fragments[0].Start < test.spent {
			t.Errorf("%s: the next pad is at %v, error %v", name, next.Pad.Fragments, err)
		}
	}
}

// A share of the wrong size is refused and does not cost the pad that was taken.
func TestTakenPadAndWrongSize(t *testing.T) {
	sender, receiver := connect(t, 100)
	out := reserve(t, sender, 20)
	pad := takePad(t, out)
	for _, size := range []int{0, 19, 21} {
		if sealed, err := out.Seal(protocol.NewSecret(make([]byte, size))); err == nil || sealed.Value != nil {
			t.Errorf("sealed %d bytes with a pad of 20", size)
		}
	}
	sealed, err := out.Seal(pad)
	if err != nil || !bytes.Equal(sealed.Value, make([]byte, 20)) {
		t.Errorf("sealed is %+v, error %v", sealed, err)
	}
	stillGood(t, receiver, message{sign(t, out, "", nil), "", nil, sealed}, pad.Reveal())
}

func TestTakePadOfMessageWithout(t *testing.T) {
	c, _ := connect(t, 100)
	out := reserve(t, c, 0)
	if pad, err := out.TakePad(); err == nil || pad.Reveal() != nil {
		t.Errorf("the pad is % x", pad.Reveal())
	}
	out.Release()
	if got := c.Own.Available(); got != 100 {
		t.Errorf("%d bytes are left", got)
	}
}

// TestKeyFromPads makes two keys without a random generator, from the pads for three of five hubs,
// and sends all shares of a hub in one message. Those three hubs get zeros; any three hubs give the
// keys.
func TestKeyFromPads(t *testing.T) {
	const keySize, keys, threshold, hubs = 21, 2, 3, 5
	size := protocol.ITS.ShareSize(keySize, 1)
	var senders, receivers [hubs]*protocol.Channel
	var outs [hubs]*protocol.Outgoing
	for i := range hubs {
		senders[i], receivers[i] = protocol.NewChannel(protocol.ITS), protocol.NewChannel(protocol.ITS)
		share(t, i, 250, senders[i].Own, receivers[i].Peer)
		share(t, 50+i, 32, senders[i].OwnKeys, receivers[i].PeerKeys)
		outs[i] = reserve(t, senders[i], keys*size)
	}
	var want [keys]string
	var all [keys][]protocol.Share
	pads := make([]protocol.Secret, threshold)
	for i := range pads {
		pads[i] = takePad(t, outs[i])
	}
	for k := range keys {
		parts := make([]protocol.Share, threshold)
		for i, pad := range pads {
			parts[i] = protocol.Share{Index: i, Value: protocol.NewSecret(pad.Reveal()[k*size : (k+1)*size])}
		}
		key, shares, err := protocol.ITS.FromPads(parts, []int{3, 4}, keySize, 1)
		if err != nil {
			t.Fatal(err)
		}
		want[k], all[k] = string(key.Reveal()), shares
	}
	if want[0] == want[1] {
		t.Error("both keys are the same")
	}
	var arrived [keys][]protocol.Share
	for i := range hubs {
		batch, values := protocol.NewShareBatch(protocol.KeyIDs{id(1), id(2)}, []protocol.Share{all[0][i], all[1][i]})
		sealed, err := outs[i].Seal(values)
		if zeros := bytes.Equal(sealed.Value, make([]byte, keys*size)); err != nil || zeros != (i < threshold) {
			t.Errorf("hub %d is sent % x, error %v", i, sealed.Value, err)
		}
		m := message{sign(t, outs[i], "", nil), "", nil, sealed}
		opened, err := mustReceive(t, receivers[i], m).Open(sealed)
		if err != nil {
			t.Fatal(err)
		}
		batch.SealedShare = sealed
		for k, s := range batch.Shares(opened) {
			arrived[k] = append(arrived[k], s)
		}
	}
	for k := range keys {
		wantKey(t, protocol.ITS, threshold, arrived[k][:3], want[k])
		wantKey(t, protocol.ITS, threshold, arrived[k][2:], want[k])
		mixed := append(slices.Clone(arrived[k][1:4]), arrived[1-k][4])
		wantKey(t, protocol.ITS, threshold, mixed, want[k], 3) // a share of the other key
	}
}
