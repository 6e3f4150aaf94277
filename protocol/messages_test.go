package protocol_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"strings"
	"testing"

	"github.com/google/uuid"

	"dske/protocol"
	"dske/psrd"
)

// The exact messages of wire.md.
const (
	postJSON = `{"master_client_name":"carol","master_sae_id":"sam","slave_sae_id":"sofia",` +
		`"user_key_id":"6ba7b810-9dad-11d1-80b4-00c04fd430c8","share_index":0,` + sealedJSON
	replyJSON  = `{"share_index":0,` + sealedJSON
	sealedJSON = `"encryption_key_allocation":{"fragments":[` +
		`{"block_uuid":"ab000000-0000-0000-0000-000000000001","start":64,"size":4},` +
		`{"block_uuid":"ab000000-0000-0000-0000-000000000002","start":0,"size":1}]},` +
		`"encrypted_share_value":"3q2+7/8="}`
)

var (
	keyID  = uuid.MustParse("6ba7b810-9dad-11d1-80b4-00c04fd430c8")
	sealed = protocol.SealedShare{
		Pad:   protocol.PadAllocation{Fragments: []psrd.Fragment{at(1, 64, 4), at(2, 0, 1)}},
		Value: []byte{0xde, 0xad, 0xbe, 0xef, 0xff},
	}
	postShare  = protocol.PostShare{ClientName: "carol", MasterSAE: "sam", SlaveSAE: "sofia", KeyID: keyID, SealedShare: sealed}
	shareReply = protocol.ShareReply{SealedShare: sealed}
)

// parsers parse a body with the function for its message.
var parsers = map[string]struct {
	body  string
	parse func([]byte) (any, error)
}{
	"PostShare":  {postJSON, func(body []byte) (any, error) { return protocol.ParsePostShare(body) }},
	"ShareReply": {replyJSON, func(body []byte) (any, error) { return protocol.ParseShareReply(body) }},
}

func TestJSON(t *testing.T) {
	for _, test := range []struct {
		message any
		want    string
	}{
		{postShare, postJSON},
		{shareReply, replyJSON},
		{protocol.Registration{ClientName: "carol", EncryptorNames: []string{"sam", "sue"}}, `{"client_name":"carol","encryptor_names":["sam","sue"]}`},
		{protocol.Registration{ClientName: "carol"}, `{"client_name":"carol"}`},
		{protocol.Registered{HubName: "hank"}, `{"hub_name":"hank"}`},
		{protocol.BlockData{UUID: keyID, Data: []byte{0xff, 0xfe}}, `{"block_uuid":"6ba7b810-9dad-11d1-80b4-00c04fd430c8","data":"//4="}`},
		{protocol.Encryptor{EncryptorName: "sofia", ClientName: "connie"}, `{"encryptor_name":"sofia","client_name":"connie"}`},
	} {
		got, err := json.Marshal(test.message)
		if err != nil || string(got) != test.want {
			t.Errorf("%T is written as %s, want %s; error %v", test.message, got, test.want, err)
		}
		read := reflect.New(reflect.TypeOf(test.message))
		if err := protocol.Unmarshal([]byte(test.want), read.Interface()); err != nil {
			t.Errorf("reading %T: %v", test.message, err)
		}
		if got := read.Elem().Interface(); !reflect.DeepEqual(got, test.message) {
			t.Errorf("%s is read as %v, want %v", test.want, got, test.message)
		}
	}
}

func TestParse(t *testing.T) {
	for name, want := range map[string]any{"PostShare": postShare, "ShareReply": shareReply} {
		if got, err := parsers[name].parse([]byte(parsers[name].body)); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s is read as %v, want %v; error %v", name, got, want, err)
		}
	}
}

func TestUnknownMembersAreIgnored(t *testing.T) {
	const unknown = `"edition":{"share_index":[254]},"size_":-1,`
	for name, parser := range parsers {
		want, err := parser.parse([]byte(parser.body))
		if err != nil {
			t.Fatal(err)
		}
		for place := range strings.Count(parser.body, "{") {
			body := insertAfter(parser.body, "{", place, unknown)
			if got, err := parser.parse([]byte(body)); err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("%s %s is read as %v, want %v; error %v", name, body, got, want, err)
			}
		}
	}
}

// insertAfter returns s with text after occurrence n of what.
func insertAfter(s, what string, n int, text string) string {
	parts := strings.SplitAfter(s, what)
	parts[n] += text
	return strings.Join(parts, "")
}

