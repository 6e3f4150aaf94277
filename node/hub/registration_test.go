package hub_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"dske/node/hub"
	"dske/protocol"
	"dske/psrd"
)

func TestConfig(t *testing.T) {
	for _, config := range []hub.Config{
		{},
		{Name: "Hank"},
		{Name: "hank/helen"},
		{Name: "hank", ShareTTL: -time.Second},
	} {
		if _, err := hub.New(config); err == nil {
			t.Errorf("%+v makes a hub", config)
		}
	}
}

// encryptors returns the encryptors of the registered clients.
func encryptors(h *hub.Hub) map[string][]string {
	names := map[string][]string{}
	for _, p := range h.Inspect().PeerClients {
		names[p.ClientName] = p.EncryptorNames
	}
	return names
}

func TestRegister(t *testing.T) {
	h := newHub(t, hub.Config{})
	longest := strings.Repeat("a", 63)
	for _, body := range []string{
		`{"client_name": "carol", "encryptor_names": ["sam"]}`,
		`{"client_name": "connie", "encryptor_names": ["sofia", "Café / 2"], "color": {"hue": "blue"}}`,
		`{"client_name": "dave"}`,
		`{"client_name": "dora", "encryptor_names": []}`,
		`{"client_name": "` + longest + `", "encryptor_names": null}`,
	} {
		w := meet(t, h, "carol").put(body).to(t, h)
		if got := strings.TrimSpace(w.Body.String()); w.Code != http.StatusOK || got != `{"hub_name":"hank"}` {
			t.Errorf("%s: %d %s", body, w.Code, got)
		}
	}
	want := map[string][]string{
		"carol":  {"sam"},
		"connie": {"sofia", "Café / 2"},
		"dave":   {"dave"},
		"dora":   {"dora"},
		longest:  {longest},
	}
	if got := encryptors(h); !reflect.DeepEqual(got, want) {
		t.Errorf("registered are %q, want %q", got, want)
	}
}

func TestRegisterMalformed(t *testing.T) {
	h, carol, _ := newPair(t)
	for _, body := range []string{
		``, `{`, `null`, `[]`, `"carol"`, `{"client_name": 5}`, `{"client_name": "dave"} {}`, "{\"client_name\": \"dave\xff\"}",
		`{"client_name": "dave", "encryptor_names": "dan"}`,
		`{"client_name": "dave", "encryptor_names": [1]}`,
		`{"client_name": "dave", "encryptor_names": [""]}`,
		`{"client_name": "dave", "encryptor_names": ["dan", "` + strings.Repeat("a", 256) + `"]}`,
		`{}`, `{"client_name": ""}`, `{"client_name": "Dave"}`, `{"client_name": "-dave"}`, `{"client_name": "da/ve"}`,
		`{"client_name": "dave\n"}`, `{"client_name": "` + strings.Repeat("a", 64) + `"}`,
	} {
		wantFreeRefusal(t, h, carol.put(body), 400, protocol.ErrMalformed)
	}
	if w := findEncryptor(t, h, "dan"); w.Code != http.StatusNotFound {
		t.Errorf("an encryptor of a refused registration: %d %s", w.Code, w.Body)
	}
}

// A client that registers again starts with empty pools: the old blocks are gone, and waiting
// shares remain.
func TestRegisterAgain(t *testing.T) {
	h, carol, connie := newPair(t)
	share := []byte("a share of a key")
	carol.accept(carol.send(carol.post(shareOf(keyID(1)), share)))
	late := connie.get(askFor(keyID(1)))
	for range 2 {
		connie.register("sofia")
		if clientOwned, hubOwned := connie.unused(); clientOwned != 0 || hubOwned != 0 {
			t.Errorf("%d bytes client-owned, %d hub-owned", clientOwned, hubOwned)
		}
	}
	wantFreeRefusal(t, h, late, 404, psrd.ErrUnknownBlock)
	connie.fetch(protocol.OwnerClient, blockSize)
	connie.fetch(protocol.OwnerHub, blockSize)
	connie.open(connie.send(connie.get(askFor(keyID(1)))), share)

	wantRefused(t, findEncryptor(t, h, "susan"), 404, protocol.ErrUnknownEncryptor)
	connect(t, h, "dave", "susan") // connie no longer names susan
}

func TestTokenBinding(t *testing.T) {
	for _, test := range []struct{ own, others []string }{
		{[]string{"secret"}, []string{"guess"}},
		{[]string{"secret"}, []string{"secret "}},
		{[]string{"secret"}, []string{""}},
		{[]string{"secret"}, nil},
		{nil, []string{"guess"}}, // no token counts as a token, too
	} {
		h, carol, _ := newPair(t)
		dave, stranger := meet(t, h, "dave"), meet(t, h, "dave")
		dave.tokens, stranger.tokens = test.own, test.others
		dave.register()
		dave.fetch(protocol.OwnerClient, blockSize)
		for _, r := range []request{
			stranger.put(`{"client_name": "dave"}`),
			stranger.put(`{"client_name": "dave", "encryptor_names": ["eve"]}`),
			stranger.psrd(protocol.OwnerClient, 100),
			stranger.psrd(protocol.OwnerHub, 100),
			stranger.remove(),
		} {
			wantFreeRefusal(t, h, r, 403, protocol.ErrWrongToken)
		}
		dave.fetch(protocol.OwnerHub, blockSize)
		dave.accept(dave.send(dave.post(protocol.PostShare{
			ClientName: "dave", MasterSAE: "dave", SlaveSAE: "sofia", KeyID: keyID(1),
		}, []byte("share"))))
		carol.fetch(protocol.OwnerClient, 100)
	}
}

