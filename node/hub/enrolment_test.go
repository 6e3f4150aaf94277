package hub_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"dske/node"
	"dske/node/hub"
	"dske/protocol"
)

// enrolled returns a hub of a network with carol and connie, and with celia, who uses another hub.
// It also returns carol and connie, who have not registered yet.
func enrolled(t *testing.T, open bool) (h *hub.Hub, carol, connie *conversation) {
	t.Helper()
	clients := []node.Enrolment{
		{Name: "carol", Encryptors: []string{"sam"}, Hubs: []string{"hank", "helen"}},
		{Name: "connie", Encryptors: []string{"sofia", "susan"}, Hubs: []string{"hank"}},
		{Name: "celia", Encryptors: []string{"serena"}, Hubs: []string{"helen"}},
	}
	for i := range clients {
		clients[i].Token = meet(t, nil, clients[i].Name).tokens[0]
	}
	directory, err := node.NewDirectory(open, clients)
	if err != nil {
		t.Fatal(err)
	}
	h = newHub(t, hub.Config{Directory: directory})
	return h, meet(t, h, "carol"), meet(t, h, "connie")
}

// A hub serves enrolled clients from their first request on, and no other client, whatever it says
// and whenever it comes.
func TestOnlyTheEnrolledAreServed(t *testing.T) {
	h, carol, _ := enrolled(t, false)
	mallory := meet(t, h, "mallory")
	celia := meet(t, h, "celia")
	thief := meet(t, h, "mallory")
	thief.tokens = nil
	for _, test := range []struct {
		from *conversation
		body string
		why  error
	}{
		{mallory, `{"client_name": "mallory"}`, protocol.ErrNotEnrolled},
		{mallory, `{"client_name": "mallory", "encryptor_names": ["sofia"]}`, protocol.ErrNotEnrolled},
		{mallory, `{"client_name": "sofia"}`, protocol.ErrNotEnrolled},
		{mallory, `{"client_name": "connie"}`, protocol.ErrWrongToken},
		{thief, `{"client_name": "connie"}`, protocol.ErrWrongToken},
		{celia, `{"client_name": "celia", "encryptor_names": ["serena"]}`, protocol.ErrNotEnrolled}, // enrolled at another hub
		{carol, `{"client_name": "carol", "encryptor_names": ["sofia"]}`, protocol.ErrEncryptorNotEnrolled},
		{carol, `{"client_name": "carol", "encryptor_names": ["sam", "dan"]}`, protocol.ErrEncryptorNotEnrolled},
		{carol, `{"client_name": "carol"}`, protocol.ErrEncryptorNotEnrolled},
	} {
		wantRefused(t, test.from.put(test.body).to(t, h), 403, test.why)
	}
	for _, path := range []string{protocol.PathRegistration, protocol.PathPSRD} {
		query := "client_name=mallory&pool_owner=client&size=100"
		wantRefused(t, request{method: "GET", path: path, query: query, tokens: mallory.tokens}.to(t, h), 403, protocol.ErrNotEnrolled)
	}
	if names := encryptors(h); len(names) != 0 {
		t.Errorf("registered are %q", names)
	}
	for encryptor, client := range map[string]string{"sam": "carol", "susan": "connie", "serena": "", "mallory": ""} {
		w := findEncryptor(t, h, encryptor)
		want := fmt.Sprintf(`{"encryptor_name":%q,"client_name":%q}`, encryptor, client)
		if got := bytes.TrimSpace(w.Body.Bytes()); (w.Code == 200) != (client != "") || client != "" && string(got) != want {
			t.Errorf("%s: %d %s", encryptor, w.Code, got)
		}
	}
}

// A share is for an encryptor of a client that uses the hub. It may arrive before that client has
// registered, and waits for it.
func TestSharesAreForTheEnrolled(t *testing.T) {
	h, _, connie := enrolled(t, false)
	carol := connect(t, h, "carol", "sam")
	for _, slave := range []string{"serena", "nobody"} {
		m := shareOf(keyID(2))
		m.SlaveSAE = slave
		wantRefused(t, carol.send(carol.post(m, []byte("a share"))), 404, protocol.ErrUnknownEncryptor)
	}
	carol.accept(carol.send(carol.post(shareOf(keyID(1)), []byte("a share"))))
	connie.register("sofia")
	connie.fetch(protocol.OwnerClient, blockSize)
	connie.fetch(protocol.OwnerHub, blockSize)
	connie.open(connie.send(connie.get(askFor(keyID(1)))), []byte("a share"))
}