// Each member is required, and null or a value of another type does not count as one.
func TestMembersAreRequired(t *testing.T) {
	for name, parser := range parsers {
		var members map[string]any
		if err := json.Unmarshal([]byte(parser.body), &members); err != nil {
			t.Fatal(err)
		}
		for member := range members {
			without := maps.Clone(members)
			delete(without, member)
			malformed(t, name+" without "+member, without, parser.parse)
			for _, value := range []any{nil, "", true, -1.5, []any{}, []any{"sam"}, map[string]any{}, "!"} {
				if text, ok := value.(string); ok && text != "" && isName(member) {
					continue
				}
				other := maps.Clone(members)
				other[member] = value
				malformed(t, fmt.Sprintf("%s with %s %v", name, member, value), other, parser.parse)
			}
		}
	}
}

// isName reports whether any text will do for the member.
func isName(member string) bool {
	return strings.HasSuffix(member, "_name") || strings.HasSuffix(member, "_sae_id")
}

// malformed fails the test unless the message is refused.
func malformed(t *testing.T, what string, message any, parse func([]byte) (any, error)) {
	t.Helper()
	body, err := json.Marshal(message)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := parse(body); !errors.Is(err, protocol.ErrMalformed) {
		t.Errorf("%s is read as %v with error %v, want %v", what, got, err, protocol.ErrMalformed)
	}
}

func TestNotJSON(t *testing.T) {
	for name, parser := range parsers {
		for _, body := range []string{"", "null", "{}", "[]", `"share"`, "{", parser.body + "}", parser.body + parser.body,
			parser.body[:len(parser.body)-1], "[" + parser.body + "]", strings.ReplaceAll(parser.body, `"`, "'")} {
			if got, err := parser.parse([]byte(body)); !errors.Is(err, protocol.ErrMalformed) {
				t.Errorf("%s %s is read as %v with error %v, want %v", name, body, got, err, protocol.ErrMalformed)
			}
		}
	}
}

// One part of a valid message is replaced.
func TestBadParts(t *testing.T) {
	for _, test := range []struct {
		part, by string
		want     error
	}{
		{`"share_index":0`, `"share_index":-1`, protocol.ErrMalformed},
		{`"share_index":0`, `"share_index":254`, protocol.ErrMalformed},
		{`"share_index":0`, `"share_index":255`, protocol.ErrMalformed},
		{`"share_index":0`, `"share_index":256`, protocol.ErrMalformed},
		{`"share_index":0`, `"share_index":4294967296`, protocol.ErrMalformed},
		{`"share_index":0`, `"share_index":18446744073709551616`, protocol.ErrMalformed},
		{`"share_index":0`, `"share_index":0.5`, protocol.ErrMalformed},
		{`"share_index":0`, `"share_index":1e99`, protocol.ErrMalformed},
		{`"share_index":0`, `"share_index":"0"`, protocol.ErrMalformed},
		{`"start":64`, `"start":-1`, psrd.ErrOutOfRange},
		{`"start":64`, `"start":-9223372036854775808`, psrd.ErrOutOfRange},
		{`"start":64`, `"start":9223372036854775808`, protocol.ErrMalformed},
		{`"start":64`, `"start":"64"`, protocol.ErrMalformed},
		{`"size":4`, `"size":0`, psrd.ErrOutOfRange},
		{`"size":4`, `"size":-4`, psrd.ErrOutOfRange},
		{`,"size":4`, ``, psrd.ErrOutOfRange},
		{`"size":4`, `"size":3`, protocol.ErrMalformed},
		{`"size":4`, `"size":5`, protocol.ErrMalformed},
		{`"size":4`, `"size":6`, protocol.ErrMalformed},
		{`"size":4`, `"size":9223372036854775807`, protocol.ErrMalformed},
		{`"size":4`, `"size":9223372036854775808`, protocol.ErrMalformed},
		{`"size":4`, `"size":4.5`, protocol.ErrMalformed},
		{`"block_uuid":"ab`, `"block_uuid":"xb`, protocol.ErrMalformed},
		{`"block_uuid":"ab`, `"block_uuid":"b`, protocol.ErrMalformed},
		{`"block_uuid":"ab000000-`, `"block_uuid":"ab0000000`, protocol.ErrMalformed},
		{`"3q2+7/8="`, `"3q2+7/8"`, protocol.ErrMalformed},
		{`"3q2+7/8="`, `"3q2-7_8="`, protocol.ErrMalformed},
		{`"3q2+7/8="`, `"3q2+7/8=="`, protocol.ErrMalformed},
		{`"3q2+7/8="`, `"3q2+7w=="`, protocol.ErrMalformed}, // one byte less than the pad
		{`"3q2+7/8="`, `"3q2+7/8A"`, protocol.ErrMalformed}, // one byte more
		{`"3q2+7/8="`, `""`, protocol.ErrMalformed},
	} {
		for name, parser := range parsers {
			body := strings.Replace(parser.body, test.part, test.by, 1)
			if body == parser.body {
				t.Fatalf("no %s in %s", test.part, body)
			}
			if got, err := parser.parse([]byte(body)); !errors.Is(err, test.want) {
				t.Errorf("%s with %s is read as %v with error %v, want %v", name, test.by, got, err, test.want)
			}
		}
	}
}

