package sim

import (
	"net/http"
	"strings"

	"dske/node"
)

// ServeHTTP serves the whole port: nodes by path prefix or host name, the network's own interface
// under /sim/v1, and pages.
func (n *Network) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	kind, name := nodeOf(r.URL.Path)
	kme, byHost := kmeOf(r)
	if byHost {
		kind, name = string(node.KindClient), kme
	}
	if kind != string(node.KindHub) && kind != string(node.KindClient) {
		v := n.visits.enter(r.Context(), w)
		defer n.visits.leave(v)
		n.router.ServeHTTP(w, r.WithContext(v))
		return
	}
	if rest, isControl := strings.CutPrefix(r.URL.Path, "/"+kind+"/"+name+pathControl); isControl && !byHost {
		n.serveControl(w, r, kind+"/"+name, rest)
		return
	}
	p := n.at(kind + "/" + name)
	if p == nil {
		writeError(w, r, node.NotFound(kind, name))
		return
	}
	if byHost {
		p.serveKME(w, r)
		return
	}
	p.ServeHTTP(w, r)
}

// nodeOf returns the first two segments of a path.
func nodeOf(path string) (kind, name string) {
	kind, rest, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	name, _, _ = strings.Cut(rest, "/")
	return kind, name
}
