package sim

import (
	"net/http"
	"strings"

	"dske/node"
)

// ServeHTTP serves the whole port: nodes by path prefix or host name, the network's own interface
// under /sim/v1, and pages.
func (n *Network) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	kind, name, below := nodeOf(r.URL.Path)
	if kind != string(node.KindHub) && kind != string(node.KindClient) {
		n.serveOther(w, r)
		return
	}
	if rest, isControl := strings.CutPrefix(below, pathControl); isControl {
		n.serveControl(w, r, kind+"/"+name, rest)
		return
	}
	p := n.at(kind + "/" + name)
	if p == nil {
		writeError(w, r, node.NotFound(kind, name))
		return
	}
	p.ServeHTTP(w, r)
}

// serveOther serves what is not under the path of a node.
func (n *Network) serveOther(w http.ResponseWriter, r *http.Request) {
	kme, byHost := kmeOf(r)
	if !byHost {
		v := n.visits.enter(r.Context(), w)
		defer n.visits.leave(v)
		n.router.ServeHTTP(w, v.with(r))
		return
	}
	p := n.at(string(node.KindClient) + "/" + kme)
	if p == nil {
		writeError(w, r, node.NotFound(string(node.KindClient), kme))
		return
	}
	p.serveKME(w, r)
}

// nodeOf returns the first two segments of a path, and the rest from the next slash on.
func nodeOf(path string) (kind, name, below string) {
	kind, rest, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	end := strings.IndexByte(rest, '/')
	if end < 0 {
		end = len(rest)
	}
	return kind, rest[:end], rest[end:]
}