func TestShareIndex(t *testing.T) {
	for _, index := range []int{0, 1, 15, protocol.MaxShareIndex} {
		replace := func(body string) []byte {
			return []byte(strings.Replace(body, `"share_index":0`, fmt.Sprintf(`"share_index":%d`, index), 1))
		}
		if m, err := protocol.ParsePostShare(replace(postJSON)); err != nil || m.ShareIndex != index {
			t.Errorf("share_index %d is read as %d, error %v", index, m.ShareIndex, err)
		}
		if m, err := protocol.ParseShareReply(replace(replyJSON)); err != nil || m.ShareIndex != index {
			t.Errorf("share_index %d is read as %d, error %v", index, m.ShareIndex, err)
		}
	}
	if protocol.MaxShareIndex != 253 {
		t.Errorf("largest share index is %d; 254 and 255 are the digest and the key", protocol.MaxShareIndex)
	}
}

func TestNilKeyID(t *testing.T) {
	body := strings.Replace(postJSON, keyID.String(), uuid.Nil.String(), 1)
	if _, err := protocol.ParsePostShare([]byte(body)); !errors.Is(err, protocol.ErrMalformed) {
		t.Errorf("error is %v, want %v", err, protocol.ErrMalformed)
	}
}

func TestParseUUID(t *testing.T) {
	for _, text := range []string{"6ba7b810-9dad-11d1-80b4-00c04fd430c8", "6BA7B810-9DAD-11D1-80B4-00C04FD430C8"} {
		if got, err := protocol.ParseUUID(text); err != nil || got != keyID {
			t.Errorf("%s is read as %v, error %v", text, got, err)
		}
	}
	for _, text := range badUUIDs {
		if got, err := protocol.ParseUUID(text); !errors.Is(err, protocol.ErrMalformed) || got != uuid.Nil {
			t.Errorf("%q is read as %v with error %v, want %v", text, got, err, protocol.ErrMalformed)
		}
	}
}

var badUUIDs = []string{
	"",
	"sofia",
	"00000000-0000-0000-0000-000000000000",
	"6ba7b8109dad11d180b400c04fd430c8",
	"{6ba7b810-9dad-11d1-80b4-00c04fd430c8}",
	" 6ba7b810-9dad-11d1-80b4-00c04fd430c8 ",
	"urn:uuid:6ba7b810-9dad-11d1-80b4-00c04fd430c8",
	"6ba7b810-9dad-11d1-80b4-00c04fd430c",
	"6ba7b810-9dad-11d1-80b4-00c04fd430c8a",
	"6ba7b810-9dad-11d1-80b4-00c04fd430cg",
	"6ba7b810_9dad_11d1_80b4_00c04fd430c8",
	"6ba7b810-9dad-11d1-80b400c04fd430c8--",
}

// A message can be as deep as it is long, and must not take a stack frame for each level.
func TestDeepMessages(t *testing.T) {
	for _, open := range []string{"[", `{"a":`} {
		for _, start := range []string{"", `{"unknown":`, `{"encrypted_share_value":`, `{"encryption_key_allocation":{"fragments":`} {
			_, err := protocol.ParsePostShare([]byte(start + strings.Repeat(open, 1<<20)))
			if !errors.Is(err, protocol.ErrMalformed) {
				t.Errorf("%s%s…: %v", start, open, err)
			}
		}
	}
}
