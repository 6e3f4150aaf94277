package protocol_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"dske/protocol"
	"dske/psrd"
)

// The exact bytes of messages with several shares. With itsJSON they are of a suite that has terms
// and tags.
const (
	postsJSON = `{"master_client_name":"carol","master_sae_id":"sam","slave_sae_ids":["sofia","susan"],` +
		batchJSON + `}`
	repliesJSON = `{` + batchJSON + `,"refused":[{"key_id":"ab000000-0000-0000-0000-000000000009","status":404,"message":"Unknown key ID."}]}`
	refusedJSON = `{"key_ids":"","share_index":0,"encryption_key_allocation":{"fragments":[]},"encrypted_share_value":"",` +
		`"refused":[{"key_id":"ab000000-0000-0000-0000-000000000009","status":404,"message":"Unknown key ID."}]}`
	batchJSON = `"key_ids":"6ba7b810-9dad-11d1-80b4-00c04fd430c8,ab000000-0000-0000-0000-000000000005","share_index":253,` +
		`"encryption_key_allocation":{"fragments":[` +
		`{"block_uuid":"ab000000-0000-0000-0000-000000000001","start":64,"size":4},` +
		`{"block_uuid":"ab000000-0000-0000-0000-000000000002","start":0,"size":2}]},` +
		`"encrypted_share_value":"3q2+7/8A"`
	itsJSON   = `"suite":"its","version":2,"key_size":32,"threshold":3,"secret_tags":"AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA="`
	termsJSON = `"suite":"its","version":2,"key_size":32,"threshold":3,"secret_tag":"AQIDBAUGBwgJCgsMDQ4PEA=="`
)

var (
	terms      = protocol.Terms{Suite: "its", Version: 2, KeySize: 32, Threshold: 3, SecretTag: []byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}}
	shareBatch = protocol.ShareBatch{KeyIDs: protocol.KeyIDs{keyID, id(5)}, ShareIndex: 253, SealedShare: protocol.SealedShare{
		Pad:   protocol.PadAllocation{Fragments: []psrd.Fragment{at(1, 64, 4), at(2, 0, 2)}},
		Value: []byte{0xde, 0xad, 0xbe, 0xef, 0xff, 0},
	}}
	refused     = []protocol.Refusal{{KeyID: id(9), Status: 404, Message: "Unknown key ID."}}
	postShares  = protocol.PostShares{ClientName: "carol", MasterSAE: "sam", SlaveSAEs: []string{"sofia", "susan"}, ShareBatch: shareBatch}
	sharesReply = protocol.SharesReply{ShareBatch: shareBatch, Refused: refused}
	allRefused  = protocol.SharesReply{Refused: refused, ShareBatch: protocol.ShareBatch{KeyIDs: protocol.KeyIDs{},
		SealedShare: protocol.SealedShare{Pad: protocol.PadAllocation{Fragments: []psrd.Fragment{}}, Value: []byte{}}}}
)

// withITS returns the body of a batch with itsJSON.
func withITS(body string) string {
	return strings.Replace(body, `"share_index":253,`, `"share_index":253,`+itsJSON+`,`, 1)
}

// batchParsers parse a body with the function for its message.
var batchParsers = map[string]struct {
	body  string
	parse func([]byte) (any, error)
}{
	"PostShares":  {postsJSON, func(body []byte) (any, error) { return protocol.ParsePostShares(body) }},
	"SharesReply": {repliesJSON, func(body []byte) (any, error) { return protocol.ParseSharesReply(body) }},
}

func TestBatchJSON(t *testing.T) {
	posts, reply := postShares, sharesReply
	for _, b := range []*protocol.ShareBatch{&posts.ShareBatch, &reply.ShareBatch} {
		b.Suite, b.Version, b.KeySize, b.Threshold = "its", 2, 32, 3
		for i := range 32 {
			b.SecretTags = append(b.SecretTags, byte(i+1))
		}
	}
	for _, test := range []struct {
		message any
		want    string
		parse   func([]byte) (any, error)
	}{
		{postShares, postsJSON, batchParsers["PostShares"].parse},
		{posts, withITS(postsJSON), batchParsers["PostShares"].parse},
		{sharesReply, repliesJSON, batchParsers["SharesReply"].parse},
		{reply, withITS(repliesJSON), batchParsers["SharesReply"].parse},
		{allRefused, refusedJSON, batchParsers["SharesReply"].parse},
	} {
		got, err := json.Marshal(test.message)
		if err != nil || string(got) != test.want {
			t.Errorf("%T is written as\n%s, want\n%s; error %v", test.message, got, test.want, err)
		}
		if got, err := test.parse([]byte(test.want)); err != nil || !reflect.DeepEqual(got, test.message) {
			t.Errorf("%s is read as %+v, want %+v; error %v", test.want, got, test.message, err)
		}
	}
}

