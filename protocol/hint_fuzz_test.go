package protocol_test

import (
	"bytes"
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"dske/protocol"
)

// FuzzSender looks for the sender in an arbitrary POST. If the POST can be parsed, Sender returns
// the sender that it names.
func FuzzSender(f *testing.F) {
	seedBodies(f, postJSON)
	for _, body := range []string{``, `{`, `[]`, `{"master_client_name": 1}`, `{"master_client_name": "carol"`, `{"master_client_name": "carol", "share_index": []}`,
		`{"master_client_name": "carol", "master_client_name": "connie"}`, `{"Master_Client_Name": "carol"}`, "{\"master_client_name\": \"\xff\"}",
		`{"master_client_name": {"master_client_name": "carol"}}`, strings.Repeat(`{"master_client_name":`, 4000)} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		sender := protocol.Sender(body)
		if len(sender) > 3*len(body) { // each byte that is not UTF-8 becomes three
			t.Fatalf("a name of %d bytes in a body of %d", len(sender), len(body))
		}
		if m, err := protocol.ParsePostShare(body); err == nil && m.ClientName != sender {
			t.Fatalf("the sender is %q, and the message is from %q", sender, m.ClientName)
		}
		if m, err := protocol.ParsePostShares(body); err == nil && m.ClientName != sender {
			t.Fatalf("the sender is %q, and the message is from %q", sender, m.ClientName)
		}
	})
}

// FuzzAsker is like FuzzSender, for the query of a GET.
func FuzzAsker(f *testing.F) {
	for _, query := range []string{getQuery, "", "client_name", "client_name=", "client_name=carol&client_name=connie", "client_name=%zz", "%zz&client_name=carol",
		"client_name=carol&x=%zz", "client_name=a;b", "client%5Fname=carol", "client_name=%63arol", "=", "&&&"} {
		f.Add(query)
	}
	f.Fuzz(func(t *testing.T, query string) {
		asker := protocol.Asker(query)
		if values, _ := url.ParseQuery(query); asker != "" && (len(values["client_name"]) != 1 || values.Get("client_name") != asker) {
			t.Fatalf("%q is taken to be from %q", query, asker)
		}
		if m, err := protocol.ParseGetShare(query); err == nil && m.ClientName != asker {
			t.Fatalf("the asker is %q, and the message is from %q", asker, m.ClientName)
		}
		if m, err := protocol.ParseGetShares(query); err == nil && m.ClientName != asker {
			t.Fatalf("the asker is %q, and the message is from %q", asker, m.ClientName)
		}
	})
}

// FuzzAnswers parses arbitrary out-of-band answers of a hub. An answer that can be parsed is
// written the same again.
func FuzzAnswers(f *testing.F) {
	block := id(0).String()
	for _, body := range []string{``, `null`, `{}`, `[]`, `{"registered": true}`, `{"registered": "true"}`, `{"blocks": null}`, `{"blocks": {}}`,
		`{"registered": true, "registered": false}`,
		`{"registered": true, "blocks": [{"block_uuid": "` + block + `", "pool_owner": "client", "purpose": "pad", "size": 100, "nr_unused_bytes": 50}], "lacks": [{"purpose": "key", "bytes": 32}]}`,
		`{"blocks": [{"block_uuid": "x", "size": -1}]}`, `{"lacks": [{"bytes": 9223372036854775808}]}`, `{"lacks": [{"bytes": -1}]}`,
		`{"block_uuid": "` + block + `", "data": "AAAA"}`, `{"block_uuid": "` + block + `", "data": "A"}`, `{"hub_name": "hank", "suite": "its", "version": 2}`,
		`{"encryptor_name": "sam", "client_name": "carol"}`, strings.Repeat("[", 4000)} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		checkAnswer[protocol.Association](t, body)
		checkAnswer[protocol.BlockData](t, body)
		checkAnswer[protocol.Registered](t, body)
		checkAnswer[protocol.Encryptor](t, body)
	})
}

func checkAnswer[M any](t *testing.T, body []byte) {
	t.Helper()
	parse := func(body []byte) (m M, err error) { return m, protocol.Unmarshal(body, &m) }
	m, err := parse(body)
	switch {
	case err == nil:
		checkRewritten(t, m, parse)
	case !oneOf(err, protocol.ErrMalformed):
		t.Fatal(err)
	}
}

// Encode writes a block as package json would.
func TestBlockIsEncoded(t *testing.T) {
	for _, size := range []int{0, 1, 2, 3, 100} {
		block := protocol.BlockData{UUID: id(0), Data: bytes.Repeat([]byte{0xfb}, size)}
		want, err := json.Marshal(block)
		if text := block.Encode(); err != nil || string(text) != string(want) || cap(text) != len(text) {
			t.Errorf("%d bytes are %q, %v", size, text, err)
		}
	}
}
