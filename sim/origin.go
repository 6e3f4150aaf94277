package sim

import (
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"dske/node"
)

// The port needs no password, so a page of another site in a browser on this host must be kept out:
// both its own requests, and requests under a name that its owner has made to resolve to this host.
// A GET is treated like a POST, since it can make and hand out keys. Browsers say which page a
// request is from (Sec-Fetch-Site, https://www.w3.org/TR/fetch-metadata) if the port is local to
// this host or speaks TLS. Elsewhere they leave it out of a plain GET, which then looks like one of
// curl.

var (
	errOtherSite = errors.New("the request comes from a page of another site")
	errOtherName = errors.New("the port is local to this host: it answers only to localhost and to addresses, and a browser only at loopback ones such as 127.0.0.1")
)

// door has the properties of a port that decide who may come in.
type door struct {
	isLocal bool // it is reached from this host only, and does not speak TLS
	isKME   bool // it serves only one client's interfaces for encryptors
}

// guard refuses requests of pages of other sites, except requests for pages.
func (d door) guard(next http.Handler) http.Handler {
	protection := http.NewCrossOriginProtection()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		node.BeStrict(w.Header(), node.Closed)
		switch {
		case !d.answersTo(r):
			refuse(w, r, errOtherName)
		case !isPage(r) && checkAsPost(protection, r) != nil:
			refuse(w, r, errOtherSite)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// answersTo reports whether a door answers under the name in a request. A door that is local to
// this host may have a proxy in front, and then answers also under an address and, for a KME, under
// any name that an appliance was given, such as the ID of a system. A browser has to use a name of
// this host. Under 0.0.0.0, which also leads here, it does not say which page a request is from.
func (d door) answersTo(r *http.Request) bool {
	switch {
	case !d.isLocal || isLocalName(r.Host):
		return true
	case isBrowser(r):
		return false
	default:
		return d.isKME || net.ParseIP(hostname(r.Host)) != nil
	}
}

// checkAsPost checks a request like one that changes something, whatever its method.
func checkAsPost(protection *http.CrossOriginProtection, r *http.Request) error {
	method := r.Method
	defer func() { r.Method = method }()
	r.Method = http.MethodPost
	return protection.Check(r)
}

// isPage reports whether a request is for a page, which other sites may link to. Everything else
// may have an effect.
func isPage(r *http.Request) bool {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return false
	}
	path := r.URL.Path
	if kind, _, below := nodeOf(path); kind == string(node.KindHub) || kind == string(node.KindClient) {
		path = below
	}
	return slices.Contains([]string{"/", "/docs", "/openapi.json", "/metrics"}, path) || strings.HasPrefix(path, "/docs/")
}

func refuse(w http.ResponseWriter, r *http.Request, reason error) {
	writeError(w, r, &node.Error{Status: http.StatusForbidden, Message: "Refused.", Details: map[string]any{"reason": reason.Error()}})
}

// isBrowser reports whether a request comes from a browser, by headers that a page cannot suppress.
// A browser need not say which page a plain HTTP request to this host is from, but pages cannot
// make it leave out the languages of its user (https://fetch.spec.whatwg.org, HTTP-network fetch),
// which no appliance sends.
func isBrowser(r *http.Request) bool {
	for _, name := range []string{"Accept-Language", "Origin", "Referer", "Sec-Fetch-Site"} {
		if _, sent := r.Header[name]; sent {
			return true
		}
	}
	return strings.HasPrefix(r.UserAgent(), "Mozilla/")
}

// isLocalName reports whether the host of a request is localhost, a name under it, or an address
// that browsers know to be local to this host (https://www.w3.org/TR/secure-contexts, is origin
// potentially trustworthy). A request without a host counts as local: browsers always send one.
func isLocalName(host string) bool {
	name := hostname(host)
	address, err := netip.ParseAddr(name)
	isLoopback := err == nil && address.IsLoopback() && !address.Is4In6()
	return name == "" || name == "localhost" || strings.HasSuffix(name, hostSuffix) || isLoopback
}

// hostname returns the name in a Host header, in lower case, without the port and without a
// trailing dot.
func hostname(host string) string {
	return strings.ToLower(strings.TrimSuffix((&url.URL{Host: host}).Hostname(), "."))
}

func isLoopback(address net.Addr) bool {
	tcp, ok := address.(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}
