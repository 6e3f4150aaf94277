package protocol_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/google/uuid"

	"dske/protocol"
	"dske/psrd"
)

// FuzzSignature has a channel verify an arbitrary header.
func FuzzSignature(f *testing.F) {
	const zeros = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
	b := id(0).String()
	for _, seed := range []string{
		b + ":0:32%" + zeros,
		b + ":0:20," + id(1).String() + ":3:12%" + zeros,
		b + ":0:16," + b + ":8:16%" + zeros,
		b + ":68:32%",
		b + ":0:0%" + zeros,
		b + ":0:40," + b + ":50:-8%" + zeros,
		b + ":+0:032%" + zeros,
		b + ":9223372036854775807:32%AAAA",
		strings.ToUpper(b) + ":0:32%" + zeros,
		"urn:uuid:" + b + ":0:32%" + zeros,
		"{" + b + "}:0:32%" + zeros,
		b + ":0:32%" + strings.Replace(zeros, "A=", "B=", 1),
		strings.Repeat(b+":1:1,", 33) + "%" + zeros,
		"", "%", ",%", "::%", ":::%=",
	} {
		f.Add(seed)
	}
	_, c := connect(f, 100, 32)
	before := statusOf(f, c.Peer)
	f.Fuzz(func(t *testing.T, header string) {
		if in, err := c.VerifyRequest([]string{header}, requestOf("query", []byte("body"))); in != nil || !oneOf(err, refusals...) {
			t.Fatalf("got %v and %v", in, err)
		}
		unchanged(t, c.Peer, before)
		fragments, text, err := protocol.ParseSignature(header)
		if err != nil {
			if !oneOf(err, protocol.ErrMalformed, psrd.ErrOutOfRange) {
				t.Fatal(err)
			}
			return
		}
		if text != header {
			t.Fatalf("%q is written as %q", header, text)
		}
		checkFragments(t, fragments, protocol.SigningKeySize)
	})
}

// checkFragments fails the test unless each fragment is valid and together they have size bytes.
func checkFragments(t *testing.T, fragments []psrd.Fragment, size int) {
	t.Helper()
	for _, f := range fragments {
		if f.Start < 0 || f.Size <= 0 || f.Size > size {
			t.Fatalf("fragment %v, with %d bytes to go", f, size)
		}
		size -= f.Size
	}
	if size != 0 {
		t.Fatalf("%d bytes are missing in %v", size, fragments)
	}
}

// seedBodies adds a valid body, and faulty variants of it.
func seedBodies(f *testing.F, body string) {
	f.Add([]byte(body))
	f.Add([]byte(body + body))
	f.Add([]byte("null"))
	f.Add([]byte(`{"share_index":0,"share_index":1}`))
	for _, change := range [][2]string{
		{`"size":4`, `"size":-4`},
		{`"size":4`, `"size":9223372036854775807`},
		{`"size":4`, `"size":1e1`},
		{`"start":64`, `"start":9223372036854775800`},
		{`"start":64`, `"Start":0`},
		{`"ab`, `"AB`},
		{`"share_index":0`, `"share_index":253`},
		{`"share_index":0`, `"share_index":254`},
		{`/8=`, `\n/8=`},
		{`"sam"`, "\"\xff\""},
		{`{"block_uuid"`, `{"extra":{},"block_uuid"`},
		{`[{`, `[null,{`},
		{`"share_index":0`, `"suite":"its","key_size":5,"threshold":2,"secret_tag":"","share_index":0`},
	} {
		f.Add([]byte(strings.Replace(body, change[0], change[1], 1)))
	}
}

func FuzzPostShare(f *testing.F) {
	seedBodies(f, postJSON)
	f.Fuzz(func(t *testing.T, body []byte) {
		m, err := protocol.ParsePostShare(body)
		if checkParsed(t, body, m.ShareIndex, m.SealedShare, err) {
			if m.ClientName == "" || m.MasterSAE == "" || m.SlaveSAE == "" || m.KeyID == uuid.Nil {
				t.Fatalf("incomplete: %v", m)
			}
			checkRewritten(t, m, protocol.ParsePostShare)
		}
	})
}

