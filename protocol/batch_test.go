package protocol_test

import (
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

// The messages with several shares, to the letter. The second share has terms.
const (
	postsJSON = `{"master_client_name":"carol","master_sae_id":"sam","slave_sae_ids":["sofia","susan"],` +
		placesJSON + `,` + sealedJSON
	repliesJSON = `{` + placesJSON + `,"refused":[{"key_id":"ab000000-0000-0000-0000-000000000009","status":404,"message":"Unknown key ID."}],` +
		sealedJSON
	refusedJSON = `{"key_shares":[],"refused":[{"key_id":"ab000000-0000-0000-0000-000000000009","status":404,"message":"Unknown key ID."}],` +
		`"encryption_key_allocation":{"fragments":[]},"encrypted_share_value":""}`
	placesJSON = `"key_shares":[` +
		`{"key_id":"6ba7b810-9dad-11d1-80b4-00c04fd430c8","share_index":0,"size":2},` +
		`{"key_id":"ab000000-0000-0000-0000-000000000005","share_index":253,"size":3,` + termsJSON + `}]`
	termsJSON = `"suite":"its","key_size":32,"threshold":3,"secret_tag":"AQIDBAUGBwgJCgsMDQ4PEA=="`
)

var (
	terms  = protocol.Terms{Suite: "its", KeySize: 32, Threshold: 3, SecretTag: []byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}}
	places = []protocol.BatchedShare{
		{KeyID: keyID, ShareIndex: 0, Size: 2},
		{KeyID: id(5), ShareIndex: 253, Size: 3, Terms: terms},
	}
	refused     = []protocol.Refusal{{KeyID: id(9), Status: 404, Message: "Unknown key ID."}}
	postShares  = protocol.PostShares{ClientName: "carol", MasterSAE: "sam", SlaveSAEs: []string{"sofia", "susan"}, Shares: places, SealedShare: sealed}
	sharesReply = protocol.SharesReply{Shares: places, Refused: refused, SealedShare: sealed}
	allRefused  = protocol.SharesReply{Shares: []protocol.BatchedShare{}, Refused: refused,
		SealedShare: protocol.SealedShare{Pad: protocol.PadAllocation{Fragments: []psrd.Fragment{}}, Value: []byte{}}}
)

// batchParsers read a body with the function that is made for it.
var batchParsers = map[string]struct {
	body  string
	parse func([]byte) (any, error)
}{
	"PostShares":  {postsJSON, func(body []byte) (any, error) { return protocol.ParsePostShares(body) }},
	"SharesReply": {repliesJSON, func(body []byte) (any, error) { return protocol.ParseSharesReply(body) }},
}

