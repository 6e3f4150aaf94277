package protocol_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/google/uuid"

	"dske/protocol"
	"dske/psrd"
)

// seedBatches adds a right body with two shares and what can become of it.
func seedBatches(f *testing.F, body string) {
	seedBodies(f, body)
	for _, change := range [][2]string{
		{`"size":2`, `"size":-2`},
		{`"size":3`, `"size":9223372036854775807`},
		{`,"size":2`, ``},
		{`"share_index":0,`, ``},
		{`"share_index":253`, `"share_index":null`},
		{"ab000000-0000-0000-0000-000000000005", keyID.String()},
		{`"key_shares":[`, `"key_shares":[null,`},
		{`"key_shares":[`, `"key_shares":[],"Key_Shares":[`},
		{`"secret_tag":"AQIDBAUGBwgJCgsMDQ4PEA=="`, `"secret_tag":""`},
		{`"key_size":32`, `"key_size":-1`},
		{`["sofia","susan"]`, `["",""]`},
		{`"3q2+7/8="`, `""`},
		{`"refused":[`, `"refused":[null,`},
	} {
		f.Add([]byte(strings.Replace(body, change[0], change[1], 1)))
	}
}

func FuzzPostShares(f *testing.F) {
	seedBatches(f, postsJSON)
	f.Fuzz(func(t *testing.T, body []byte) {
		m, err := protocol.ParsePostShares(body)
		if err != nil {
			checkRefused(t, err)
			return
		}
		if m.ClientName == "" || m.MasterSAE == "" || len(m.SlaveSAEs) == 0 || len(m.Shares) == 0 {
			t.Fatalf("incomplete: %v", m)
		}
		for _, slave := range m.SlaveSAEs {
			if slave == "" {
				t.Fatalf("a slave is missing: %v", m)
			}
		}
		checkPlaces(t, m.Shares, m.SealedShare)
		checkParsed(t, body, 0, m.SealedShare, nil)
		checkRewritten(t, m, protocol.ParsePostShares)
	})
}

func FuzzSharesReply(f *testing.F) {
	seedBatches(f, repliesJSON)
	f.Add([]byte(refusedJSON))
	f.Add([]byte(strings.Replace(refusedJSON, `""`, `"AA=="`, 1)))
	f.Fuzz(func(t *testing.T, body []byte) {
		m, err := protocol.ParseSharesReply(body)
		if err != nil {
			checkRefused(t, err)
			return
		}
		checkPlaces(t, m.Shares, m.SealedShare)
		if len(m.Shares) > 0 {
			checkParsed(t, body, 0, m.SealedShare, nil)
		}
		checkRewritten(t, m, protocol.ParseSharesReply)
	})
}

// checkRefused fails the test unless err is a reason not to read a message.
func checkRefused(t *testing.T, err error) {
	t.Helper()
	if !oneOf(err, protocol.ErrMalformed, psrd.ErrOutOfRange) {
		t.Fatal(err)
	}
}

// checkPlaces fails the test unless the shares are different ones and can be taken out of the value, one
// after the other, to the last byte. Either suite can say what it thinks of their terms.
func checkPlaces(t *testing.T, places []protocol.BatchedShare, sealed protocol.SealedShare) {
	t.Helper()
	if len(places) > protocol.MaxBatch {
		t.Fatalf("%d shares", len(places))
	}
	seen := map[uuid.UUID]bool{uuid.Nil: true}
	rest := sealed.Value
	for _, place := range places {
		if place.Size < 1 || place.Size > len(rest) || seen[place.KeyID] || place.ShareIndex < 0 || place.ShareIndex > protocol.MaxShareIndex {
			t.Fatalf("share %+v, with %d bytes to go", place, len(rest))
		}
		seen[place.KeyID] = true
		var share protocol.Share
		share, rest = place.Share(rest)
		if share.Value.Size() != place.Size || share.Index != place.ShareIndex {
			t.Fatalf("%+v became share %d of %d bytes", place, share.Index, share.Value.Size())
		}
		for _, suite := range suites {
			err := protocol.NewChannel(suite).CheckTerms(place.Terms, place.Size)
			if err != nil && !oneOf(err, protocol.ErrMalformed, protocol.ErrSuite) {
				t.Fatal(err)
			}
		}
	}
	if len(rest) > 0 {
		t.Fatalf("%d bytes are left", len(rest))
	}
}

func FuzzGetShares(f *testing.F) {
	f.Add(getAllQuery)
	f.Add(getQuery)
	f.Add(getAllQuery + ",")
	f.Add(getAllQuery + "," + keyID.String())
	f.Add(getAllQuery + "&key_ids=")
	f.Add(getAllQuery + "&x=%zz")
	f.Add(strings.ReplaceAll(getAllQuery, ",", "%2C"))
	f.Add(strings.ReplaceAll(getAllQuery, ",", ",,"))
	f.Add(strings.Replace(getAllQuery, "sam", "%73+%00%ff%26%2c", 1))
	f.Add(strings.Replace(getAllQuery, keyID.String(), strings.ToUpper(keyID.String()), 1))
	f.Add("client_name&master_sae_id&slave_sae_id&key_ids")
	f.Fuzz(func(t *testing.T, query string) {
		m, err := protocol.ParseGetShares(query)
		if err != nil {
			if !errors.Is(err, protocol.ErrMalformed) {
				t.Fatal(err)
			}
			return
		}
		if m.ClientName == "" || m.MasterSAE == "" || m.SlaveSAE == "" || len(m.KeyIDs) == 0 || len(m.KeyIDs) > protocol.MaxBatch {
			t.Fatalf("incomplete: %v", m)
		}
		seen := map[uuid.UUID]bool{uuid.Nil: true}
		for _, key := range m.KeyIDs {
			if seen[key] {
				t.Fatalf("key %v is missing or repeated in %s", key, query)
			}
			seen[key] = true
			if one, err := protocol.ParseGetShare(m.One(key).Query()); err != nil || one != m.One(key) {
				t.Fatalf("the question about %v is read as %v, error %v", key, one, err)
			}
		}
		if again, err := protocol.ParseGetShares(m.Query()); err != nil || !reflect.DeepEqual(again, m) {
			t.Fatalf("%v is read again as %v, error %v", m, again, err)
		}
	})
}
