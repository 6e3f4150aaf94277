package sim

import (
	"crypto/tls"
	"net/http"
	"strings"
)

// headerShown is the header in which a proxy that terminates TLS forwards the certificate of its
// caller. The Ingress controller of nginx uses the same name.
const headerShown = "Ssl-Client-Cert"

// front returns the TLS state of the caller behind a proxy; see [certs.Directory.Front].
type front func(of *tls.ConnectionState, shown string) (*tls.ConnectionState, error)

// behindFront returns the handler of a port for requests that come through a proxy of the
// operator's that terminates TLS: a request counts as that of the proxy's caller.
func (n *Network) behindFront(next http.Handler) http.Handler {
	if n.front == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		shown := r.Header.Values(headerShown)
		if r.TLS == nil || len(shown) == 0 {
			next.ServeHTTP(w, r)
			return
		}
		caller, err := n.front(r.TLS, strings.Join(shown, " ")) // there must be one
		if err != nil {
			refuse(w, r, err)
			return
		}
		r = r.WithContext(r.Context()) // a copy
		r.TLS = caller
		r.Header = r.Header.Clone()
		r.Header.Del(headerShown)
		next.ServeHTTP(w, r)
	})
}
