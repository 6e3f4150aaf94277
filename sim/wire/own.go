package wire

import (
	"crypto/tls"
	"net/http"
	"sync"
	"time"
)

// Shows returns the configuration with which a sender calls the port, if it shows a certificate of
// its own, and otherwise nil.
type Shows func(from string) *tls.Config

// ownPorts is the transports of senders that show a certificate of their own: a connection is one
// sender's then.
type ownPorts struct {
	shows Shows         // nil: nobody does
	fresh time.Duration // as in the [Config]

	mu    sync.Mutex
	ports map[string]*loopback
}

// of returns the transport of a sender; most have the common one.
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
