package sim

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"dske/etsi"
	"dske/sim/wire"
)

// withheld has the in-band messages that the network has held back since a copy was made.
type withheld struct {
	answers  bool // hold back answers of hubs; otherwise requests
	requests []*wire.Request
	over     bool
}

// take returns an interceptor that holds messages back.
func (w *withheld) take(m *mortal) wire.Intercept {
	return func(ctx context.Context, r *wire.Request, next wire.Deliver) (wire.Response, error) {
		m.mu.Lock()
		holds := m.left != nil && !w.over && strings.Contains(r.Path, inBand)
		if holds {
			w.requests = append(w.requests, r.Copy())
		}
		m.mu.Unlock()
		if !holds || w.answers {
			response, err := next(ctx, r)
			if holds {
				return wire.Response{}, errors.Join(err, errors.New("the answer is held back"))
			}
			return response, err
		}
		return wire.Response{}, errors.New("the request is held back")
	}
}

// rollBack is the fixed run in which an old copy of a node's disk is restored.
func (m *mortal) rollBack(w *withheld) {
	defer m.Wire().Intercept(w.take(m))()
	try := func() {
		keys, err := m.sae("sae1").GetKey(context.Background(), "sae2", etsi.KeyRequest{Size: 8192})
		if err == nil {
			_, err = m.fetch("sae1", "sae2", keys[0].ID)
		}
		if err != nil && !m.hasCrashed() {
			m.Error(err)
		}
	}
	for range 7 {
		try()
	}
	if !m.hasCrashed() {
		return
	}
	m.crash(m.node.path())
	m.mu.Lock()
	w.over = true
	m.mu.Unlock()
	m.node.disk().fs = m.left
	m.start(m.node.path())
	m.ready()
	for range 7 {
		m.keyPair("sae1", "sae2", 8192)
	}
	m.idle()
	for _, r := range w.requests {
		m.release(r)
	}
	for _, v := range m.Violations() {
		m.Error(v)
	}
}

// release sends a request that was held back to its receiver.
func (m *mortal) release(r *wire.Request) (status int) {
	path := r.Path
	if r.Query != "" {
		path += "?" + r.Query
	}
	request, err := http.NewRequest(r.Method, m.URL()+path, strings.NewReader(string(r.Body)))
	if err != nil {
		m.Fatal(err)
	}
	request.Header = r.Header.Clone()
	response, err := m.outside.RoundTrip(request)
	if err != nil {
		m.Fatal(err)
	}
	response.Body.Close()
	return response.StatusCode
}

// An old copy of one end's disk, made at any operation, is restored, and the network has held back
// every message since: no byte is used twice, and nothing is accepted twice.
func TestOldCopies(t *testing.T) {
	for _, node := range []string{"hub/hub1", "client/client1", "client/client2"} {
		for _, answers := range []bool{false, true} {
			run := func(t *testing.T, at int) int {
				w := &withheld{answers: answers}
				return runWith(t, &mortal{at: at}, node, func(m *mortal) { m.rollBack(w) })
			}
			n := run(t, 0)
			step := 1
			if !*everyPoint {
				step = n/3 + 1
			}
			for at := operationsToOpen(t) + 1; at <= n; at += step {
				t.Run(fmt.Sprintf("%s %v %d", node, answers, at), func(t *testing.T) { run(t, at) })
			}
		}
	}
}