// The terms are members of a message with one share, too.
func TestTermsJSON(t *testing.T) {
	post, reply := postShare, shareReply
	post.Terms, reply.Terms = terms, terms
	for _, test := range []struct {
		message any
		plain   string
		parse   func([]byte) (any, error)
	}{
		{post, postJSON, parsers["PostShare"].parse},
		{reply, replyJSON, parsers["ShareReply"].parse},
	} {
		want := strings.Replace(test.plain, `"share_index":0,`, `"share_index":0,`+termsJSON+`,`, 1)
		if got, err := json.Marshal(test.message); err != nil || string(got) != want {
			t.Errorf("%T is written as\n%s, want\n%s; error %v", test.message, got, want, err)
		}
		if got, err := test.parse([]byte(want)); err != nil || !reflect.DeepEqual(got, test.message) {
			t.Errorf("%s is read as %+v, want %+v; error %v", want, got, test.message, err)
		}
		for _, change := range [][2]string{
			{`"its"`, `7`}, {`:32`, `:"32"`}, {`:32`, `:3.2`}, {`"threshold":3`, `"threshold":{}`}, {`"AQID`, `"AQI`}, {`"AQID`, `"-QID`},
		} {
			body := strings.Replace(want, change[0], change[1], 1)
			if got, err := test.parse([]byte(body)); body == want || !errors.Is(err, protocol.ErrMalformed) {
				t.Errorf("%s is read as %+v with error %v, want %v", body, got, err, protocol.ErrMalformed)
			}
		}
	}
}

