package sim

import (
	"net/http"
	"net/url"
	"strings"

	"dske/etsi"
	"dske/etsi/skip"
	"dske/node"
	"dske/sim/wire"
)

// Some appliances take a host and a port of a KME, but no path. For them, the ETSI API and SKIP of
// a client are also at the root of a host name and, if so configured, of a port.

const (
	pathETSI   = "/etsi" // under a client
	pathSKIP   = "/skip" // likewise
	pathKeys   = "/api/v1/keys/"
	hostSuffix = ".localhost" // browsers and many resolvers resolve it to this host (RFC 6761, clause 6.3)
)

// KMEURL returns the base URL of a client's ETSI API, without /api/v1/keys, under the URL of a
// network's port.
func KMEURL(network, client string) string {
	return network + node.Prefix(node.KindClient, client) + pathETSI
}

// interfaceOf returns the path prefix under a client for a path at the root, or "" if the path is
// unknown. A path with a slash too many belongs to the same interface, which then answers with the
// right path.
func interfaceOf(path string) string {
	tidy := etsi.Tidy(path)
	switch {
	case strings.HasPrefix(tidy+"/", pathKeys):
		return pathETSI
	case skip.Serves(tidy):
		return pathSKIP
	}
	return ""
}

// serveKME serves the ETSI API and SKIP of a client at the root.
func (p *place) serveKME(w http.ResponseWriter, r *http.Request) {
	below := interfaceOf(r.URL.Path)
	if below == "" {
		etsi.WriteError(w, &etsi.Error{
			Status:  http.StatusNotFound,
			Message: "unknown path; there are /api/v1/keys/{SAE ID}/status, …/enc_keys and …/dec_keys, and of SKIP /capabilities, /key, /key/{keyId} and /entropy",
			Details: []any{map[string]any{"path": r.URL.Path}},
		})
		return
	}
	prefix := p.prefix() + below
	moved := r.WithContext(r.Context())
	moved.URL = &url.URL{Path: prefix + r.URL.Path, RawQuery: r.URL.RawQuery}
	if r.URL.RawPath != "" {
		moved.URL.RawPath = prefix + r.URL.RawPath
	}
	p.ServeHTTP(w, moved)
}

// kmeOf returns the name of the client that a host name such as carol.localhost addresses.
func kmeOf(r *http.Request) (string, bool) {
	name, found := strings.CutSuffix(hostname(r.Host), hostSuffix)
	return name, found && interfaceOf(r.URL.Path) != ""
}

// writeError writes an error for a request that does not reach a node, in the form of the interface
// that it addresses: for encryptors, details are an array.
func writeError(w http.ResponseWriter, r *http.Request, e *node.Error) {
	if !isOfEncryptor(r) {
		node.WriteError(w, e)
		return
	}
	etsi.WriteError(w, &etsi.Error{Status: e.Status, Message: e.Message, Details: []any{e.Details}})
}

// isOfEncryptor reports whether a request is for an encryptors' interface, by its path or its host
// name.
func isOfEncryptor(r *http.Request) bool {
	switch kind, _, below := nodeOf(r.URL.Path); kind {
	case string(node.KindClient):
		return wire.KindOf(r.Method, below) == wire.KindEncryptor
	case string(node.KindHub):
		return false
	}
	return interfaceOf(r.URL.Path) != ""
}
