package sim

import (
	"crypto/tls"
	"net/http"
	"strings"
)

// headerShown is where a front that ends TLS puts the certificate that its caller has shown, as the
// Ingress controller of nginx calls it too.
const headerShown = "Ssl-Client-Cert"

// front tells who is calling through a front; see [certs.Directory.Front].
type front func(of *tls.ConnectionState, shown string) (*tls.ConnectionState, error)

// behindFront is the handler of a port for those who come through a front of the operator's that
// ends TLS: a request counts as that of who called the front.
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
		caller, err := n.front(r.TLS, strings.Join(shown, " ")) // of which there is to be one
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