func TestBatchJSON(t *testing.T) {
	for _, test := range []struct {
		message any
		want    string
		parse   func([]byte) (any, error)
	}{
		{postShares, postsJSON, batchParsers["PostShares"].parse},
		{sharesReply, repliesJSON, batchParsers["SharesReply"].parse},
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
	const unknown = `"version":{"share_index":[254]},"size_":-1,`
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

// Each member is required but those that say why there is no share, and null is no value.
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
			for _, value := range []any{nil, "", true, -1.5, []any{}, []any{""}, []any{nil}, []any{7}, map[string]any{}, "!"} {
				if text, ok := value.(string); ok && text != "" && isName(member) {
					continue
				}
				other[member] = value
				malformed(t, fmt.Sprintf("%s with %s %v", name, member, value), other, parser.parse)
			}
		}
		for i := range places {
			for _, member := range []string{"key_id", "share_index", "size"} {
				for _, value := range []any{nil, "", true, -1, -1.5, []any{}, map[string]any{}, "sofia", uuid.Nil.String()} {
					_ = json.Unmarshal([]byte(parser.body), &members)
					share := members["key_shares"].([]any)[i].(map[string]any)
					share[member] = value
					malformed(t, fmt.Sprintf("%s with %s %v", name, member, value), members, parser.parse)
					delete(share, member)
					malformed(t, name+" without "+member, members, parser.parse)
				}
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

// One part of a right message is replaced.
func TestBadPartsOfBatches(t *testing.T) {
	const second = "ab000000-0000-0000-0000-000000000005"
	for _, test := range []struct {
		part, by string
		want     error
	}{
		{`"share_index":0`, `"share_index":-1`, protocol.ErrMalformed},
		{`"share_index":253`, `"share_index":254`, protocol.ErrMalformed},
		{`"share_index":253`, `"share_index":256`, protocol.ErrMalformed},
		{`"share_index":253`, `"share_index":18446744073709551616`, protocol.ErrMalformed},
		{second, keyID.String(), protocol.ErrMalformed},
		{second, strings.ToUpper(keyID.String()), protocol.ErrMalformed},
		{second, uuid.Nil.String(), protocol.ErrMalformed},
		{`"size":2`, `"size":1`, protocol.ErrMalformed},
		{`"size":2`, `"size":3`, protocol.ErrMalformed},
		{`"size":2`, `"size":5`, protocol.ErrMalformed},
		{`"size":2`, `"size":0`, protocol.ErrMalformed},
		{`"size":2`, `"size":-2`, protocol.ErrMalformed},
		{`"size":3`, `"size":2`, protocol.ErrMalformed},
		{`"size":3`, `"size":4`, protocol.ErrMalformed},
		{`"size":3`, `"size":9223372036854775807`, protocol.ErrMalformed},
		{`"size":3`, `"size":9223372036854775808`, protocol.ErrMalformed},
		{`"size":3`, `"size":-9223372036854775808`, protocol.ErrMalformed},
		{`"key_shares":[`, `"key_shares":[null,`, protocol.ErrMalformed},
		{`"key_shares":[`, `"key_shares":[{},`, protocol.ErrMalformed},
		{`"key_shares":[`, `"key_shares":[{"key_id":"ab000000-0000-0000-0000-000000000007","share_index":1,"size":0},`, protocol.ErrMalformed},
		{`"key_shares":[`, `"key_shares":[{"key_id":"00000000-0000-0000-0000-000000000000","share_index":1,"size":1},`, protocol.ErrMalformed},
		{`"start":64`, `"start":-1`, psrd.ErrOutOfRange},
		{`"size":4`, `"size":0`, psrd.ErrOutOfRange},
		{`"size":4`, `"size":-4`, psrd.ErrOutOfRange},
		{`"size":4`, `"size":5`, protocol.ErrMalformed},
		{`"size":4`, `"size":3`, protocol.ErrMalformed},
		{`"3q2+7/8="`, `"3q2+7w=="`, protocol.ErrMalformed},
		{`"3q2+7/8="`, `"3q2+7/8A"`, protocol.ErrMalformed},
		{`"3q2+7/8="`, `""`, protocol.ErrMalformed},
		{`"AQIDBAUG`, `"AQIDBAU`, protocol.ErrMalformed},
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

// An answer without shares has no value, but what it says of a pad does not matter.
func TestReplyWithoutShares(t *testing.T) {
	for _, body := range []string{"{}", "null", refusedJSON, strings.Replace(refusedJSON, "[]}", "null}", 1),
		strings.Replace(refusedJSON, `""`, "null", 1), strings.Replace(refusedJSON, `[]`, "null", 1)} {
		m, err := protocol.ParseSharesReply([]byte(body))
		if err != nil || len(m.Shares) != 0 || len(m.Value) != 0 {
			t.Errorf("%s is read as %+v, error %v", body, m, err)
		}
	}
	body := strings.Replace(refusedJSON, `"encrypted_share_value":""`, `"encrypted_share_value":"3q2+7/8="`, 1)
	if m, err := protocol.ParseSharesReply([]byte(body)); !errors.Is(err, protocol.ErrMalformed) {
		t.Errorf("%s is read as %+v with error %v", body, m, err)
	}
}

// batchBody returns a message with that many shares of one byte.
func batchBody(t *testing.T, number int) []byte {
	t.Helper()
	m := postShares
	m.Shares = nil
	for n := range number {
		m.Shares = append(m.Shares, protocol.BatchedShare{KeyID: uuid.UUID{0: 0xab, 14: 1, 15: byte(n)}, Size: 1})
	}
	m.SealedShare = protocol.SealedShare{Pad: protocol.PadAllocation{Fragments: []psrd.Fragment{at(1, 0, number)}}, Value: make([]byte, number)}
	body, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func TestLargestBatch(t *testing.T) {
	if protocol.MaxBatch != 128 || protocol.MaxBatchSize != 1<<20 {
		t.Errorf("the largest batch has %d shares and %d bytes", protocol.MaxBatch, protocol.MaxBatchSize)
	}
	for number, want := range map[int]error{1: nil, 128: nil, 129: protocol.ErrMalformed} {
		body := batchBody(t, number)
		if m, err := protocol.ParsePostShares(body); !errors.Is(err, want) || err == nil && len(m.Shares) != number {
			t.Errorf("a message with %d shares is read as one with %d, error %v", number, len(m.Shares), err)
		}
		if m, err := protocol.ParseSharesReply(body); !errors.Is(err, want) || err == nil && len(m.Shares) != number {
			t.Errorf("an answer with %d shares is read as one with %d, error %v", number, len(m.Shares), err)
		}
	}
}

// The values of the shares are taken apart where the places say, and none can be extended into the next.
func TestBatchedShare(t *testing.T) {
	values := []byte("abcde")
	first, rest := places[0].Share(values)
	second, none := places[1].Share(rest)
	if first.Index != 0 || !reflect.DeepEqual(first.Terms, protocol.Terms{}) || string(first.Value.Reveal()) != "ab" ||
		second.Index != 253 || !reflect.DeepEqual(second.Terms, terms) || string(second.Value.Reveal()) != "cde" || len(none) != 0 {
		t.Errorf("the shares are %q and %q, and there is %q", first.Value.Reveal(), second.Value.Reveal(), none)
	}
	_ = append(first.Value.Reveal(), "xyz"...)
	if string(second.Value.Reveal()) != "cde" {
		t.Errorf("the second share became %q", second.Value.Reveal())
	}
}

const getAllQuery = "client_name=connie&master_sae_id=sam&slave_sae_id=sofia&key_ids=6ba7b810-9dad-11d1-80b4-00c04fd430c8,ab000000-0000-0000-0000-000000000005"

var getShares = protocol.GetShares{ClientName: "connie", MasterSAE: "sam", SlaveSAE: "sofia", KeyIDs: []uuid.UUID{keyID, id(5)}}

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
		m.KeyIDs = nil
		for n := range number {
			m.KeyIDs = append(m.KeyIDs, uuid.UUID{0: 0xab, 12: byte(n >> 16), 13: byte(n >> 8), 14: byte(n), 15: 1})
		}
		if got, err := protocol.ParseGetShares(m.Query()); !errors.Is(err, want) || err == nil && !reflect.DeepEqual(got, m) {
			t.Errorf("%d keys are read as %d, error %v, want %v", number, len(got.KeyIDs), err, want)
		}
	}
}