func TestUnknownMembersOfBatches(t *testing.T) {
	const unknown = `"edition":{"share_index":[254]},"size_":-1,`
	for name, parser := range batchParsers {
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

// Each member is required except those of refusals, and null does not count as a value.
func TestMembersOfBatches(t *testing.T) {
	for name, parser := range batchParsers {
		var members map[string]any
		if err := json.Unmarshal([]byte(parser.body), &members); err != nil {
			t.Fatal(err)
		}
		for member := range members {
			if member == "refused" {
				continue
			}
			other := maps.Clone(members)
			delete(other, member)
			malformed(t, name+" without "+member, other, parser.parse)
			values := []any{nil, "", true, -1, -1.5, []any{}, []any{""}, []any{nil}, []any{7}, map[string]any{}, "!", "sofia", uuid.Nil.String()}
			for _, value := range values {
				if text, ok := value.(string); ok && text != "" && isName(member) {
					continue
				}
				other[member] = value
				malformed(t, fmt.Sprintf("%s with %s %v", name, member, value), other, parser.parse)
			}
		}
	}
	for _, value := range []string{`"none"`, `{}`, `[7]`, `["sofia"]`, `[{"status":"404"}]`, `[{"key_id":"9"}]`} {
		body := strings.Replace(refusedJSON, `"refused":[`, `"refused":`+value+`,"_":[`, 1)
		if got, err := protocol.ParseSharesReply([]byte(body)); !errors.Is(err, protocol.ErrMalformed) {
			t.Errorf("%s is read as %+v with error %v", body, got, err)
		}
	}
}

// The terms and tags are optional but must be well formed. There are equally many tags, of the same
// size, for each key.
func TestTermsOfBatches(t *testing.T) {
	const tags = "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA="
	for name, parser := range batchParsers {
		right := withITS(parser.body)
		for size := range 65 {
			var want error
			if size%2 != 0 {
				want = protocol.ErrMalformed
			}
			body := strings.Replace(right, tags, base64.StdEncoding.EncodeToString(make([]byte, size)), 1)
			if got, err := parser.parse([]byte(body)); !errors.Is(err, want) {
				t.Errorf("%s with %d bytes of tags is read as %+v with error %v, want %v", name, size, got, err, want)
			}
		}
		for _, change := range [][2]string{
			{`"its"`, `7`}, {`:32`, `:"32"`}, {`:32`, `:3.2`}, {`"threshold":3`, `"threshold":{}`}, {`"AQID`, `"AQI`}, {`"AQID`, `"-QID`},
			{`"` + tags + `"`, `["` + tags + `"]`},
			{`"threshold":3`, `"secret_tag":"AQIDBAUGBwgJCgsMDQ4PEA=="`}, {`"threshold":3`, `"secret_tag":""`},
		} {
			body := strings.Replace(right, change[0], change[1], 1)
			if body == right {
				t.Fatalf("no %s in %s", change[0], body)
			}
			if got, err := parser.parse([]byte(body)); !errors.Is(err, protocol.ErrMalformed) {
				t.Errorf("%s is read as %+v with error %v, want %v", body, got, err, protocol.ErrMalformed)
			}
		}
	}
}

// One part of a valid message is replaced.
func TestBadPartsOfBatches(t *testing.T) {
	const first, second = "6ba7b810-9dad-11d1-80b4-00c04fd430c8", "ab000000-0000-0000-0000-000000000005"
	const third = "ab000000-0000-0000-0000-000000000007"
	for _, test := range []struct {
		part, by string
		want     error
	}{
		{`"share_index":253`, `"share_index":-1`, protocol.ErrMalformed},
		{`"share_index":253`, `"share_index":254`, protocol.ErrMalformed},
		{`"share_index":253`, `"share_index":256`, protocol.ErrMalformed},
		{`"share_index":253`, `"share_index":18446744073709551616`, protocol.ErrMalformed},
		{`"share_index":253,`, ``, protocol.ErrMalformed},
		{second, first, protocol.ErrMalformed},
		{second, strings.ToUpper(first), protocol.ErrMalformed},
		{second, uuid.Nil.String(), protocol.ErrMalformed},
		{second, strings.ReplaceAll(second, "-", ""), protocol.ErrMalformed},
		{second, "{" + second + "}", protocol.ErrMalformed},
		{second, "", protocol.ErrMalformed},
		{"," + second, "," + second + ",", protocol.ErrMalformed},
		{"," + second, ",," + second, protocol.ErrMalformed},
		{"," + second, ", " + second, protocol.ErrMalformed},
		{"," + second, ";" + second, protocol.ErrMalformed},
		{first + ",", "," + first + ",", protocol.ErrMalformed},
		{first + "," + second, ",", protocol.ErrMalformed},
		{`"` + first + "," + second + `"`, `["` + first + `","` + second + `"]`, protocol.ErrMalformed},
		// 6 bytes do not divide into shares for 4 keys.
		{second, second + "," + third + ",ab000000-0000-0000-0000-000000000008", protocol.ErrMalformed},
		{`"start":64`, `"start":-1`, psrd.ErrOutOfRange},
		{`"size":4`, `"size":0`, psrd.ErrOutOfRange},
		{`"size":4`, `"size":-4`, psrd.ErrOutOfRange},
		{`"size":4`, `"size":5`, protocol.ErrMalformed},
		{`"size":4`, `"size":3`, protocol.ErrMalformed},
		{`"3q2+7/8A"`, `"3q2+7w=="`, protocol.ErrMalformed},
		{`"3q2+7/8A"`, `"3q2+7/8="`, protocol.ErrMalformed},
		{`"3q2+7/8A"`, `"3q2+7/8AAAA="`, protocol.ErrMalformed},
		{`"3q2+7/8A"`, `""`, protocol.ErrMalformed},
	} {
		for name, parser := range batchParsers {
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

func TestBatchesThatAreNotJSON(t *testing.T) {
	for name, parser := range batchParsers {
		for _, body := range []string{"", "[]", `"share"`, "{", parser.body + "}", parser.body + parser.body,
			parser.body[:len(parser.body)-1], "[" + parser.body + "]", strings.ReplaceAll(parser.body, `"`, "'")} {
			if got, err := parser.parse([]byte(body)); !errors.Is(err, protocol.ErrMalformed) {
				t.Errorf("%s %s is read as %v with error %v, want %v", name, body, got, err, protocol.ErrMalformed)
			}
		}
	}
}

// The value has the size of its pad but does not divide among the keys.
func TestBatchOfOddValue(t *testing.T) {
	for name, parser := range batchParsers {
		body := strings.Replace(strings.Replace(parser.body, `"size":2`, `"size":1`, 1), `"3q2+7/8A"`, `"3q2+7/8="`, 1)
		if got, err := parser.parse([]byte(body)); !errors.Is(err, protocol.ErrMalformed) {
			t.Errorf("%s %s is read as %v with error %v, want %v", name, body, got, err, protocol.ErrMalformed)
		}
		body = strings.Replace(body, ",ab000000-0000-0000-0000-000000000005", "", 1)
		if got, err := parser.parse([]byte(body)); err != nil {
			t.Errorf("%s %s is read as %v with error %v", name, body, got, err)
		}
	}
}

// An answer without shares has neither a value nor a pad, and any index.
func TestReplyWithoutShares(t *testing.T) {
	for _, change := range [][2]string{
		{refusedJSON, "{}"}, {refusedJSON, "null"}, {"", ""}, {"[]}", "null}"}, {`{"fragments":[]}`, "null"}, {`{"fragments":[]}`, "{}"},
		{`"key_ids":""`, `"key_ids":null`}, {`"key_ids":"",`, ""}, {`"encrypted_share_value":""`, `"encrypted_share_value":null`},
		{`"share_index":0,`, ""}, {`"refused":[`, `"refused":null,"_":[`},
	} {
		body := strings.Replace(refusedJSON, change[0], change[1], 1)
		if change[0] != change[1] && body == refusedJSON {
			t.Fatalf("no %s in %s", change[0], body)
		}
		m, err := protocol.ParseSharesReply([]byte(body))
		if err != nil || len(m.KeyIDs) != 0 || len(m.Value) != 0 {
			t.Errorf("%s is read as %+v, error %v", body, m, err)
		}
	}
	for _, change := range [][2]string{
		{`"encrypted_share_value":""`, `"encrypted_share_value":"3q2+7/8A"`},
		{`"fragments":[]`, `"fragments":[{"block_uuid":"ab000000-0000-0000-0000-000000000001","start":64,"size":4}]`},
		{`"key_ids":""`, `"key_ids":"6ba7b810-9dad-11d1-80b4-00c04fd430c8"`},
	} {
		body := strings.Replace(refusedJSON, change[0], change[1], 1)
		if m, err := protocol.ParseSharesReply([]byte(body)); !errors.Is(err, protocol.ErrMalformed) {
			t.Errorf("%s is read as %+v with error %v", body, m, err)
		}
	}
}

// batchBody returns a message with that many shares of one byte.
func batchBody(t *testing.T, number int) []byte {
	t.Helper()
	m := postShares
	m.KeyIDs = manyIDs(number)
	m.SealedShare = protocol.SealedShare{Pad: protocol.PadAllocation{Fragments: []psrd.Fragment{at(1, 0, number)}}, Value: make([]byte, number)}
	body, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// manyIDs returns the given number of distinct key IDs.
func manyIDs(number int) protocol.KeyIDs {
	ids := protocol.KeyIDs{}
	for n := range number {
		ids = append(ids, uuid.UUID{0: 0xab, 12: byte(n >> 16), 13: byte(n >> 8), 14: byte(n), 15: 1})
	}
	return ids
}

func TestLargestBatch(t *testing.T) {
	if protocol.MaxBatch != 128 || protocol.MaxBatchSize != 1<<20 {
		t.Errorf("the largest batch has %d shares and %d bytes", protocol.MaxBatch, protocol.MaxBatchSize)
	}
	for number, want := range map[int]error{1: nil, 128: nil, 129: protocol.ErrMalformed, 100_000: protocol.ErrMalformed} {
		body := batchBody(t, number)
		if m, err := protocol.ParsePostShares(body); !errors.Is(err, want) || err == nil && len(m.KeyIDs) != number {
			t.Errorf("a message with %d shares is read as one with %d, error %v", number, len(m.KeyIDs), err)
		}
		if m, err := protocol.ParseSharesReply(body); !errors.Is(err, want) || err == nil && len(m.KeyIDs) != number {
			t.Errorf("an answer with %d shares is read as one with %d, error %v", number, len(m.KeyIDs), err)
		}
	}
}

func TestMostSlaves(t *testing.T) {
	if protocol.MaxSlaves != 32 {
		t.Errorf("a share can be for %d slaves", protocol.MaxSlaves)
	}
	for number, want := range map[int]error{1: nil, 32: nil, 33: protocol.ErrMalformed, 10_000: protocol.ErrMalformed} {
		names := make([]string, number)
		for i := range names {
			names[i] = fmt.Sprint("sofia", i)
		}
		list, err := json.Marshal(names)
		if err != nil {
			t.Fatal(err)
		}
		body := strings.Replace(postsJSON, `["sofia","susan"]`, string(list), 1)
		if m, err := protocol.ParsePostShares([]byte(body)); !errors.Is(err, want) || err == nil && !slices.Equal(m.SlaveSAEs, names) {
			t.Errorf("a message for %d slaves is read as one for %q, error %v", number, m.SlaveSAEs, err)
		}
	}
}

func TestKeyIDsRoundTrip(t *testing.T) {
	for _, number := range []int{0, 1, 2, 128} {
		ids := manyIDs(number)
		text, err := ids.MarshalText()
		if want := max(37*number-1, 0); err != nil || len(text) != want {
			t.Errorf("%d keys are written as %s, error %v", number, text, err)
		}
		got := protocol.KeyIDs{keyID} // is replaced
		if err := got.UnmarshalText(text); err != nil || !reflect.DeepEqual(got, ids) {
			t.Errorf("%s is read as %v, want %v; error %v", text, got, ids, err)
		}
		if err := got.UnmarshalText(bytes.ToUpper(text)); err != nil || !reflect.DeepEqual(got, ids) {
			t.Errorf("%s in capitals is read as %v, want %v; error %v", text, got, ids, err)
		}
	}
}

// batchedShares returns two shares that can be in one batch.
func batchedShares() []protocol.Share {
	other := terms
	other.SecretTag = bytes.Repeat([]byte{9}, 16)
	return []protocol.Share{
		{Index: 253, Terms: terms, Value: protocol.NewSecret([]byte("abc"))},
		{Index: 253, Terms: other, Value: protocol.NewSecret([]byte("def"))},
	}
}

// The values and tags of the shares are joined and divided again, and appending to one does not
// overwrite the next.
func TestShareBatch(t *testing.T) {
	shares := batchedShares()
	batch, values := protocol.NewShareBatch(protocol.KeyIDs{keyID, id(5)}, shares)
	want := protocol.ShareBatch{
		KeyIDs: protocol.KeyIDs{keyID, id(5)}, ShareIndex: 253, Terms: terms,
		SecretTags: slices.Concat(terms.SecretTag, shares[1].Terms.SecretTag),
	}
	want.SecretTag = nil
	if string(values.Reveal()) != "abcdef" || !reflect.DeepEqual(batch, want) || len(terms.SecretTag) != 16 {
		t.Errorf("the batch is %+v, want %+v, with %q", batch, want, values.Reveal())
	}
	batch.SealedShare = shareBatch.SealedShare
	got := batch.Shares(values)
	if len(got) != 2 {
		t.Fatalf("there are %d shares", len(got))
	}
	check := func() {
		t.Helper()
		for i, s := range got {
			if s.Index != 253 || !reflect.DeepEqual(s.Terms, shares[i].Terms) || !bytes.Equal(s.Value.Reveal(), shares[i].Value.Reveal()) {
				t.Errorf("share %d is %d %q with the terms %+v", i, s.Index, s.Value.Reveal(), s.Terms)
			}
		}
	}
	check()
	_ = append(got[0].Value.Reveal(), "xyz"...)
	_ = append(got[0].Terms.SecretTag, "xyz"...)
	check()
}

func TestAlike(t *testing.T) {
	shares := batchedShares()
	if !shares[0].Alike(shares[1]) || !shares[1].Alike(shares[0]) {
		t.Error("shares that differ in the tag and the value are not alike")
	}
	for name, change := range map[string]func(*protocol.Share){
		"index":        func(s *protocol.Share) { s.Index = 0 },
		"size":         func(s *protocol.Share) { s.Value = protocol.NewSecret([]byte("de")) },
		"suite":        func(s *protocol.Share) { s.Terms.Suite = "" },
		"key size":     func(s *protocol.Share) { s.Terms.KeySize = 31 },
		"threshold":    func(s *protocol.Share) { s.Terms.Threshold = 2 },
		"no tag":       func(s *protocol.Share) { s.Terms.SecretTag = nil },
		"a longer tag": func(s *protocol.Share) { s.Terms.SecretTag = make([]byte, 17) },
	} {
		other := shares[1]
		change(&other)
		if shares[0].Alike(other) || other.Alike(shares[0]) {
			t.Errorf("shares that differ in %s are alike", name)
		}
	}
}

// A message with one share is a batch of one.
func TestBatchOfOne(t *testing.T) {
	post, reply := postShare, shareReply
	post.Terms, reply.Terms = terms, terms
	want := protocol.ShareBatch{KeyIDs: protocol.KeyIDs{keyID}, Terms: terms, SecretTags: terms.SecretTag, SealedShare: sealed}
	want.SecretTag = nil
	wantPost := protocol.PostShares{ClientName: "carol", MasterSAE: "sam", SlaveSAEs: []string{"sofia"}, ShareBatch: want}
	if got := post.Batch(); !reflect.DeepEqual(got, wantPost) {
		t.Errorf("%+v becomes %+v, want %+v", post, got, wantPost)
	}
	if got := reply.Batch(keyID); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v becomes %+v, want %+v", reply, got, want)
	}
	shares := want.Shares(protocol.NewSecret([]byte("share")))
	if len(shares) != 1 || !reflect.DeepEqual(shares[0].Terms, terms) || string(shares[0].Value.Reveal()) != "share" {
		t.Errorf("the shares are %+v", shares)
	}
}

// Either suite requires each share of a batch to have the terms of that suite.
func TestCheckBatch(t *testing.T) {
	size := protocol.ITS.ShareSize(32, 1)
	share := protocol.Share{Index: 1, Terms: terms, Value: protocol.NewSecret(make([]byte, size))}
	good, values := protocol.NewShareBatch(protocol.KeyIDs{keyID, id(5)}, []protocol.Share{share, share})
	good.Value = values.Reveal()
	for name, test := range map[string]struct {
		change      func(*protocol.ShareBatch)
		its, python error
	}{
		"good":             {func(*protocol.ShareBatch) {}, nil, protocol.ErrSuite},
		"none":             {func(b *protocol.ShareBatch) { b.Terms, b.SecretTags = protocol.Terms{}, nil }, protocol.ErrSuite, nil},
		"no tags":          {func(b *protocol.ShareBatch) { b.SecretTags = nil }, protocol.ErrMalformed, protocol.ErrSuite},
		"tags of 8 bytes":  {func(b *protocol.ShareBatch) { b.SecretTags = b.SecretTags[:16] }, protocol.ErrMalformed, protocol.ErrSuite},
		"tags of 17 bytes": {func(b *protocol.ShareBatch) { b.SecretTags = make([]byte, 34) }, protocol.ErrMalformed, protocol.ErrSuite},
		"a shorter value":  {func(b *protocol.ShareBatch) { b.Value = b.Value[2:] }, protocol.ErrMalformed, protocol.ErrSuite},
		"a larger key":     {func(b *protocol.ShareBatch) { b.KeySize = 33 }, protocol.ErrMalformed, protocol.ErrSuite},
	} {
		b := good
		test.change(&b)
		for suite, want := range map[protocol.Suite]error{protocol.ITS: test.its, protocol.Python: test.python} {
			if err := b.CheckTerms(suite, 1); !errors.Is(err, want) {
				t.Errorf("%s: %s says %v, want %v", name, suite.Name(), err, want)
			}
		}
	}
}

const getAllQuery = "client_name=connie&master_sae_id=sam&slave_sae_id=sofia&key_ids=6ba7b810-9dad-11d1-80b4-00c04fd430c8,ab000000-0000-0000-0000-000000000005"

var getShares = protocol.GetShares{ClientName: "connie", MasterSAE: "sam", SlaveSAE: "sofia", KeyIDs: protocol.KeyIDs{keyID, id(5)}}

func TestBatchQuery(t *testing.T) {
	if protocol.PathKeyShares != "/dske/api/v1/key-shares" {
		t.Errorf("path is %s", protocol.PathKeyShares)
	}
	if got := getShares.Query(); got != getAllQuery {
		t.Errorf("query is %s, want %s", got, getAllQuery)
	}
	if got := getShares.One(keyID); got != getShare {
		t.Errorf("the question about one key is %v, want %v", got, getShare)
	}
	for _, query := range []string{
		getAllQuery,
		getAllQuery + "&color=red&color=blue&key_id=1",
		strings.ReplaceAll(getAllQuery, ",", "%2C"),
		strings.Replace(getAllQuery, keyID.String(), strings.ToUpper(keyID.String()), 1),
		"key_ids=" + keyID.String() + "," + id(5).String() + "&slave_sae_id=%73ofia&master_sae_id=sam&client_name=connie",
	} {
		if got, err := protocol.ParseGetShares(query); err != nil || !reflect.DeepEqual(got, getShares) {
			t.Errorf("%s is read as %v, want %v; error %v", query, got, getShares, err)
		}
	}
}

func TestBatchQueryRoundTrip(t *testing.T) {
	name := rapid.OneOf(rapid.StringN(1, 20, -1), rapid.StringMatching(`[a&=;%+#?/ .,]{1,10}`))
	ids := rapid.SliceOfNDistinct(rapid.IntRange(1, 255), 1, protocol.MaxBatch, rapid.ID[int])
	rapid.Check(t, func(t *rapid.T) {
		m := protocol.GetShares{ClientName: name.Draw(t, "client"), MasterSAE: name.Draw(t, "master"), SlaveSAE: name.Draw(t, "slave")}
		for _, n := range ids.Draw(t, "keys") {
			m.KeyIDs = append(m.KeyIDs, id(n))
		}
		query := m.Query()
		u, err := url.Parse("http://localhost" + protocol.PathKeyShares + "?" + query)
		if err != nil || u.RawQuery != query || u.Fragment != "" {
			t.Fatalf("URL with the query %s is %v, error %v", query, u, err)
		}
		if got, err := protocol.ParseGetShares(query); err != nil || !reflect.DeepEqual(got, m) {
			t.Fatalf("%s is read as %v, want %v; error %v", query, got, m, err)
		}
	})
}

func TestBadBatchQueries(t *testing.T) {
	queries := []string{"", "?" + getAllQuery, getAllQuery + "&x=%zz", getAllQuery + ";x=y", strings.ReplaceAll(getAllQuery, "&", ";"),
		strings.ToUpper(getAllQuery), getQuery, getAllQuery + ",", getAllQuery + "," + keyID.String(), getAllQuery + "," + strings.ToUpper(keyID.String()),
		strings.Replace(getAllQuery, ",", ",,", 1), strings.Replace(getAllQuery, ",", ", ", 1), strings.Replace(getAllQuery, ",", ";", 1),
		strings.Replace(getAllQuery, "key_ids=", "key_ids=,", 1), strings.Replace(getAllQuery, ",", "&key_ids=", 1)}
	parts := strings.Split(getAllQuery, "&")
	for i, part := range parts {
		name, _, _ := strings.Cut(part, "=")
		rest := strings.Join(slices.Delete(slices.Clone(parts), i, i+1), "&")
		queries = append(queries, rest, rest+"&"+name, rest+"&"+name+"=", getAllQuery+"&"+part, getAllQuery+"&"+name+"=")
	}
	for _, text := range badUUIDs {
		queries = append(queries, strings.Join(parts[:3], "&")+"&key_ids="+url.QueryEscape(text), getAllQuery+","+url.QueryEscape(text))
	}
	for _, query := range queries {
		if got, err := protocol.ParseGetShares(query); !errors.Is(err, protocol.ErrMalformed) {
			t.Errorf("%s is read as %v with error %v, want %v", query, got, err, protocol.ErrMalformed)
		}
	}
}

func TestLargestBatchQuery(t *testing.T) {
	for number, want := range map[int]error{1: nil, 128: nil, 129: protocol.ErrMalformed, 100_000: protocol.ErrMalformed} {
		m := getShares
		m.KeyIDs = manyIDs(number)
		if got, err := protocol.ParseGetShares(m.Query()); !errors.Is(err, want) || err == nil && !reflect.DeepEqual(got, m) {
			t.Errorf("%d keys are read as %d, error %v, want %v", number, len(got.KeyIDs), err, want)
		}
	}
}
