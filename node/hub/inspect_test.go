package hub_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"dske/node/hub"
	"dske/protocol"
)

func status(t testing.TB, h *hub.Hub) string {
	t.Helper()
	w := request{method: "GET", path: "/mgmt/v1/status"}.to(t, h)
	wantOK(t, w)
	return strings.TrimSpace(w.Body.String())
}

func TestStatus(t *testing.T) {
	h := newHub(t, hub.Config{})
	if got := status(t, h); got != `{"name":"hank","peer_clients":[],"shares":[]}` {
		t.Errorf("status of a new hub: %s", got)
	}
	meet(t, h, "zoe").register()
	connie := connect(t, h, "connie", "sofia", "susan")
	carol := connect(t, h, "carol", "sam")
	wantOK(t, connect(t, h, "dave").remove().to(t, h))
	for _, n := range []int{3, 1, 2} {
		m := shareOf(keyID(n))
		m.ShareIndex = 10 * n
		carol.accept(carol.send(carol.post(m, []byte("a share of a key"))))
	}
	block := func(c *conversation, owner protocol.PoolOwner, used int) string {
		return fmt.Sprintf(`{"uuid":"%v","size":1024,"nr_used_bytes":%d,"nr_unused_bytes":%d}`, c.blocks[owner][0].UUID, used, 1024-used)
	}
	share := func(n int) string {
		return fmt.Sprintf(`{"key_id":"%v","master_sae_id":"sam","slave_sae_id":"sofia","share_index":%d}`, keyID(n), 10*n)
	}
	want := `{"name":"hank","peer_clients":[` +
		`{"client_name":"carol","encryptor_names":["sam"],` +
		`"local_pool":{"owner":"local","blocks":[` + block(carol, protocol.OwnerHub, 3*32) + `]},` +
		`"peer_pool":{"owner":"peer","blocks":[` + block(carol, protocol.OwnerClient, 3*48) + `]}},` +
		`{"client_name":"connie","encryptor_names":["sofia","susan"],` +
		`"local_pool":{"owner":"local","blocks":[` + block(connie, protocol.OwnerHub, 0) + `]},` +
		`"peer_pool":{"owner":"peer","blocks":[` + block(connie, protocol.OwnerClient, 0) + `]}},` +
		`{"client_name":"zoe","encryptor_names":["zoe"],` +
		`"local_pool":{"owner":"local","blocks":[]},"peer_pool":{"owner":"peer","blocks":[]}}],` +
		`"shares":[` + share(1) + `,` + share(2) + `,` + share(3) + `]}`
	if got := status(t, h); got != want {
		t.Errorf("status is\n%s\nwant\n%s", got, want)
	}
}

// leak returns bytes of a secret that a text contains in some encoding, or nil.
func leak(text string, secret []byte) []byte {
	lower := strings.ToLower(text)
	contains := func(window []byte) bool {
		numbers := strings.Trim(strings.ReplaceAll(fmt.Sprint(window), " ", ","), "[]")
		return strings.Contains(text, string(window)) || strings.Contains(text, numbers) ||
			strings.Contains(lower, hex.EncodeToString(window)) ||
			strings.Contains(text, base64.StdEncoding.EncodeToString(window)) ||
			strings.Contains(text, base64.URLEncoding.EncodeToString(window))
	}
	const size = 6 // a number of bytes that needs no padding in base64
	for i := range len(secret) - size + 1 {
		if window := secret[i : i+size]; contains(window) {
			return window
		}
	}
	return nil
}

func TestLeak(t *testing.T) {
	secret := []byte("\x00some secret\xff\xfe\xfd\xfc")
	for _, text := range []string{
		"it is some secret\xff",
		fmt.Sprintf("%x", secret), fmt.Sprintf("%X", secret[3:10]), "[115,111,109,101,32,115]",
		base64.StdEncoding.EncodeToString(secret[1:]), base64.URLEncoding.EncodeToString(secret[5:]),
	} {
		if leak(text, secret) == nil {
			t.Errorf("nothing found in %q", text)
		}
	}
	if found := leak("nothing of the kind", secret); found != nil {
		t.Errorf("found %q", found)
	}
}

// TestNoSecrets does everything that is logged, and looks for pre-shared data and shares in the
// status, the log and the errors. The secrets are the same in every run, so it cannot fail by
// chance.
func TestNoSecrets(t *testing.T) {
	var log bytes.Buffer
	h := newHub(t, hub.Config{Random: seeded(), Logger: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	carol, connie := connect(t, h, "carol", "sam"), connect(t, h, "connie", "sofia")
	share := []byte("XqTzVwBkJpYmRc")
	text := status(t, h)
	posted := carol.post(shareOf(keyID(1)), share)
	for _, r := range []request{
		postOf(posted.body),                  // not signed
		carol.post(shareOf(keyID(2)), share), // good
		posted, posted,                       // good, replayed
		carol.post(shareOf(keyID(1)), share),        // there already
		carol.sign(postOf(posted.body[:100])),       // malformed
		connie.get(askFor(keyID(3))),                // unknown
		connie.post(shareOf(keyID(4)), share),       // not connie's
		carol.put(`{"client_name": "connie"}`),      // not hers
		carol.psrd(protocol.OwnerClient, 100000000), // too large
	} {
		if w := r.to(t, h); w.Code != http.StatusOK {
			text += w.Body.String()
		}
	}
	wantOK(t, carol.remove().to(t, h))
	text += status(t, h) + log.String()

	secrets := [][]byte{share}
	for _, c := range []*conversation{carol, connie} {
		secrets = append(secrets, []byte(c.tokens[0]))
		for _, blocks := range c.blocks {
			secrets = append(secrets, blocks[0].Data)
		}
	}
	if len(secrets) != 7 || !strings.Contains(text, "client registered") {
		t.Fatalf("%d secrets, and the log is %s", len(secrets), log.String())
	}
	for _, secret := range secrets {
		if found := leak(text, secret); found != nil {
			t.Errorf("%q is in %s", found, text)
		}
	}
}
