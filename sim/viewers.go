package sim

import (
	"context"
	"errors"
	"net/http"
)

// viewer is the context key of requests over the port of the viewers.
type viewer struct{}

// IsViewer reports whether a request came over the port of the viewers, who may change nothing.
func IsViewer(r *http.Request) bool { return r.Context().Value(viewer{}) != nil }

var errReadOnly = errors.New("this address is for watching: it allows no changes and reveals no secrets")

// watching returns the handler of the port of the viewers. It serves reading of the network's own
// interface and pages, but no node.
func (n *Network) watching() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, isKME := kmeOf(r)
		kind, _, _ := nodeOf(r.URL.Path)
		if r.Method != http.MethodGet && r.Method != http.MethodHead || isKME || kind == "hub" || kind == "client" {
			refuse(w, r, errReadOnly)
			return
		}
		n.router.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), viewer{}, true)))
	})
}

// ViewersURL returns the base URL of the port of the viewers, or "" if there is none. It is valid
// once the network is ready.
func (n *Network) ViewersURL() string { return n.viewersURL }
