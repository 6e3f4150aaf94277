package sim

import (
	"crypto/tls"
	"errors"
	"io/fs"
	"net/http"
	"strings"

	"dske/node"
)

// abroad is the ways to nodes that run in other processes. The names in their certificates are
// checked; without certificates of its own a network trusts the authorities of the system.
type abroad struct {
	common *http.Transport            // of those who show no certificate of their own
	own    map[string]*http.Transport // of the others, such as client/carol
}

// showAsEncryptors lets this process show the certificates of encryptors whose clients run
// elsewhere, for the keys that it makes on request. Those that it does not have, it cannot show.
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

// newAbroad returns the ways with the certificates that go with them, if the network speaks TLS.
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

// carrier returns what takes messages to nodes that run elsewhere; nil: there are none.
func (n *Network) carrier() func(from, to string) http.RoundTripper {
	if !n.IsPart() {
		return nil
	}
	return func(from, to string) http.RoundTripper {
		if p := n.byPath[to]; p == nil || p.apart == nil {
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

// passing is the way of requests of encryptors that this process makes, and tells of.
type passing struct{ *http.Transport }

// RoundTrip implements [http.RoundTripper].
func (p passing) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set(passedOn, "1")
	return p.Transport.RoundTrip(r)
}
