package sim

import (
	"context"
	"errors"
	"net/http"
)

// viewer marks the context of requests that come over the port of the viewers.
type viewer struct{}

// IsViewer reports whether a request has come over the port of those who may look and change
// nothing.
func IsViewer(r *http.Request) bool { return r.Context().Value(viewer{}) != nil }

var errReadOnly = errors.New("this address is for watching: it changes nothing, and hands out nothing that is secret")

// watching is the handler of the port of the viewers: what can be read of the network's own, and of
// no node.
func (n *Network) watching() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, isKME := kmeOf(r)
		kind, _ := nodeOf(r.URL.Path)
		if r.Method != http.MethodGet && r.Method != http.MethodHead || isKME || kind == "hub" || kind == "client" {
			refuse(w, r, errReadOnly)
			return
		}
		n.router.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), viewer{}, true)))
	})
}

// ViewersURL returns the base URL of the port of the viewers; empty: there is none. It is known
// when the network is ready.
func (n *Network) ViewersURL() string { return n.viewersURL }
