package hub_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"iter"
	"reflect"
	"slices"
	"strings"
	"testing"

	"dske/node/hub"
	"dske/protocol"
	"dske/psrd"
)

// wantReplay fails the test unless the hub refuses a request because its bytes are used, and spends
// nothing.
func wantReplay(t testing.TB, h *hub.Hub, r request) {
	t.Helper()
	wantFreeRefusal(t, h, r, 409, psrd.ErrUsed)
}

// signedBy returns a signature header that names those fragments and carries the tag under that
// key, computed independently of the hub's code.
func signedBy(fragments string, key []byte, r request) string {
	mac := hmac.New(sha256.New, key)
	mac.Write(append([]byte(r.query), r.body...))
	return fragments + "%" + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// badSignatures are header values with which a hub must refuse a request. Wherever a key can exist,
// the tag is valid.
func badSignatures(c *conversation, r request) []struct {
	headers []string
	status  int
	reason  error
} {
	data := c.blocks[protocol.OwnerClient][0].Data
	block := c.blocks[protocol.OwnerClient][0].UUID.String()
	theirs := c.blocks[protocol.OwnerHub][0]
	key := data[100:132]
	by := func(key []byte, fragments ...string) []string {
		return []string{signedBy(strings.ReplaceAll(strings.Join(fragments, ","), "BLOCK", block), key, r)}
	}
	good := by(key, "BLOCK:100:32")[0]
	fragments, tag, _ := strings.Cut(good, "%")
	garbage := base64.StdEncoding.EncodeToString(data[:32])
	return []struct {
		headers []string
		status  int
		reason  error
	}{
		{nil, 401, protocol.ErrSignature},
		{[]string{good, good}, 400, protocol.ErrMalformed},
		{[]string{good, ""}, 400, protocol.ErrMalformed},
		{[]string{""}, 400, protocol.ErrMalformed},
		{[]string{"please"}, 400, protocol.ErrMalformed},
		{[]string{fragments}, 400, protocol.ErrMalformed},
		{[]string{fragments + ";" + tag}, 400, protocol.ErrMalformed},

		// keys that anyone knows, or of a size other than they seem
		{by(nil, "BLOCK:0:0"), 400, psrd.ErrOutOfRange},
		{by(nil, ""), 400, protocol.ErrMalformed},
		{by(key, "BLOCK:100:32", "BLOCK:0:0"), 400, psrd.ErrOutOfRange},
		{by(key, "BLOCK:100:32", ""), 400, protocol.ErrMalformed},
		{by(key, "BLOCK:132:-32"), 400, psrd.ErrOutOfRange},
		{by(key, "BLOCK:100:64", "BLOCK:164:-32"), 400, psrd.ErrOutOfRange},
		{by(key, "BLOCK:164:-32", "BLOCK:100:64"), 400, psrd.ErrOutOfRange},
		{by(key[:31], "BLOCK:100:31"), 400, protocol.ErrMalformed},
		{by(data[100:133], "BLOCK:100:33"), 400, psrd.ErrOutOfRange},
		{by(data[100:150], "BLOCK:100:25", "BLOCK:125:25"), 400, psrd.ErrOutOfRange},
		{by(data, fmt.Sprint("BLOCK:0:", len(data))), 400, psrd.ErrOutOfRange},
		{[]string{fmt.Sprintf("%s:0:%d%%%s", block, len(data), garbage)}, 400, psrd.ErrOutOfRange},
		{by(slices.Concat(data[100:116], data[108:124]), "BLOCK:100:16", "BLOCK:108:16"), 400, psrd.ErrOverlap},
		{by(slices.Concat(data[100:116], data[100:116]), "BLOCK:100:16", "BLOCK:100:16"), 400, psrd.ErrOverlap},

		// places that do not exist
		{by(key, "BLOCK:-1:32"), 400, psrd.ErrOutOfRange},
		{by(data[len(data)-32:], fmt.Sprintf("BLOCK:%d:32", len(data)-31)), 400, psrd.ErrOutOfRange},
		{by(key, "BLOCK:9223372036854775807:32"), 400, psrd.ErrOutOfRange},
		{by(key, "BLOCK:99999999999999999999:32"), 400, protocol.ErrMalformed},
		{by(key, "BLOCK:100:9223372036854775807"), 400, psrd.ErrOutOfRange},
		{by(key, "BLOCK:100"), 400, protocol.ErrMalformed},
		{by(key, "BLOCK:100:32:0"), 400, protocol.ErrMalformed},
		{by(key, "BLOCK:a:32"), 400, protocol.ErrMalformed},
		{by(key, keyID(9).String()+":100:32"), 404, psrd.ErrUnknownBlock},
		{by(theirs.Data[:32], theirs.UUID.String()+":0:32"), 404, psrd.ErrUnknownBlock},
		{by(slices.Concat(key[:16], theirs.Data[:16]), "BLOCK:100:16", theirs.UUID.String()+":0:16"), 404, psrd.ErrUnknownBlock},

		// wrong tags
		{[]string{fragments + "%" + garbage}, 401, protocol.ErrSignature},
		{[]string{fragments + "%"}, 401, protocol.ErrSignature},
		{[]string{fragments + "%" + tag[:40]}, 401, protocol.ErrSignature},
		{[]string{fragments + "%" + base64.StdEncoding.EncodeToString(data[:16])}, 400, protocol.ErrSuite},
		{[]string{fragments + "%" + tag[:43]}, 400, protocol.ErrMalformed},
		{by(data[101:133], "BLOCK:100:32"), 401, protocol.ErrSignature},
		{by(slices.Concat(data[116:132], data[100:116]), "BLOCK:100:16", "BLOCK:116:16"), 401, protocol.ErrSignature},

		// a valid signature in another spelling
		{[]string{strings.ToUpper(fragments) + "%" + tag}, 400, protocol.ErrMalformed},
		{[]string{"urn:uuid:" + good}, 400, protocol.ErrMalformed},
		{[]string{strings.ReplaceAll(good, "-", "")}, 400, protocol.ErrMalformed},
		{[]string{strings.Replace(good, ":100", ":+100", 1)}, 400, protocol.ErrMalformed},
		{[]string{strings.Replace(good, ":100", ":0100", 1)}, 400, protocol.ErrMalformed},
		{[]string{good[:len(good)-4] + "\n" + good[len(good)-4:]}, 400, protocol.ErrMalformed},
		{[]string{strings.TrimRight(good, "=")}, 400, protocol.ErrMalformed},
		{[]string{" " + good}, 400, protocol.ErrMalformed},
	}
}

func TestBadSignatures(t *testing.T) {
	h, carol, connie := newPair(t)
	share := []byte("a share of a key")
	posted := carol.post(shareOf(keyID(1)), share)
	try := func(c *conversation, good request) {
		for _, test := range badSignatures(c, good) {
			r := good
			r.signatures = test.headers
			wantUnchanged(t, h, func() {
				w := r.to(t, h)
				wantRefused(t, w, test.status, test.reason)
				if t.Failed() {
					t.Fatalf("%s with the signature %q", r.method, test.headers)
				}
			})
		}
	}
	try(carol, posted)
	carol.accept(carol.send(posted))
	asked := connie.get(askFor(keyID(1)))
	try(connie, asked)
	connie.open(connie.send(asked), share)
}

// TestForeignSignatures has clients sign for others, and reuses signatures of other messages.
func TestForeignSignatures(t *testing.T) {
	h, carol, connie := newPair(t)
	share := []byte("a share of a key")
	posted := carol.post(shareOf(keyID(1)), share)
	answer := carol.send(posted)
	carol.accept(answer)

	for _, name := range []string{"mallory", "Carol", "sam"} {
		ask := askFor(keyID(1))
		ask.ClientName = name
		wantFreeRefusal(t, h, connie.get(ask), 403, protocol.ErrClientNotRegistered)
		m := shareOf(keyID(2))
		m.ClientName = name
		wantFreeRefusal(t, h, carol.post(m, share), 403, protocol.ErrClientNotRegistered)
	}
	wantFreeRefusal(t, h, carol.get(askFor(keyID(1))), 404, psrd.ErrUnknownBlock)
	wantFreeRefusal(t, h, connie.post(shareOf(keyID(2)), share), 404, psrd.ErrUnknownBlock)

	asked := connie.get(askFor(keyID(1)))
	for _, signatures := range [][]string{
		answer.Header().Values(protocol.SignatureHeader), // the hub's own
		posted.signatures,
		connie.get(askFor(keyID(2))).signatures,
	} {
		r := asked
		r.signatures = signatures
		wantUnchanged(t, h, func() {
			if w := r.to(t, h); w.Code != 401 && w.Code != 404 {
				t.Errorf("%d %s", w.Code, w.Body)
			}
		})
	}
	connie.open(connie.send(asked), share)
}

// damaged yields the request with one bit flipped, for every bit of its signature, query and body,
// and with a byte more and a byte less in each.
func damaged(r request) iter.Seq2[string, request] {
	return func(yield func(string, request) bool) {
		for _, part := range []struct {
			name string
			good []byte
			put  func(*request, []byte)
		}{
			{"signature", []byte(r.signatures[0]), func(r *request, b []byte) { r.signatures = []string{string(b)} }},
			{"query", []byte(r.query), func(r *request, b []byte) { r.query = string(b) }},
			{"body", r.body, func(r *request, b []byte) { r.body = b }},
		} {
			for name, b := range variations(part.good) {
				bad := r
				part.put(&bad, b)
				if !yield(part.name+" "+name, bad) {
					return
				}
			}
		}
	}
}

func variations(good []byte) iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		if len(good) == 0 {
			return
		}
		for i := range 8 * len(good) {
			b := bytes.Clone(good)
			b[i/8] ^= 1 << (i % 8)
			if !yield(fmt.Sprint("bit ", i), b) {
				return
			}
		}
		_ = yield("shorter", good[:len(good)-1]) &&
			yield("longer", append(bytes.Clone(good), ' ')) &&
			yield("twice", append(bytes.Clone(good), good...)) &&
			yield("gone", nil)
	}
}

