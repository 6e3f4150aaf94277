package adversary_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"testing"

	"github.com/google/uuid"

	"dske/protocol"
	"dske/protocol/shamir"
	"dske/psrd"
	"dske/sim/adversary"
	"dske/sim/wire"
)

var (
	someKeyID   = uuid.MustParse("0f8fad5b-d9cb-469f-a165-70867728950e")
	someBlockID = uuid.MustParse("7c9e6679-7425-40de-944b-e07fc1f90ae7")
	someBlock   = bytes.Repeat([]byte("0123456789abcdef"), 16)
)

// Whatever is on the wire, the adversary does not fail, and still finds a key of which it has
// enough shares.
func FuzzTap(f *testing.F) {
	for _, m := range signedMessages(f) {
		f.Add(m.To, m.Method, m.Path, m.Query, m.Header.Get(protocol.SignatureHeader), m.Body,
			m.Response.Header.Get(protocol.SignatureHeader), m.Response.Body)
	}
	f.Fuzz(func(t *testing.T, to, method, path, query, signature string, body []byte, replySignature string, reply []byte) {
		a := wellInformed(t)
		m := wire.Message{
			Request:  wire.Request{To: to, Method: method, Path: path, Query: query, Header: signed(signature), Body: body},
			Response: wire.Response{Header: signed(replySignature), Body: reply},
		}
		a.Tap(m)
		for _, m.Path = range []string{protocol.PathPSRD, protocol.PathKeyShare, protocol.PathKeyShares} {
			for _, m.Method = range []string{http.MethodGet, http.MethodPost} {
				a.Tap(m)
			}
		}
		if got := a.Attack(someKeyID); string(got.Key.Reveal()) != "the key" {
			t.Errorf("%v", got)
		}
	})
}

// The seeds of the fuzz test reach the attack.
func TestSignedMessages(t *testing.T) {
	a := wellInformed(t)
	if got := a.Attack(someKeyID).Known; got != 2 {
		t.Errorf("%d shares known, want 2", got)
	}
	for _, m := range signedMessages(t) {
		a.Tap(m)
		if got := a.Attack(someKeyID); got.Known != 3 || !got.Recovered() {
			t.Errorf("after %s: %v with %d shares, want 3", m.Method, got, got.Known)
		}
	}
}

func signed(signature string) http.Header {
	header := http.Header{}
	header.Set(protocol.SignatureHeader, signature)
	return header
}

// wellInformed returns an adversary that knows two shares of a key, and the PSRD of a third hub.
func wellInformed(t testing.TB) *adversary.Adversary {
	t.Helper()
	shares, err := shamir.Split([]byte("the key"), 2, 5, bytes.NewReader([]byte("any")))
	if err != nil {
		t.Fatal(err)
	}
	a := adversary.New(protocol.Python, 2)
	a.Compromise("hank", []psrd.LeakedBlock{{UUID: someBlockID, Data: someBlock}}, nil)
	for i, hub := range hubNames[1:3] {
		a.Compromise(hub, nil, []protocol.LeakedShare{{KeyID: someKeyID, Share: protocol.Share{Index: i, Value: protocol.NewSecret(shares[i].Value)}}})
	}
	return a
}

// signedMessages returns a share, a wrong one, on its way to hank and back.
func signedMessages(t testing.TB) []wire.Message {
	t.Helper()
	channel := protocol.NewChannel(protocol.Python)
	if err := channel.Own.Add(psrd.NewBlock(someBlockID, bytes.Clone(someBlock))); err != nil {
		t.Fatal(err)
	}
	post := wire.Message{Request: wire.Request{To: "hub/hank", Method: http.MethodPost, Path: protocol.PathKeyShare}}
	get := wire.Message{Request: wire.Request{To: "hub/hank", Method: http.MethodGet, Path: protocol.PathKeyShare,
		Query: protocol.GetShare{ClientName: "connie", MasterSAE: "sam", SlaveSAE: "sofia", KeyID: someKeyID}.Query()}}
	get.Response.Status = http.StatusOK
	ofPost := func(out *protocol.Outgoing, body []byte) (string, error) {
		return out.SignRequest(protocol.Request{Method: post.Method, Path: post.Path, Body: body})
	}
	ofGet := func(out *protocol.Outgoing, body []byte) (string, error) {
		return out.SignResponse(protocol.Response{Status: get.Response.Status, Body: body})
	}
	seal := func(sign func(*protocol.Outgoing, []byte) (string, error), message func(protocol.SealedShare) any) ([]byte, http.Header) {
		out, err := channel.Reserve(7)
		if err != nil {
			t.Fatal(err)
		}
		sealed, err := out.Seal(protocol.NewSecret([]byte("a share")))
		if err != nil {
			t.Fatal(err)
		}
		body, err := json.Marshal(message(sealed))
		if err != nil {
			t.Fatal(err)
		}
		signature, err := sign(out, body)
		if err != nil {
			t.Fatal(err)
		}
		return body, signed(signature)
	}
	post.Body, post.Header = seal(ofPost, func(s protocol.SealedShare) any {
		return protocol.PostShare{ClientName: "carol", MasterSAE: "sam", SlaveSAE: "sofia", KeyID: someKeyID, ShareIndex: 7, SealedShare: s}
	})
	get.Response.Body, get.Response.Header = seal(ofGet, func(s protocol.SealedShare) any {
		return protocol.ShareReply{ShareIndex: 7, SealedShare: s}
	})
	return []wire.Message{post, get}
}
