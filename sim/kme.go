package sim

import (
	"net/http"
	"net/url"
	"strings"

	"dske/node"
)

// Key consumers that are appliances can often be given a host and a port, but no path. For them,
// the ETSI API of a client is also at the root of a host name and, if so configured, of a port.

const (
	pathETSI   = "/etsi" // under a client
	pathKeys   = "/api/v1/keys/"
	hostSuffix = ".localhost" // which every resolver takes for this host (RFC 6761, clause 6.3)
)

// KMEURL returns where the ETSI API of a client is, before /api/v1/keys, under the URL of a
// network's port.
func KMEURL(network, client string) string {
	return network + node.Prefix(node.KindClient, client) + pathETSI
}

// serveKME serves the ETSI API of a client at the root.
func (p *place) serveKME(w http.ResponseWriter, r *http.Request) {
	if !strings.HasPrefix(r.URL.Path, pathKeys) {
		node.WriteError(w, &node.Error{Status: http.StatusNotFound, Message: "Unknown path.",
			Details: map[string]any{"method": r.Method, "path": r.URL.Path}})
		return
	}
	prefix := p.prefix() + pathETSI
	moved := r.WithContext(r.Context())
	moved.URL = &url.URL{Path: prefix + r.URL.Path, RawQuery: r.URL.RawQuery}
	if r.URL.RawPath != "" {
		moved.URL.RawPath = prefix + r.URL.RawPath
	}
	p.ServeHTTP(w, moved)
}

// kmeOf returns the name of the client whose ETSI API a request is for by its host name, such as
// carol.localhost.
func kmeOf(r *http.Request) (string, bool) {
	name, found := strings.CutSuffix(hostname(r.Host), hostSuffix)
	return name, found && strings.HasPrefix(r.URL.Path, pathKeys)
}
