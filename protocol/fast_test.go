package protocol_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/google/uuid"

	"dske/protocol"
	"dske/psrd"
)

var (
	fullTerms  = protocol.Terms{Suite: "its", Version: 2, KeySize: 32, Threshold: 3, SecretTag: []byte("sixteen bytes...")}
	fullSealed = protocol.SealedShare{
		Pad:   protocol.PadAllocation{Fragments: []psrd.Fragment{{Block: uuid.UUID{1}, Start: 64, Size: 1}, {Block: uuid.UUID{0xab}, Size: 2}}},
		Value: []byte{1, 0xff, 3},
	}
	fullPost  = protocol.PostShare{ClientName: "carol", MasterSAE: "sam", SlaveSAE: "sofia", KeyID: uuid.UUID{2}, ShareIndex: 4, Terms: fullTerms, SealedShare: fullSealed}
	fullReply = protocol.ShareReply{ShareIndex: 0, Terms: fullTerms, SealedShare: fullSealed}
	fullBlock = protocol.BlockData{UUID: uuid.UUID{1}, Data: []byte{1, 0xff, 3}}

	fullRegistration = protocol.Registration{ClientName: "carol", EncryptorNames: []string{"sam", "dan"}}
	fullRegistered   = protocol.Registered{HubName: "hank", Suite: "its", Version: 2}
)

// These are read with reflection.
type (
	anyPost         protocol.PostShare
	anyReply        protocol.ShareReply
	anyBlock        protocol.BlockData
	anyRegistration protocol.Registration
	anyRegistered   protocol.Registered
)

// What is written without package json is what it would have written.
func TestMarshalIsThatOfJSON(t *testing.T) {
	posts := map[string]func(*protocol.PostShare){
		"canonical":            func(*protocol.PostShare) {},
		"name with a quote":    func(m *protocol.PostShare) { m.MasterSAE = `sa"m` },
		"name with markup":     func(m *protocol.PostShare) { m.SlaveSAE = "<sofia> & co" },
		"name beyond ASCII":    func(m *protocol.PostShare) { m.SlaveSAE = "sofía\u2028\xff" },
		"name with a control":  func(m *protocol.PostShare) { m.ClientName = "car\nol\x7f" },
		"long names":           func(m *protocol.PostShare) { m.MasterSAE = strings.Repeat("m", 5000) },
		"negative numbers":     func(m *protocol.PostShare) { m.ShareIndex, m.Pad.Fragments[0].Start = -1, -1<<63 },
		"no fragments":         func(m *protocol.PostShare) { m.Pad.Fragments = nil },
		"no value":             func(m *protocol.PostShare) { m.Value = nil },
		"empty value":          func(m *protocol.PostShare) { m.Value = []byte{} },
		"no suite":             func(m *protocol.PostShare) { m.Suite = "" },
		"no version":           func(m *protocol.PostShare) { m.Version = 0 },
		"no key size":          func(m *protocol.PostShare) { m.KeySize = 0 },
		"no threshold":         func(m *protocol.PostShare) { m.Threshold = 0 },
		"no tag":               func(m *protocol.PostShare) { m.SecretTag = nil },
		"no terms":             func(m *protocol.PostShare) { m.Terms = protocol.Terms{} },
		"of the oldest kind":   func(m *protocol.PostShare) { *m = protocol.PostShare{} },
		"many long fragments":  func(m *protocol.PostShare) { m.Pad.Fragments = make([]psrd.Fragment, 300) },
		"suite with backslash": func(m *protocol.PostShare) { m.Suite = `i\s` },
	}
	for name, change := range posts {
		t.Run(name, func(t *testing.T) {
			m := fullPost
			m.Pad.Fragments = append([]psrd.Fragment(nil), m.Pad.Fragments...)
			change(&m)
			checkMarshalled(t, m)
			checkMarshalled(t, protocol.ShareReply{ShareIndex: m.ShareIndex, Terms: m.Terms, SealedShare: m.SealedShare})
		})
	}
	checkMarshalled(t, struct{}{})
	for _, m := range []protocol.Registered{fullRegistered, {}, {HubName: "hank"}, {HubName: "<", Suite: "its", Version: 2},
		{HubName: "hank", Suite: "its", Version: -2}, {HubName: "hank", Suite: "its", Version: 2, Boot: uuid.UUID{1}}} {
		checkMarshalled(t, m)
	}
	for _, m := range []protocol.Registration{fullRegistration, {}, {ClientName: "carol"}, {ClientName: "<", EncryptorNames: []string{"sam"}},
		{ClientName: "carol", EncryptorNames: []string{"sam", `d"n`}}, {ClientName: "carol", EncryptorNames: []string{""}}} {
		checkMarshalled(t, m)
	}
	checkMarshalled(t, fullPost.Batch())
}