func FuzzShareReply(f *testing.F) {
	seedBodies(f, replyJSON)
	f.Fuzz(func(t *testing.T, body []byte) {
		m, err := protocol.ParseShareReply(body)
		if checkParsed(t, body, m.ShareIndex, m.SealedShare, err) {
			checkRewritten(t, m, protocol.ParseShareReply)
		}
	})
}

// checkParsed reports whether a body was parsed. If so, its members must be valid, and opening the
// share in it must either succeed and cost the pad and the key, or fail and cost the key.
func checkParsed(t *testing.T, body []byte, index int, sealed protocol.SealedShare, err error) bool {
	t.Helper()
	if err != nil {
		if !oneOf(err, protocol.ErrMalformed, psrd.ErrOutOfRange) {
			t.Fatal(err)
		}
		return false
	}
	if index < 0 || index > protocol.MaxShareIndex || len(sealed.Value) == 0 {
		t.Fatalf("share %d of %d bytes", index, len(sealed.Value))
	}
	checkFragments(t, sealed.Pad.Fragments, len(sealed.Value))

	sender, receiver := connect(t, 32, 100, 100)
	in := mustReceive(t, receiver, message{header: sign(t, reserve(t, sender, 0), "", body), body: body})
	available := receiver.Peer.Available() // without the key, which is claimed
	share, err := in.Open(sealed)
	switch {
	case err != nil && oneOf(err, refusals...):
		if receiver.Peer.Available() != available {
			t.Fatalf("%v: %d bytes left of %d", sealed, receiver.Peer.Available(), available)
		}
	case err != nil || share.Size() != len(sealed.Value):
		t.Fatalf("%v: share has %d bytes, error %v", sealed, share.Size(), err)
	case receiver.Peer.Available() != available-share.Size():
		t.Fatalf("%v: %d bytes left of %d", sealed, receiver.Peer.Available(), available)
	}
	return true
}

// checkRewritten fails the test unless m stays the same when it is written, read and written again.
// Empty and absent members count as the same.
func checkRewritten[M any](t *testing.T, m M, parse func([]byte) (M, error)) {
	t.Helper()
	body, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	again, err := parse(body)
	if err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	if second, err := json.Marshal(again); err != nil || !bytes.Equal(second, body) {
		t.Fatalf("%s is written again as %s, error %v", body, second, err)
	}
}

func FuzzGetShare(f *testing.F) {
	f.Add(getQuery)
	f.Add(getQuery + "&key_id=")
	f.Add(getQuery + "&")
	f.Add(getQuery + ";")
	f.Add(strings.Replace(getQuery, "sam", "", 1))
	f.Add(strings.Replace(getQuery, "sam", "s=a=m", 1))
	f.Add(getQuery + "&x=%zz")
	f.Add(strings.Replace(getQuery, "sam", "%73+%00%ff%26", 1))
	f.Add(strings.ReplaceAll(getQuery, "&", "&&"))
	f.Add(strings.Replace(getQuery, keyID.String(), strings.ToUpper(keyID.String()), 1))
	f.Add("client_name&master_sae_id&slave_sae_id&key_id")
	f.Fuzz(func(t *testing.T, query string) {
		m, err := protocol.ParseGetShare(query)
		if err != nil {
			if !errors.Is(err, protocol.ErrMalformed) {
				t.Fatal(err)
			}
			return
		}
		if m.ClientName == "" || m.MasterSAE == "" || m.SlaveSAE == "" || m.KeyID == uuid.Nil {
			t.Fatalf("incomplete: %v", m)
		}
		if again, err := protocol.ParseGetShare(m.Query()); err != nil || again != m {
			t.Fatalf("%v is read again as %v, error %v", m, again, err)
		}
		values, err := url.ParseQuery(query)
		for name, value := range map[string]string{"client_name": m.ClientName, "master_sae_id": m.MasterSAE, "slave_sae_id": m.SlaveSAE} {
			if err != nil || len(values[name]) != 1 || values[name][0] != value {
				t.Fatalf("%s is read as %s, and by package url as %v, error %v", name, value, values[name], err)
			}
		}
	})
}
