package protocol_test

import (
	"bytes"
	"net/http"
	"testing"

	"github.com/google/uuid"

	"dske/protocol"
	"dske/psrd"
)

// The block of the known answer has the bytes 0, 1, 2 and so on. A pad of 8 bytes precedes the
// signing key. The tag in the literal was computed with Python's hmac module.
func TestKnownAnswer(t *testing.T) {
	const (
		query = "client_name=carol&key_id=1"
		body  = `{"share_index": 0}`
		want  = "6ba7b810-9dad-11d1-80b4-00c04fd430c8:8:32%V1+eQXNevf9fCSjo0SwKb6i4Wv273a56EYIUNRyQ8Ro="
	)
	c := protocol.NewChannel(protocol.Python)
	block := make([]byte, 64)
	for i := range block {
		block[i] = byte(i)
	}
	key := bytes.Clone(block[8:40])
	if err := c.Own.Add(psrd.NewBlock(uuid.MustParse("6ba7b810-9dad-11d1-80b4-00c04fd430c8"), block)); err != nil {
		t.Fatal(err)
	}
	out := reserve(t, c, 8)
	sealed, err := out.Seal(protocol.NewSecret([]byte{0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0}))
	if err != nil {
		t.Fatal(err)
	}
	if want := []byte{0xff, 0xfe, 0xfd, 0xfc, 4, 5, 6, 7}; !bytes.Equal(sealed.Value, want) {
		t.Errorf("sealed share is % x, want % x", sealed.Value, want)
	}
	header := sign(t, out, query, []byte(body))
	if header != want {
		t.Errorf("header is  %s\nwant       %s", header, want)
	}
	if computed := signedBy("6ba7b810-9dad-11d1-80b4-00c04fd430c8:8:32", key, query, []byte(body)); header != computed {
		t.Errorf("header is  %s\ncomputed   %s", header, computed)
	}
}

// A key in several blocks consists of their bytes in the order of the fragments.
func TestKeyAcrossBlocks(t *testing.T) {
	c, _ := connect(t, 10, 1, 100)
	key := bytes.Join([][]byte{content(0, 10), content(1, 1), content(2, 21)}, nil)
	want := signedBy(joined([]psrd.Fragment{at(0, 0, 10), at(1, 0, 1), at(2, 0, 21)}), key, "", []byte("body"))
	if got := sign(t, reserve(t, c, 0), "", []byte("body")); got != want {
		t.Errorf("header is  %s\nwant       %s", got, want)
	}
}

// The peer's fragments need not be in the order of the blocks; the key has the order of the
// fragments.
func TestVerifyKeepsOrder(t *testing.T) {
	_, c := connect(t, 40, 40)
	fragments := joined([]psrd.Fragment{at(1, 3, 12), at(0, 30, 10), at(0, 0, 10)})
	key := bytes.Join([][]byte{content(1, 40)[3:15], content(0, 40)[30:], content(0, 10)}, nil)
	m := message{header: signedBy(fragments, key, "q", []byte("b")), query: "q", body: []byte("b")}
	if err := mustReceive(t, c, m).Accept(); err != nil {
		t.Error(err)
	}
	if got := c.Peer.Available(); got != 48 {
		t.Errorf("%d bytes available, want 48", got)
	}
}

func TestSignatureHeader(t *testing.T) {
	if protocol.SignatureHeader != http.CanonicalHeaderKey("DSKE-Signature") || protocol.TokenHeader != http.CanonicalHeaderKey("DSKE-OOB-Token") {
		t.Errorf("headers are %s and %s", protocol.SignatureHeader, protocol.TokenHeader)
	}
}
