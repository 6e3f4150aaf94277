package sim

import (
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"

	"dske/node"
)

// pathControl is the path of a node's own part of the network's interface, under the node's path.
// So it is found wherever the node is, also behind a proxy that knows only the paths of nodes.
const pathControl = "/sim/v1"

// passedOn marks a forwarded request for a node elsewhere, so that it is not forwarded again: two
// processes may each believe that the other one runs the node.
const passedOn = "Dske-Passed-On"

// newProxy returns the handler that forwards requests to the node.
func (a *apart) newProxy() http.Handler {
	base, err := url.Parse(a.url)
	if err != nil { // cannot happen: the topology is valid
		return http.NotFoundHandler()
	}
	return &httputil.ReverseProxy{
		Transport: proxied{a},
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: base.Scheme, Host: base.Host})
			r.Out.Header.Set(passedOn, "1")
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) { node.WriteError(w, a.unreachable(err)) },
	}
}

// proxied is the transport of a proxy. It looks up the network's transport at each request, since
// that does not exist yet when the places are made.
type proxied struct{ *apart }

func (p proxied) RoundTrip(r *http.Request) (*http.Response, error) {
	return p.place.network.abroad.common.RoundTrip(r)
}

// ServeHTTP forwards requests of encryptors and requests for the management interface and the
// documentation. Nodes send their own messages to the node's URL directly.
func (a *apart) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := strings.TrimPrefix(r.URL.Path, a.place.prefix())
	isKME := strings.HasPrefix(path, "/etsi/") || strings.HasPrefix(path, "/skip/")
	isPage := strings.HasPrefix(path, "/mgmt/") || strings.HasPrefix(path, "/docs") || path == "/openapi.json"
	switch {
	case r.Header.Get(passedOn) != "" || !isKME && !isPage:
		a.misdirected(w, "the node runs there, or ought to")
	case isKME && a.place.network.config.TLS != "":
		a.misdirected(w, "over TLS an encryptor shows its certificate to its own client")
	default:
		a.proxy.ServeHTTP(w, r)
	}
}

// misdirected answers with the URL of the node.
func (a *apart) misdirected(w http.ResponseWriter, why string) { node.WriteError(w, a.notHere(why)) }

func (a *apart) notHere(why string) *node.Error {
	details := a.details()
	details["reason"] = why
	return &node.Error{Status: http.StatusMisdirectedRequest, Message: "The node runs elsewhere: ask there.", Details: details}
}

// serveControl serves the part of the network's interface that is about one node of this process.
// rest is the path below the node's prefix and pathControl.
func (n *Network) serveControl(w http.ResponseWriter, r *http.Request, name, rest string) {
	if p := n.at(name); p != nil && p.apart != nil {
		p.apart.misdirected(w, "only the process that runs a node answers for it")
		return
	}
	v := n.visits.enter(r.Context(), w)
	defer n.visits.leave(v)
	moved := r.WithContext(v)
	path := "/sim/v1/nodes/" + name + rest
	if own, isOwn := strings.CutPrefix(rest, "/own/"); isOwn { // about the process as a whole
		path = pathOwn + "/" + own
	}
	moved.URL = &url.URL{Path: path, RawQuery: r.URL.RawQuery}
	n.router.ServeHTTP(w, moved)
}

// getNode answers with the state of one node.
func (n *Network) getNode(c echo.Context) error {
	kind, name := c.Param("kind"), c.Param("name")
	if p := n.at(kind + "/" + name); p != nil && p.apart != nil {
		select {
		case <-p.apart.ask():
		case <-c.Request().Context().Done():
		}
	}
	for _, h := range n.hubs {
		if h.path() == kind+"/"+name {
			s := h.snapshot()
			s.Process = n.processOf(&h.place)
			return c.JSON(http.StatusOK, s)
		}
	}
	for _, p := range n.clients {
		if p.path() == kind+"/"+name {
			s := p.snapshot()
			s.Process = n.processOf(&p.place)
			return c.JSON(http.StatusOK, s)
		}
	}
	return node.NotFound(kind, name)
}

// processOf returns the name of the process that runs a node, or "" if the network is one process.
func (n *Network) processOf(p *place) string {
	switch {
	case p.apart != nil:
		return p.apart.report().process
	case n.IsPart():
		return n.process
	}
	return ""
}
