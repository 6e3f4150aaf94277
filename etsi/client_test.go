package etsi_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/uuid"

	"dske/etsi"
)

func TestStatus(t *testing.T) {
	network := newNetwork("sofia")
	network.vault.room = 1000 * 32
	sam := &etsi.Client{URL: network.serve(t) + carolPath}
	got, err := sam.Status(t.Context(), "sofia")
	want := etsi.Status{SourceKMEID: "carol", TargetKMEID: "connie", MasterSAEID: "sam", SlaveSAEID: "sofia",
		KeySize: 256, StoredKeyCount: 1000, MaxKeyCount: 100_000, MaxKeyPerRequest: 128,
		MaxKeySize: 16_777_216, MinKeySize: 64, MaxSAEIDCount: 16, Extension: etsi.StatusExtension{MaxRequestSize: 67_108_864}}
	if err != nil || got != want {
		t.Errorf("Status = %+v, %v, want %+v", got, err, want)
	}
	network.vault.room = 1 << 30
	if got, err := sam.Status(t.Context(), "sofia"); err != nil || got.StoredKeyCount != got.MaxKeyCount {
		t.Errorf("a full store has %d keys of at most %d (%v)", got.StoredKeyCount, got.MaxKeyCount, err)
	}
}

// share lets master get keys for slave and slave fetch them, and returns both sides' keys.
func share(t *testing.T, master, slave *etsi.Client, masterID string, r etsi.KeyRequest) (made, fetched []etsi.Key) {
	t.Helper()
	made, err := master.GetKey(t.Context(), slave.SAE, r)
	if err != nil {
		t.Fatal(err)
	}
	var ids []uuid.UUID
	for _, k := range made {
		ids = append(ids, k.ID)
	}
	fetched, err = slave.GetKeyWithKeyIDs(t.Context(), masterID, ids...)
	if err != nil {
		t.Fatal(err)
	}
	return made, fetched
}

func TestBothSidesGetTheSameKeys(t *testing.T) {
	tests := []struct {
		request      etsi.KeyRequest
		number, size int
	}{
		{etsi.KeyRequest{}, 1, 256},
		{etsi.KeyRequest{Number: 3}, 3, 256},
		{etsi.KeyRequest{Size: 72}, 1, 72},
		{etsi.KeyRequest{Number: 128, Size: 64}, 128, 64},
		{etsi.KeyRequest{Size: etsi.MaxKeySize}, 1, etsi.MaxKeySize},
	}
	network := newNetwork("sofia", "susan")
	network.vault.room = 4 << 20
	url := network.serve(t)
	sam := &etsi.Client{URL: url + carolPath + "/", SAE: "sam", HTTP: &http.Client{}}
	sofia := &etsi.Client{URL: url + conniePath, SAE: "sofia"}
	for _, test := range tests {
		made, fetched := share(t, sam, sofia, "sam", test.request)
		if len(made) != test.number || len(fetched) != test.number {
			t.Fatalf("%+v: %d keys made, %d fetched, want %d", test.request, len(made), len(fetched), test.number)
		}
		for i, k := range made {
			if fetched[i].ID != k.ID || !bytes.Equal(fetched[i].Key.Reveal(), k.Key.Reveal()) {
				t.Errorf("%+v: key %d is not the same on both sides", test.request, i)
			}
			if bits := 8 * len(k.Key.Reveal()); bits != test.size {
				t.Errorf("%+v: key of %d bits, want %d", test.request, bits, test.size)
			}
		}
	}
}

func TestAnySAEID(t *testing.T) {
	ids := []string{"a/b", "/", "a b", "a+b", "50%", "%2F", "%252F", "a%20b", "a?b#c", "a;b=c&d", "a:b@c", "é", "status"}
	url := newNetwork(ids...).serve(t)
	sam := &etsi.Client{URL: url + carolPath}
	for _, id := range ids {
		status, err := sam.Status(t.Context(), id)
		if err != nil || status.SlaveSAEID != id {
			t.Errorf("status of %q: %q, %v", id, status.SlaveSAEID, err)
		}
		share(t, sam, &etsi.Client{URL: url + conniePath, SAE: id}, "sam", etsi.KeyRequest{})
	}
	master, slave := &etsi.Client{URL: url + conniePath, SAE: "a/b"}, &etsi.Client{URL: url + conniePath, SAE: "50%"}
	share(t, master, slave, "a/b", etsi.KeyRequest{})
}

