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

// Key consumers that are appliances can often be given a host and a port, but no path. For them,
// the ETSI API and SKIP of a client are also at the root of a host name and, if so configured, of a
// port.

const (
	pathETSI   = "/etsi" // under a client
	pathSKIP   = "/skip" // likewise
	pathKeys   = "/api/v1/keys/"
	hostSuffix = ".localhost" // which browsers and many resolvers take for this host (RFC 6761, clause 6.3)
)

// KMEURL returns where the ETSI API of a client is, before /api/v1/keys, under the URL of a
// network's port.
func KMEURL(network, client string) string {
	return network + node.Prefix(node.KindClient, client) + pathETSI
}

// interfaceOf returns below which path of a client an interface is whose paths are at the root;
// empty: there is no such path. With a slash too many it is still the same interface, which then
// says what is right.
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

// kmeOf returns the name of the client whose interfaces for encryptors a request is for by its host
// name, such as carol.localhost.
func kmeOf(r *http.Request) (string, bool) {
	name, found := strings.CutSuffix(hostname(r.Host), hostSuffix)
	return name, found && interfaceOf(r.URL.Path) != ""
}

// writeError answers a request that gets to no node with an error in the form that the interface
// has which it is for: details are an array in those for encryptors.
func writeError(w http.ResponseWriter, r *http.Request, e *node.Error) {
	if !isOfEncryptor(r) {
		node.WriteError(w, e)
		return
	}
	etsi.WriteError(w, &etsi.Error{Status: e.Status, Message: e.Message, Details: []any{e.Details}})
}

// isOfEncryptor reports whether a request is one of encryptors, by its path or its host name.
func isOfEncryptor(r *http.Request) bool {
	kind, name := nodeOf(r.URL.Path)
	if kind == string(node.KindClient) {
		return wire.KindOf(r.Method, strings.TrimPrefix(r.URL.Path, node.Prefix(node.KindClient, name))) == wire.KindEncryptor
	}
	return interfaceOf(r.URL.Path) != ""
}
