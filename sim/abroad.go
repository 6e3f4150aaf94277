package sim

import (
	"crypto/tls"
	"errors"
	"io/fs"
	"net/http"
	"strings"

	"dske/node"
)

// abroad has the transports to nodes that run in other processes. They check the names in
// certificates; a network without certificates of its own trusts the authorities of the system.
type abroad struct {
	common *http.Transport            // for callers without a certificate of their own
	own    map[string]*http.Transport // for the others, by caller, such as client/carol
}

// showAsEncryptors lets this process show the certificates of encryptors whose clients run
// elsewhere, for the keys that it makes on request. It skips certificates that it does not have.
func (n *Network) showAsEncryptors() error {
	if !n.certified() {
		return nil
	}
	for _, c := range n.clients {
		if c.apart == nil {
			continue
		}
		for _, sae := range c.encryptors() {
			secure, err := n.callTLS(n.config.TLS.SAE(sae))
			switch {
			case errors.Is(err, fs.ErrNotExist):
			case err != nil:
				return err
			default:
				n.abroad.own["sae/"+sae] = newWay(secure)
			}
		}
	}
	return nil
}

// newAbroad returns the transports with their certificates, if the network speaks TLS.
func newAbroad(common *tls.Config, shown map[string]*tls.Config) abroad {
	a := abroad{common: newWay(common), own: map[string]*http.Transport{}}
	for from, config := range shown {
		a.own[from] = newWay(config)
	}
	return a
}

func newWay(secure *tls.Config) *http.Transport {
	if secure != nil {
		secure = secure.Clone()
		secure.ServerName = "" // that of the URL
	}
	return &http.Transport{TLSClientConfig: secure, MaxIdleConnsPerHost: 64, DisableCompression: true, IdleConnTimeout: node.IdleTimeout}
}

func (a abroad) closeIdle() {
	a.common.CloseIdleConnections()
	for _, way := range a.own {
		way.CloseIdleConnections()
	}
}

// carrier returns the transport of messages to nodes that run elsewhere, by sender and receiver, or
// nil if there are no such nodes.
func (n *Network) carrier() func(from, to string) http.RoundTripper {
	if !n.IsPart() {
		return nil
	}
	return func(from, to string) http.RoundTripper {
		if p := n.at(to); p == nil || p.apart == nil {
			return nil
		}
		way := n.abroad.common
		if own := n.abroad.own[from]; own != nil {
			way = own
		}
		if strings.HasPrefix(from, "sae/") {
			return passing{way}
		}
		return way
	}
}

// passing marks the requests of encryptors that this process makes as passed on, since this process
// reports them.
type passing struct{ *http.Transport }

// RoundTrip implements [http.RoundTripper].
func (p passing) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set(passedOn, "1")
	return p.Transport.RoundTrip(r)
}
