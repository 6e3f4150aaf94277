package adversary

import (
	"bytes"
	"crypto/rand"
	"testing"

	"dske/protocol"
	"dske/psrd"
)

// The adversary's textbook formulas agree with the suites.
func TestPolynomials(t *testing.T) {
	for _, suite := range protocol.Suites {
		key, shares, err := newKey(suite, 32, 3, 5)
		if err != nil {
			t.Fatal(err)
		}
		some := []protocol.Share{shares[4], shares[0], shares[2]}
		for _, s := range shares {
			if !bytes.Equal(at(suite, some, s.Index), s.Value.Reveal()) {
				t.Errorf("%s: share %d is another one", suite.Name(), s.Index)
			}
		}
		secret, offset := secretPython, 0
		if suite.Name() == protocol.SuiteITS {
			secret, offset = secretITS, 48
		}
		if !bytes.Equal(at(suite, some, secret)[offset:], key.Reveal()) {
			t.Errorf("%s: the key is another one", suite.Name())
		}
	}
}

func TestOctets(t *testing.T) {
	if got := octet(0x57).Mul(0x83); got != 0xc1 { // FIPS 197, 4.2
		t.Errorf("%x", got)
	}
	for a := 1; a < 256; a++ {
		if octet(a).Mul(octet(a).Inverse()) != 1 {
			t.Errorf("%x has no inverse", a)
		}
	}
}

// Bytes are used once, from a slot if there is one, and never more than there are.
func TestSpareBytes(t *testing.T) {
	k := newKnowledge(protocol.ITS)
	value := make([]byte, 100)
	rand.Read(value)
	f := psrd.Fragment{Start: 20, Size: 100}
	k.deduce("client/carol", protocol.OwnerClient, []psrd.Fragment{f}, value)
	for _, want := range []int{64, 32} {
		signer, err := k.signer("client/carol", protocol.OwnerClient)
		if err != nil || signer.fragments[0].Start != want || !bytes.Equal(signer.key, value[want-20:][:32]) {
			t.Errorf("%v, error %v", signer.fragments, err)
		}
	}
	if _, err := k.signer("client/carol", protocol.OwnerClient); err != errPoor {
		t.Error(err)
	}
	if _, err := k.signer("client/carol", protocol.OwnerHub); err != errPoor {
		t.Error(err)
	}
	if s, err := k.seal("client/carol", protocol.OwnerClient, make([]byte, 12)); err != nil || !bytes.Equal(s.Value, value[:12]) {
		t.Errorf("%v, error %v", s, err)
	}
}

func FuzzSigningKeyOf(f *testing.F) {
	f.Add("ab000000-0000-0000-0000-000000000001:0:32%dGFn")
	f.Add("ab000000-0000-0000-0000-000000000001:0:16,ab000000-0000-0000-0000-000000000001:-1:16%")
	f.Fuzz(func(t *testing.T, signature string) {
		fragments, err := signingKeyOf(signature)
		if err == nil && len(fragments) == 0 {
			t.Error("neither a key nor an error")
		}
		k := newKnowledge(protocol.ITS)
		if _, err := k.resign(protocol.ITS, signature, protocol.Context{}, nil); err == nil {
			t.Error("signed with bytes that he does not know")
		}
	})
}