// TestDamage does what anyone can do to a message on its way. It costs nothing, the original
// message remains valid, and is accepted only once.
func TestDamage(t *testing.T) {
	t.Parallel()
	h, carol, connie := newPair(t)
	share := []byte("a share of a key")
	unsigned := postOf(carol.seal(shareOf(keyID(1)), share))
	unsigned.query = "trace=1"
	posted := carol.sign(unsigned)
	wantHarmless(t, h, posted)
	carol.accept(carol.send(posted))
	wantReplay(t, h, posted)

	asked := connie.get(askFor(keyID(1)))
	wantHarmless(t, h, asked)
	connie.open(connie.send(asked), share)
	wantReplay(t, h, asked)
}

func wantHarmless(t *testing.T, h *hub.Hub, good request) {
	t.Helper()
	allowed := []int{400, 401, 403, 404}
	tried, before := 0, state(h)
	for name, r := range damaged(good) {
		if w := r.to(t, h); !slices.Contains(allowed, w.Code) {
			t.Errorf("%s, %s: %d %s", good.method, name, w.Code, w.Body)
		}
		if after := state(h); !reflect.DeepEqual(before, after) {
			t.Fatalf("%s, %s: the hub went from\n%+v\nto\n%+v", good.method, name, before, after)
		}
		tried++
	}
	if least := 8 * (len(good.signatures[0]) + len(good.query) + len(good.body)); tried < least {
		t.Errorf("%s was damaged in %d places of %d", good.method, tried, least)
	}
}