func TestKeyIsDeliveredOnce(t *testing.T) {
	url := newNetwork("sofia", "susan").serve(t)
	sam := &etsi.Client{URL: url + carolPath}
	sofia := &etsi.Client{URL: url + conniePath, SAE: "sofia"}
	susan := &etsi.Client{URL: url + conniePath, SAE: "susan"}
	keys, err := sam.GetKey(t.Context(), "sofia", etsi.KeyRequest{Number: 2})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := susan.GetKeyWithKeyIDs(t.Context(), "sam", keys[0].ID); !errors.Is(err, etsi.ErrUnauthorized) {
		t.Errorf("another SAE's key: %v, want %v", err, etsi.ErrUnauthorized)
	}
	ids := []uuid.UUID{keys[1].ID, keys[0].ID}
	for _, bad := range [][]uuid.UUID{{ids[0], ids[0]}, {ids[0], uuid.New()}} {
		if _, err := sofia.GetKeyWithKeyIDs(t.Context(), "sam", bad...); !errors.Is(err, etsi.ErrKeyNotFound) {
			t.Errorf("%v: %v, want %v", bad, err, etsi.ErrKeyNotFound)
		}
	}
	fetched, err := sofia.GetKeyWithKeyIDs(t.Context(), "sam", ids...)
	if err != nil || len(fetched) != 2 || fetched[0].ID != ids[0] || fetched[1].ID != ids[1] {
		t.Errorf("got %v, %v, want %v", fetched, err, ids)
	}
	for _, id := range ids {
		if _, err := sofia.GetKeyWithKeyIDs(t.Context(), "sam", id); !errors.Is(err, etsi.ErrKeyNotFound) {
			t.Errorf("second delivery: %v, want %v", err, etsi.ErrKeyNotFound)
		}
	}
}

func TestClientErrors(t *testing.T) {
	url := newNetwork("sofia").serve(t)
	sam := &etsi.Client{URL: url + carolPath}
	_, err := sam.GetKey(t.Context(), "sofia", etsi.KeyRequest{Number: -1, Size: 100})
	if want := `400 Bad Request: number is out of bounds, 1 to 128 [{"number":-1}]`; err == nil || err.Error() != want {
		t.Errorf("error %v, want %v", err, want)
	}
	_, err = sam.GetKey(t.Context(), "sofia", etsi.KeyRequest{Size: 100})
	if !errors.Is(err, etsi.ErrSizeNotMultiple) || errors.Is(err, etsi.ErrKeyNotFound) || errors.Is(err, io.EOF) {
		t.Errorf("error %v, want %v", err, etsi.ErrSizeNotMultiple)
	}
	stranger := &etsi.Client{URL: url + carolPath, SAE: "stranger"}
	_, err = stranger.Status(t.Context(), "sofia")
	if want := "401 Unauthorized: the Authorization header names no SAE of this KME"; err == nil || err.Error() != want || !errors.Is(err, etsi.ErrUnauthorized) {
		t.Errorf("error %v, want %v", err, want)
	}
}

func TestClientOfUnreachableKME(t *testing.T) {
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	for _, url := range []string{gone.URL, "http://bad host"} {
		if _, err := (&etsi.Client{URL: url}).Status(t.Context(), "sofia"); err == nil {
			t.Errorf("%s: no error", url)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := (&etsi.Client{URL: newNetwork("sofia").serve(t) + carolPath}).Status(ctx, "sofia")
	if !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled call: %v", err)
	}
}

// TestClientOfStrangeKME lets a client talk to servers that do not follow the standard.
func TestClientOfStrangeKME(t *testing.T) {
	const container = `{"keys": [{"key_ID": "5d3d3f39-6a9c-4c0e-8a3e-6f3f2d1f0b11", "key": "c2VjcmV0"}], "extra": 1}`
	long := strings.Repeat(" ", 3<<20)
	tests := []struct {
		name, body string
		status     int
		want       string
	}{
		{"object as details", `{"message": "Node stopped.", "details": {"node": "carol"}}`, 503, "503 Service Unavailable: Node stopped."},
		{"page as error", `<html>oops</html>`, 502, "502 Bad Gateway"},
		{"endless error", long, 502, "502 Bad Gateway"},
		{"no JSON", `oops`, 200, "cannot read the KME's answer"},
		{"other JSON", `[]`, 200, "cannot read the KME's answer"},
		{"key ID is no UUID", `{"keys": [{"key_ID": "1", "key": ""}]}`, 200, "cannot read the KME's answer"},
		{"key is not base64", strings.Replace(container, "c2", "!", 1), 200, "cannot read the KME's answer"},
		{"too long", long, 200, "longer than 2797228 bytes"},
		{"no key", `{}`, 200, "delivered 0 keys, not 1"},
		{"other key", container, 200, "did not deliver key 00000000-"},
		{"cut short", "", 0, "unexpected EOF"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if test.status == 0 {
					w.Header().Set("Content-Length", "100")
					return
				}
				w.WriteHeader(test.status)
				io.WriteString(w, test.body)
			}))
			defer server.Close()
			client := &etsi.Client{URL: server.URL}
			_, err := client.GetKeyWithKeyIDs(t.Context(), "sam", uuid.Nil)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %q", err, test.want)
			}
		})
	}
}
