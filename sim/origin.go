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

// The port needs no password, so a page of some other site that is open in a browser on this host
// must not get at it: neither by a request of its own, nor under a name that its owner has made to
// mean this host. A GET is no less than a POST here, since keys are made and handed out by it.
// Browsers say which page a request is from (Sec-Fetch-Site, https://www.w3.org/TR/fetch-metadata)
// if the port is local to this host or speaks TLS; elsewhere they leave it out of a plain GET, and
// nothing tells that from one of curl.

var (
	errOtherSite = errors.New("the request comes from a page of another site")
	errOtherName = errors.New("the port is this host's own, and only answers to localhost and to addresses, a browser only to loopback ones such as 127.0.0.1")
)

// door is a port, as far as it matters to who may come in.
type door struct {
	isLocal bool // it is reached from this host only, and does not speak TLS
	isKME   bool // nothing is behind it but what one client has for encryptors
}

// guard refuses what pages of other sites ask for, except pages.
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

// answersTo reports whether a door has the name that a request gives it. One that is local to this
// host has others than those of the host where there is a proxy in front: an address, and of a KME
// what an appliance was given, which may be the ID of a system. A browser has to use a name of the
// host. Under 0.0.0.0, which also leads here, it does not say which page a request is from.
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

// checkAsPost checks a request as one that has an effect, whatever its method.
func checkAsPost(protection *http.CrossOriginProtection, r *http.Request) error {
	method := r.Method
	defer func() { r.Method = method }()
	r.Method = http.MethodPost
	return protection.Check(r)
}

// isPage reports whether a request is for something to look at, which other sites may have links
// to. All else can have an effect.
func isPage(r *http.Request) bool {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return false
	}
	path := r.URL.Path
	if kind, name := nodeOf(path); kind == string(node.KindHub) || kind == string(node.KindClient) {
		path = strings.TrimPrefix(path, node.Prefix(node.Kind(kind), name))
	}
	return slices.Contains([]string{"/", "/docs", "/openapi.json", "/metrics"}, path) || strings.HasPrefix(path, "/docs/")
}

func refuse(w http.ResponseWriter, r *http.Request, reason error) {
	writeError(w, r, &node.Error{Status: http.StatusForbidden, Message: "Refused.", Details: map[string]any{"reason": reason.Error()}})
}

// isBrowser reports whether a request comes from a browser, for all that a page can do about it. In
// one to this host over plain HTTP a browser need not say which page it is from; but pages cannot
// make it leave out which languages its user reads (https://fetch.spec.whatwg.org, HTTP-network
// fetch), which no appliance has a use for.
func isBrowser(r *http.Request) bool {
	for _, name := range []string{"Accept-Language", "Origin", "Referer", "Sec-Fetch-Site"} {
		if _, sent := r.Header[name]; sent {
			return true
		}
	}
	return strings.HasPrefix(r.UserAgent(), "Mozilla/")
}

// isLocalName reports whether the host of a request is localhost, a name under it, or an address
// that browsers know to be one of this host (https://www.w3.org/TR/secure-contexts, is origin
// potentially trustworthy). No browser leaves the host out.
func isLocalName(host string) bool {
	name := hostname(host)
	address, err := netip.ParseAddr(name)
	isLoopback := err == nil && address.IsLoopback() && !address.Is4In6()
	return name == "" || name == "localhost" || strings.HasSuffix(name, hostSuffix) || isLoopback
}

// hostname returns the name in a Host header, without the port, and without the dot that says that
// it is complete.
func hostname(host string) string {
	return strings.ToLower(strings.TrimSuffix((&url.URL{Host: host}).Hostname(), "."))
}

func isLoopback(address net.Addr) bool {
	tcp, ok := address.(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}
