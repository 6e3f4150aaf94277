package sim

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"net/http"
	"strings"
	"sync/atomic"

	"dske/sim/wire"
)

// Faults strike requests of encryptors from outside at the port, where they come in, as if it
// happened on the way to a KME.

// maxStruck is how much of a request's body passes faults, in bytes: more than any KME accepts.
const maxStruck = 1<<20 + 1

// strike answers a request through the faults.
func (v *arrival) strike(next http.Handler) {
	r := v.request
	body, err := io.ReadAll(io.LimitReader(r.Body, maxStruck))
	if err != nil {
		v.status = 0 // the sender has gone, or is too slow
		return
	}
	q := v.received()
	q.Header, q.Body = r.Header.Clone(), body
	var isAnswered atomic.Bool
	answer, err := v.network.wire.Strike(r.Context(), &q, func(ctx context.Context, q *wire.Request) (wire.Response, error) {
		isAnswered.Store(true)
		return wire.Answer(next, struckRequest(ctx, r, q)), nil
	})
	v.fault, v.isForged = strings.Join(q.Faults, " "), !isAnswered.Load()
	if err != nil {
		v.status = 0
		return
	}
	for name, values := range answer.Header {
		v.Header()[name] = values
	}
	v.WriteHeader(answer.Status)
	v.Write(answer.Body)
	clear(answer.Body) // it may be a key
}

// struckRequest returns a request as the faults have changed it.
func struckRequest(ctx context.Context, r *http.Request, q *wire.Request) *http.Request {
	struck := r.Clone(ctx)
	struck.Method, struck.URL.RawQuery, struck.Header = q.Method, q.Query, q.Header
	struck.Body, struck.ContentLength = io.NopCloser(bytes.NewReader(q.Body)), int64(len(q.Body))
	return struck
}

// withHandshakeFaults returns the TLS configuration of a client's port, whose handshakes meet
// faults.
func (n *Network) withHandshakeFaults(c *clientPlace, good *tls.Config) *tls.Config {
	if good == nil {
		return nil
	}
	config := good.Clone()
	config.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) {
		if !n.wire.StrikesHandshake(c.path()) {
			return nil, nil
		}
		shown, err := n.config.TLS.Expired(c.name())
		if err != nil {
			n.config.Logger.Warn("fault: cannot show an expired certificate", "node", c.path(), "error", err)
			return nil, nil
		}
		n.config.Logger.Warn("fault", "fault", "expired", "node", c.path())
		bad := good.Clone()
		bad.Certificates, bad.NextProtos = []tls.Certificate{shown}, []string{"h2", "http/1.1"}
		return bad, nil
	}
	return config
}