// TestMalformedMessages sends messages that no client should sign.
func TestMalformedMessages(t *testing.T) {
	h, carol, connie := newPair(t)
	carol.accept(carol.send(carol.post(shareOf(keyID(1)), []byte("a share of a key"))))

	body := string(carol.seal(shareOf(keyID(2)), []byte("share")))
	for _, change := range [][2]string{
		{body, ``}, {body, `null`}, {body, `[]`}, {body, `{}`}, {body, body + "}"}, {body, body[1:]},
		{`"carol"`, `""`}, {`"carol"`, `1`}, {`"sam"`, `""`}, {`"sofia"`, `null`},
		{`"master_client_name"`, `"client_name"`},
		{`:3,`, `:-1,`}, {`:3,`, `:254,`}, {`:3,`, `:3.5,`}, {`:3,`, `:"3",`}, {`"share_index"`, `"index"`},
		{keyID(2).String(), `00000000-0000-0000-0000-000000000000`},
		{keyID(2).String(), `ab`},
		{`"user_key_id"`, `"key_id"`},
		{`"block_uuid":"`, `"block_uuid":"x`},
		{`"start":`, `"start":9223372036854775807`},
		{`"encrypted_share_value":"`, `"encrypted_share_value":"*`},
		{`"encrypted_share_value":`, `"value":`},
	} {
		changed := strings.Replace(body, change[0], change[1], 1)
		if changed == body {
			t.Fatalf("no %s in %s", change[0], body)
		}
		wantRefusal(t, h, carol.sign(postOf([]byte(changed))), 400, protocol.ErrMalformed)
		carol.fetch(protocol.OwnerClient, 32)
	}
	query := askFor(keyID(1)).Query()
	for _, change := range [][2]string{
		{query, ""}, {query, query + "&" + query}, {query, query + "&key_id=" + keyID(1).String()},
		{query, query + "&%zz"}, {query, query + ";"},
		{"connie", ""}, {"sam", ""}, {"sofia", ""}, {"key_id", "KEY_ID"},
		{keyID(1).String(), ""}, {keyID(1).String(), "1"}, {keyID(1).String(), "%7B" + keyID(1).String() + "%7D"},
		{keyID(1).String(), strings.ReplaceAll(keyID(1).String(), "-", "")},
		{keyID(1).String(), "00000000-0000-0000-0000-000000000000"},
	} {
		wantRefusal(t, h, connie.sign(getOf(strings.Replace(query, change[0], change[1], 1))), 400, protocol.ErrMalformed)
	}
	connie.open(connie.send(connie.get(askFor(keyID(1)))), []byte("a share of a key"))
}