func checkMarshalled(t *testing.T, message any) {
	t.Helper()
	got, err := protocol.Marshal(message)
	if err != nil {
		t.Fatal(err)
	}
	if want, err := json.Marshal(message); err != nil || string(got) != string(want) {
		t.Fatalf("%s, want %s, error %v", got, want, err)
	}
}

// What is read without a JSON package is what that would have read. What is not in canonical form
// is left to it.
func FuzzCanonicalForm(f *testing.F) {
	f.Add(fullBlock.Encode())
	f.Add(append(fullBlock.Encode(), strings.Repeat(" ", 200)+"\t"...))
	f.Add(append(fullBlock.Encode(), strings.Repeat(" ", 200)...))
	f.Add(bytes.Replace(fullBlock.Encode(), []byte("Af8D"), []byte("Af\n\r\n\r8D"), 1)) // package base64 would take that
	f.Add([]byte(`{"share_index":0,"suite":"","version":0,"key_size":0,"threshold":0,"secret_tag":""}]},"encrypted_share_value":""}`))
	f.Add([]byte(`{"hub_name":"hank","suite":"its","version":2}` + "\n\n"))
	f.Add([]byte(`{"client_name":"carol","encryptor_names":[]}`))
	for _, m := range []any{fullPost, fullReply, fullBlock, fullRegistration, fullRegistered} {
		body, err := json.Marshal(m)
		if err != nil {
			f.Fatal(err)
		}
		if !isCanonical(f, body) {
			f.Fatalf("%s is not canonical", body)
		}
		seedBodies(f, string(body))
		for _, change := range [][2]string{
			{`"sam"`, `"s\u0061m"`}, {`"sam"`, `"s<m"`}, {`"sam"`, `null`}, {`"sam"`, `"sam" `}, {`"sam"`, `""`},
			{`"version":2`, `"version":02`}, {`"version":2`, `"version":2.0`}, {`"version":2`, `"version":-2`}, {`"version":2`, `"version":12345678901`},
			{`"size":1}`, `"size":1,"size":1}`}, {`"size":1}`, `"size":1},`}, {`"/`, `"\/`}, {`"Af8D"`, `"Af8D\n"`}, {`"Af8D"`, "\"Af8D\n\""}, {`"Af8D"`, "\"Af\r8D\""}, {`"Af8D"`, `"Af8D`}, {`"Af8D"`, `"Af8="`}, {`"Af8D"`, `"A==="`}, {`"Af8D"`, `"Aw=="`}, {`"Af8D"`, `"Af8D===="`}, {`"Af8D"`, `"=="`}, {`"Af8D"`, `"Af8D="`}, {`"Af8D"`, `"Af9="`},
			{`01000000-`, `01000000+`}, {`01000000-0000-0000-0000-000000000000`, `01000000000000000000000000000000`}, {`ab000000`, `AB000000`}, {`}}`, `} }`},
			{`["sam",`, `[ "sam",`}, {`["sam",`, `["sam",,`}, {`["sam",`, `[`}, {`"dan"`, `"d\"an"`}, {`"dan"]`, `"dan",]`}, {`"dan"]`, `"dan"] `}, {`"its"`, `""`}, {`2}`, `2,"boot":"01000000-0000-0000-0000-000000000000"}`}, {`2}`, "2}\n"},
		} {
			f.Add([]byte(strings.Replace(string(body), change[0], change[1], 1)))
		}
	}
	f.Fuzz(func(t *testing.T, body []byte) { isCanonical(t, body) })
}

// isCanonical reports whether a body is the canonical form of a message, and fails the test unless
// what is read is what a JSON package reads.
func isCanonical(t testing.TB, body []byte) (is bool) {
	t.Helper()
	var post protocol.PostShare
	if protocol.ReadCanonical(body, &post) {
		is = checkReadAlike(t, body, anyPost(post))
	}
	var reply protocol.ShareReply
	if protocol.ReadCanonical(body, &reply) {
		is = checkReadAlike(t, body, anyReply(reply))
	}
	var block protocol.BlockData
	if protocol.ReadCanonical(body, &block) {
		is = checkReadAlike(t, body, anyBlock(block))
	}
	var registration protocol.Registration
	if protocol.ReadCanonical(body, &registration) {
		is = checkReadAlike(t, body, anyRegistration(registration))
	}
	var registered protocol.Registered
	if protocol.ReadCanonical(body, &registered) {
		is = checkReadAlike(t, body, anyRegistered(registered))
	}
	return is
}

func checkReadAlike[M any](t testing.TB, body []byte, got M) bool {
	t.Helper()
	var want M
	if err := protocol.Unmarshal(body, &want); err != nil || !reflect.DeepEqual(got, want) {
		t.Fatalf("%s is read as %+v, want %+v, error %v", body, got, want, err)
	}
	return true
}
