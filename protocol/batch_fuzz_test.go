package protocol_test

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/google/uuid"

	"dske/protocol"
	"dske/psrd"
)

// seedBatches adds a valid body with two shares, and faulty variants of it.
func seedBatches(f *testing.F, body string) {
	seedBodies(f, body)
	for _, change := range [][2]string{
		{`"size":2`, `"size":1`},
		{`"share_index":253,`, ``},
		{`"share_index":253`, `"share_index":null`},
		{"ab000000-0000-0000-0000-000000000005", keyID.String()},
		{",ab000000-0000-0000-0000-000000000005", ""},
		{`"key_ids":"`, `"key_ids":",`},
		{`"key_ids":"`, `"key_ids":null,"Key_IDs":"`},
		{`"share_index":253,`, `"share_index":253,` + itsJSON + `,`},
		{`"share_index":253,`, `"share_index":253,"suite":"its","key_size":-1,"secret_tags":"AQID",`},
		{`"share_index":253,`, `"share_index":253,` + termsJSON + `,`},
		{`["sofia","susan"]`, `["",""]`},
		{`"3q2+7/8A"`, `""`},
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
		if m.ClientName == "" || m.MasterSAE == "" || len(m.SlaveSAEs) == 0 || len(m.SlaveSAEs) > protocol.MaxSlaves || len(m.KeyIDs) == 0 {
			t.Fatalf("incomplete: %v", m)
		}
		for _, slave := range m.SlaveSAEs {
			if slave == "" {
				t.Fatalf("a slave is missing: %v", m)
			}
		}
		checkBatch(t, m.ShareBatch)
		checkParsed(t, body, m.ShareIndex, m.SealedShare, nil)
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
		checkBatch(t, m.ShareBatch)
		if len(m.KeyIDs) > 0 {
			checkParsed(t, body, m.ShareIndex, m.SealedShare, nil)
		}
		checkRewritten(t, m, protocol.ParseSharesReply)
	})
}

// checkRefused fails the test unless err is an error of a parser.
func checkRefused(t *testing.T, err error) {
	t.Helper()
	if !oneOf(err, protocol.ErrMalformed, psrd.ErrOutOfRange) {
		t.Fatal(err)
	}
}

// checkBatch fails the test unless the shares are distinct, and the value and the tags are divided
// among them completely. Either suite can check their terms.
func checkBatch(t *testing.T, batch protocol.ShareBatch) {
	t.Helper()
	if len(batch.KeyIDs) > protocol.MaxBatch {
		t.Fatalf("%d shares", len(batch.KeyIDs))
	}
	seen := map[uuid.UUID]bool{uuid.Nil: true}
	for _, key := range batch.KeyIDs {
		if seen[key] {
			t.Fatalf("key %v is missing or repeated", key)
		}
		seen[key] = true
	}
	if len(batch.KeyIDs) == 0 {
		if len(batch.Value) > 0 || len(batch.Pad.Fragments) > 0 {
			t.Fatalf("no shares, and %+v", batch.SealedShare)
		}
		return
	}
	var values, tags []byte
	for _, share := range batch.Shares(protocol.NewSecret(batch.Value)) {
		if share.Value.Size() < 1 || share.Value.Size() != len(batch.Value)/len(batch.KeyIDs) || share.Index != batch.ShareIndex {
			t.Fatalf("share %d of %d bytes in %+v", share.Index, share.Value.Size(), batch)
		}
		values, tags = append(values, share.Value.Reveal()...), append(tags, share.Terms.SecretTag...)
		share.Terms.SecretTag = nil
		if !reflect.DeepEqual(share.Terms, batch.Terms) {
			t.Fatalf("the terms are %+v, want %+v", share.Terms, batch.Terms)
		}
	}
	if !bytes.Equal(values, batch.Value) || !bytes.Equal(tags, batch.SecretTags) {
		t.Fatalf("%+v became % x with the tags % x", batch, values, tags)
	}
	for _, suite := range suites {
		if err := batch.CheckTerms(suite, 1); err != nil && !oneOf(err, protocol.ErrMalformed, protocol.ErrSuite) {
			t.Fatal(err)
		}
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
