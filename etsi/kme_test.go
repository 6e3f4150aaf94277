package etsi_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"dske/etsi"
	"dske/etsi/skip"
)

// A vault is shared by the KMEs of a test network: keys that wait for their slave SAE.
type vault struct {
	mu   sync.Mutex
	room int // bytes of key that can still be made
	keys map[uuid.UUID]*deposit
}

type deposit struct {
	master  string
	slaves  []string
	waiting []string // slaves that have not fetched it
	value   []byte
}

// A vaultKME is a KME that keeps its keys in a vault.
type vaultKME struct {
	name       string
	encryptors []string
	servedBy   map[string]string // SAE ID to the name of its KME
	vault      *vault
	failures   map[string]error // errors for calls about that SAE
}

func (k *vaultKME) Encryptors() []string { return k.encryptors }

// target returns the name of the KME that serves an SAE.
func (k *vaultKME) target(sae string) (string, error) {
	if err := k.failures[sae]; err != nil {
		return "", err
	}
	name, ok := k.servedBy[sae]
	if !ok {
		return "", &etsi.Error{Status: http.StatusBadRequest, Message: "unknown slave SAE",
			Details: []any{map[string]any{"slave_SAE_ID": sae}}}
	}
	return name, nil
}

func (k *vaultKME) Status(_ context.Context, _, slave string) (etsi.Status, error) {
	target, err := k.target(slave)
	if err != nil {
		return etsi.Status{}, err
	}
	k.vault.mu.Lock()
	defer k.vault.mu.Unlock()
	stored := k.vault.room / (etsi.DefaultKeySize / 8)
	return etsi.Status{SourceKMEID: k.name, TargetKMEID: target, StoredKeyCount: stored}, nil
}

func (k *vaultKME) GetKey(_ context.Context, master, slave string, r etsi.KeyRequest) ([]etsi.Key, error) {
	slaves := append([]string{slave}, r.AdditionalSlaves...)
	for _, sae := range slaves {
		if _, err := k.target(sae); err != nil {
			return nil, err
		}
	}
	k.vault.mu.Lock()
	defer k.vault.mu.Unlock()
	if r.Number*r.Size/8 > k.vault.room {
		return nil, &etsi.Error{Status: http.StatusServiceUnavailable, Message: "out of keys"}
	}
	k.vault.room -= r.Number * r.Size / 8
	var keys []etsi.Key
	for range r.Number {
		value := make([]byte, r.Size/8)
		rand.Read(value)
		id := uuid.New()
		k.vault.keys[id] = &deposit{master, slaves, slices.Clone(slaves), value}
		keys = append(keys, etsi.Key{ID: id, Key: etsi.NewSecret(bytes.Clone(value))})
	}
	return keys, nil
}

func (k *vaultKME) GetKeyWithKeyIDs(_ context.Context, slave, master string, ids []uuid.UUID) ([]etsi.Key, error) {
	k.vault.mu.Lock()
	defer k.vault.mu.Unlock()
	var keys []etsi.Key
	for _, id := range ids {
		d, ok := k.vault.keys[id]
		switch {
		case !ok || d.master != master:
			return nil, etsi.ErrKeyNotFound
		case !slices.Contains(d.slaves, slave):
			return nil, etsi.ErrUnauthorized
		case !slices.Contains(d.waiting, slave):
			return nil, etsi.ErrKeyNotFound
		}
		keys = append(keys, etsi.Key{ID: id, Key: etsi.NewSecret(bytes.Clone(d.value))})
	}
	for _, id := range ids {
		d := k.vault.keys[id]
		d.waiting = slices.DeleteFunc(d.waiting, func(sae string) bool { return sae == slave })
	}
	return keys, nil
}

// A network has two KMEs behind one handler, mounted by prefix: carol, which serves only sam, and
// connie, which serves the SAEs that newNetwork is given.
type network struct {
	vault *vault
	carol *vaultKME
	nodes map[string]http.Handler // by prefix
	log   *bytes.Buffer
}

const carolPath, conniePath = "/client/carol/etsi", "/client/connie/etsi"

func newNetwork(slaves ...string) *network {
	v := &vault{room: 1 << 20, keys: map[uuid.UUID]*deposit{}}
	servedBy := map[string]string{"sam": "carol", skip.SAE("carol"): "carol", skip.SAE("connie"): "connie"}
	for _, sae := range slaves {
		servedBy[sae] = "connie"
	}
	carol := &vaultKME{"carol", []string{"sam"}, servedBy, v, map[string]error{}}
	connie := &vaultKME{"connie", slaves, servedBy, v, map[string]error{}}
	n := &network{v, carol, map[string]http.Handler{}, new(bytes.Buffer)}
	for _, kme := range []*vaultKME{carol, connie} {
		e := echo.New()
		log := slog.New(slog.NewTextHandler(n.log, nil))
		etsi.Register(e.Group("/etsi"), func(*http.Request) (etsi.KME, etsi.Refusals) { return kme, etsi.Refusals{Log: log} })
		skip.Register(e.Group("/skip"), func(*http.Request) skip.Config {
			return skip.Config{KME: kme, System: kme.name, Remote: []string{"carol", "connie"}, Algorithm: "DSKE", Random: rand.Reader, Logger: log}
		})
		n.nodes["/client/"+kme.name] = described(e)
	}
	return n
}

func (n *network) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	for prefix, node := range n.nodes {
		if strings.HasPrefix(r.URL.Path, prefix+"/") {
			http.StripPrefix(prefix, node).ServeHTTP(w, r)
			return
		}
	}
	http.NotFound(w, r)
}

// serve makes the network reachable over HTTP and returns its address.
func (n *network) serve(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(n)
	t.Cleanup(server.Close)
	return server.URL
}

// get sends a raw request; sae is the value of the Authorization header, if there is one.
func (n *network) get(target string, sae ...string) *httptest.ResponseRecorder {
	return n.do(httptest.NewRequest(http.MethodGet, target, nil), sae...)
}

// post sends a raw POST.
func (n *network) post(target, body string, sae ...string) *httptest.ResponseRecorder {
	return n.do(httptest.NewRequest(http.MethodPost, target, strings.NewReader(body)), sae...)
}

func (n *network) do(r *http.Request, sae ...string) *httptest.ResponseRecorder {
	r.Header["Authorization"] = sae
	w := httptest.NewRecorder()
	n.ServeHTTP(w, r)
	return w
}

func TestKeysAreEqual(t *testing.T) {
	id := uuid.New()
	key := etsi.Key{ID: id, Key: etsi.NewSecret([]byte{1, 2})}
	for _, other := range []etsi.Key{{ID: uuid.New(), Key: key.Key}, {ID: id, Key: etsi.NewSecret([]byte{1, 3})}, {ID: id, Key: etsi.NewSecret([]byte{1})}, {ID: id}} {
		if key.Equal(other) || other.Equal(key) {
			t.Errorf("%v with %x is taken for the same key", other, other.Key.Reveal())
		}
	}
	if !key.Equal(etsi.Key{ID: id, Key: etsi.NewSecret([]byte{1, 2})}) {
		t.Error("the same key is taken for another")
	}
}
