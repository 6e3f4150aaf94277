package wire

import (
	"crypto/tls"
	"net/http"
	"sync"
	"time"
)

// Shows returns the TLS configuration of a sender that shows a certificate of its own, or nil.
type Shows func(from string) *tls.Config

// ownPorts has the transports of senders that show certificates of their own, since such a
// connection belongs to one sender.
type ownPorts struct {
	shows Shows         // nil: no sender does
	fresh time.Duration // as in [Config]

	mu    sync.Mutex
	ports map[string]*loopback
}

// of returns the transport of a sender. Most senders have the common one.
func (o *ownPorts) of(from string, common http.RoundTripper) http.RoundTripper {
	if o.shows == nil {
		return common
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if port := o.ports[from]; port != nil {
		return port
	}
	config := o.shows(from)
	if config == nil {
		return common
	}
	if o.ports == nil {
		o.ports = map[string]*loopback{}
	}
	o.ports[from] = newLoopback(config, o.fresh)
	return o.ports[from]
}

func (o *ownPorts) closeIdle() {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, port := range o.ports {
		port.CloseIdleConnections()
	}
}