// An open hub lets strangers in, but not under a name in the directory.
func TestOpenHub(t *testing.T) {
	h, _, _ := enrolled(t, true)
	mallory := meet(t, h, "mallory")
	for _, body := range []string{
		`{"client_name": "connie"}`,
		`{"client_name": "mallory", "encryptor_names": ["sofia"]}`,
		`{"client_name": "mallory", "encryptor_names": ["serena"]}`,
	} {
		wantRefused(t, mallory.put(body).to(t, h), 403, protocol.ErrWrongToken)
	}
	wantOK(t, mallory.put(`{"client_name": "mallory", "encryptor_names": ["eve"]}`).to(t, h))
	wantRefused(t, meet(t, h, "dave").put(`{"client_name": "dave", "encryptor_names": ["eve"]}`).to(t, h), 403, protocol.ErrWrongToken)
	carol := connect(t, h, "carol", "sam")
	m := shareOf(keyID(1))
	m.SlaveSAE = "eve"
	carol.accept(carol.send(carol.post(m, []byte("a share"))))
}

// A share is for the client that served the slave when the share arrived, not for a client that
// later takes over the slave's name.
func TestShareStaysWithItsClient(t *testing.T) {
	h := newHub(t, hub.Config{})
	carol, dave := connect(t, h, "carol", "sam"), connect(t, h, "dave", "sofia")
	carol.accept(carol.send(carol.post(shareOf(keyID(1)), []byte("a share"))))
	dave.register("dan")
	connie := connect(t, h, "connie", "sofia")
	wantRefused(t, connie.send(connie.get(askFor(keyID(1)))), 403, protocol.ErrNotMeantForCaller)
}

// A hub that has started tells the clients that use it and can be reached, a few at a time, and
// does not wait for those that do not answer.
func TestAnnounce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var clients []node.Enrolment
		for i := range 100 {
			name := fmt.Sprintf("client%02d", i)
			clients = append(clients, node.Enrolment{Name: name, URL: "http://memory/client/" + name, Hubs: []string{"hank"}})
		}
		clients[7].URL = ""
		clients[8].Hubs = []string{"helen"}
		directory, err := node.NewDirectory(false, clients)
		if err != nil {
			t.Fatal(err)
		}
		var mu sync.Mutex
		var told []string
		atOnce, most := 0, 0
		h := newHub(t, hub.Config{Directory: directory, Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			body, _ := io.ReadAll(r.Body)
			if string(body) != `{"hub_name":"hank"}` || r.Method != http.MethodPost {
				t.Errorf("%s %s", r.Method, body)
			}
			mu.Lock()
			told = append(told, r.URL.Path)
			atOnce++
			most = max(most, atOnce)
			n := len(told)
			mu.Unlock()
			defer func() { mu.Lock(); atOnce--; mu.Unlock() }()
			if n <= 3 {
				<-r.Context().Done()
				return nil, r.Context().Err()
			}
			time.Sleep(time.Millisecond)
			if n%2 == 0 {
				return nil, errors.New("connection refused")
			}
			return &http.Response{StatusCode: 200, Body: http.NoBody}, nil
		})})
		began := time.Now()
		h.Announce(t.Context())
		if took := time.Since(began); took > 5*time.Second || most > 16 {
			t.Errorf("it took %v, %d at a time", took, most)
		}
		slices.Sort(told)
		if told = slices.Compact(told); len(told) != 98 || slices.Contains(told, "/client/client08"+protocol.PathHubStarted) {
			t.Errorf("%d were told: %q", len(told), told)
		}
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		h.Announce(ended)
		newHub(t, hub.Config{Directory: directory}).Announce(t.Context()) // without a transport
	})
}

// roundTrip is a function as a transport.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