// An encryptor belongs to the client that registered it, even while that client is away.
func TestEncryptorBinding(t *testing.T) {
	h, carol, connie := newPair(t)
	dave := meet(t, h, "dave")
	wantTaken := func(r request, encryptor string) {
		t.Helper()
		wantUnchanged(t, h, func() {
			w := r.to(t, h)
			wantRefused(t, w, 403, protocol.ErrWrongToken)
			wantDetails(t, w, fmt.Sprintf(`{"encryptor_name":%q}`, encryptor))
		})
	}
	wantTaken(dave.put(`{"client_name": "dave", "encryptor_names": ["dan", "susan"]}`), "susan")
	wantTaken(carol.put(`{"client_name": "carol", "encryptor_names": ["sofia"]}`), "sofia")
	wantOK(t, connie.remove().to(t, h))
	wantTaken(dave.put(`{"client_name": "dave", "encryptor_names": ["sofia"]}`), "sofia")
	wantTaken(dave.put(`{"client_name": "susan"}`), "susan")
	connie.register("sofia", "susan")
}

// wantDetails fails the test unless the details of an error are these, in compact JSON.
func wantDetails(t testing.TB, w *httptest.ResponseRecorder, want string) {
	t.Helper()
	var body struct{ Details json.RawMessage }
	if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil || string(body.Details) != want {
		t.Errorf("details are %s, %v, want %s", body.Details, err, want)
	}
}

func TestUnregister(t *testing.T) {
	h, carol, connie := newPair(t)
	share := []byte("a share of a key")
	carol.accept(carol.send(carol.post(shareOf(keyID(1)), share)))
	late := carol.post(shareOf(keyID(2)), share)

	if w := carol.remove().to(t, h); w.Code != http.StatusOK || strings.TrimSpace(w.Body.String()) != "{}" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if got := encryptors(h); len(got) != 1 || got["connie"] == nil {
		t.Errorf("registered are %q", got)
	}
	for _, r := range []request{carol.psrd(protocol.OwnerClient, 100), carol.psrd(protocol.OwnerHub, 100), carol.remove(), late} {
		wantFreeRefusal(t, h, r, 403, protocol.ErrClientNotRegistered)
	}
	connie.open(connie.send(connie.get(askFor(keyID(1)))), share)

	stranger := meet(t, h, "carol")
	stranger.tokens = []string{"guess"}
	wantFreeRefusal(t, h, stranger.put(`{"client_name": "carol"}`), 403, protocol.ErrWrongToken)
	if w := findEncryptor(t, h, "sam"); w.Code != http.StatusOK {
		t.Errorf("sam of a client that went away: %d %s", w.Code, w.Body)
	}
	carol.register("sam")
	if clientOwned, hubOwned := carol.unused(); clientOwned != 0 || hubOwned != 0 {
		t.Errorf("%d bytes client-owned, %d hub-owned", clientOwned, hubOwned)
	}
}

func TestUnregisterMalformed(t *testing.T) {
	h, carol, _ := newPair(t)
	for _, query := range []string{"", "client_name=", "name=carol", "client_name=carol&client_name=carol", "client_name=carol&%zz"} {
		r := carol.remove()
		r.query = query
		wantFreeRefusal(t, h, r, 400, protocol.ErrMalformed)
	}
	r := carol.remove()
	r.query = "client_name=nobody"
	wantFreeRefusal(t, h, r, 403, protocol.ErrClientNotRegistered)
}

func findEncryptor(t testing.TB, h *hub.Hub, name string) *httptest.ResponseRecorder {
	t.Helper()
	return request{method: "GET", path: protocol.PathEncryptors + "/" + url.PathEscape(name)}.to(t, h)
}

func TestFindEncryptor(t *testing.T) {
	h, _, _ := newPair(t)
	names := []string{"dan", "d a n", "d/a/n", "d%n", "d%2Fn", "d/%2F%n", "dän", "Dan?x=1#y", "+", ";,&=", "<dan>"}
	connect(t, h, "dave", names...)
	for _, name := range names {
		w := findEncryptor(t, h, name)
		var got protocol.Encryptor
		err := json.Unmarshal(w.Body.Bytes(), &got)
		if want := (protocol.Encryptor{EncryptorName: name, ClientName: "dave"}); w.Code != http.StatusOK || err != nil || got != want {
			t.Errorf("%q: %d %s, %v", name, w.Code, w.Body, err)
		}
	}
	if w := findEncryptor(t, h, "susan"); strings.TrimSpace(w.Body.String()) != `{"encryptor_name":"susan","client_name":"connie"}` {
		t.Errorf("susan: %s", w.Body)
	}
	for _, name := range []string{"nobody", "carol", "Sofia", "sofi", "d", "d%252Fn", "%"} {
		w := findEncryptor(t, h, name)
		wantRefused(t, w, 404, protocol.ErrUnknownEncryptor)
		wantDetails(t, w, fmt.Sprintf(`{"encryptor_name":%q}`, name))
	}
}

func TestFindEncryptorMalformed(t *testing.T) {
	// No request from the network has such a path; a request in memory may have.
	r := httptest.NewRequest(http.MethodGet, prefix+protocol.PathEncryptors+"/50", nil)
	r.URL.RawPath = prefix + protocol.PathEncryptors + "/50%"
	w := httptest.NewRecorder()
	newHub(t, hub.Config{}).Handler().ServeHTTP(w, r)
	wantErrorBody(t, w)
	wantRefused(t, w, 400, protocol.ErrMalformed)
}
