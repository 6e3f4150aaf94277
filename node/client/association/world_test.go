package association

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"dske/node"
	"dske/node/hub"
	"dske/protocol"
)

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// world is a real hub, with a client that has an association with it, and the wire between them.
type world struct {
	*testing.T
	*Association
	hub     *hub.Hub
	suite   protocol.Suite
	timeout time.Duration

	mu        sync.Mutex
	intercept func(r *http.Request, next roundTrip) (*http.Response, error) // nil: nothing
}

// newWorld returns a world of the Python suite without any messages so far. timeout is that of
// messages.
func newWorld(t *testing.T, psrd PSRD, timeout time.Duration) *world {
	return newWorldOf(t, protocol.Python, psrd, timeout)
}

// restart replaces the hub by a fresh one.
func (w *world) restart() {
	w.Helper()
	directory, err := node.NewDirectory(false, []node.Enrolment{{Name: "carol", Encryptors: []string{"sam"}, Hubs: []string{"hank"}}})
	if err != nil {
		w.Fatal(err)
	}
	h, err := hub.New(hub.Config{Name: "hank", Directory: directory, Suite: w.suite, HubTimeout: w.timeout})
	if err != nil {
		w.Fatal(err)
	}
	w.hub = h
}

func newWorldOf(t *testing.T, suite protocol.Suite, psrd PSRD, timeout time.Duration) *world {
	w := &world{T: t, suite: suite, timeout: timeout}
	tasks := &node.Tasks{}
	w.restart()
	ctx, cancel := context.WithCancel(t.Context())
	tasks.Open(ctx)
	first := w.hub
	tasks.Go(func(ctx context.Context) { first.Run(ctx) })
	t.Cleanup(func() {
		cancel()
		tasks.Wait()
	})
	config := &Config{Client: "carol", Encryptors: []string{"sam"}, Suite: suite, PSRD: psrd, Timeout: timeout,
		Transport: roundTrip(w.roundTrip), Tasks: tasks}
	var err error
	if w.Association, err = New(config, Hub{Name: "hank", URL: "http://memory/hub/hank"}); err != nil {
		t.Fatal(err)
	}
	return w
}

// onTheWire sets what happens to requests from now on.
func (w *world) onTheWire(intercept func(r *http.Request, next roundTrip) (*http.Response, error)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.intercept = intercept
}

func (w *world) roundTrip(r *http.Request) (*http.Response, error) {
	w.mu.Lock()
	intercept := w.intercept
	w.mu.Unlock()
	if intercept == nil {
		return w.deliver(r)
	}
	return intercept(r, w.deliver)
}

func (w *world) deliver(r *http.Request) (*http.Response, error) {
	recorder := httptest.NewRecorder()
	w.hub.Handler().ServeHTTP(recorder, r)
	return recorder.Result(), nil
}

func hang(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

// isInBand reports whether a request is about shares, rather than about PSRD or the registration.
func isInBand(r *http.Request) bool { return strings.Contains(r.URL.Path, protocol.PathKeyShare) }

// post gives the hub a share of size bytes, and returns the ID of its key.
func (w *world) post(size int) (uuid.UUID, error) { return w.postWithin(w.Context(), size) }

func (w *world) postWithin(ctx context.Context, size int) (uuid.UUID, error) {
	id := uuid.New()
	shares := []protocol.Share{{Index: 0, Value: protocol.NewSecret(bytes.Repeat([]byte{7}, size))}}
	taken, err := w.Post(ctx, Batch{Master: "sam", Slaves: []string{"sam"}, Keys: protocol.KeyIDs{id}, Shares: shares}, nil)
	if (taken == 1) != (err == nil) {
		w.Errorf("%d taken: %v", taken, err)
	}
	return id, err
}

// get fetches the share of a key.
func (w *world) get(id uuid.UUID) error { return w.getWithin(w.Context(), id) }

func (w *world) getWithin(ctx context.Context, id uuid.UUID) (err error) {
	m := protocol.GetShares{MasterSAE: "sam", SlaveSAE: "sam", KeyIDs: protocol.KeyIDs{id}}
	failed := w.Get(ctx, m, func(_ uuid.UUID, _ protocol.Share, e error) { err = e })
	if failed != nil {
		return failed
	}
	return err
}

// mustPost gives the hub n shares of 32 bytes, and returns the IDs of their keys.
func (w *world) mustPost(n int) []uuid.UUID {
	w.Helper()
	ids := make([]uuid.UUID, n)
	for i := range ids {
		var err error
		if ids[i], err = w.post(32); err != nil {
			w.Fatal(err)
		}
	}
	return ids
}
