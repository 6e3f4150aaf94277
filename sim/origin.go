package sim

import (
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"

	"dske/node"
)

// The port needs no password, so a page of some other site that is open in a browser on this host must not get at
// it: neither by a request of its own, nor under a name that its owner has made to mean this host.

var (
	errOtherSite = errors.New("the request comes from a page of another site")
	errOtherName = errors.New("the port is this host's own, and only answers to localhost and to addresses")
)

// guarded refuses what pages of other sites ask for. A port that is local to this host has no other names.
func guarded(next http.Handler, isLocal bool) http.Handler {
	var protection http.CrossOriginProtection
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case protection.Check(r) != nil:
			refuse(w, errOtherSite)
		case isLocal && !isLocalName(r.Host):
			refuse(w, errOtherName)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

func refuse(w http.ResponseWriter, reason error) {
	node.WriteError(w, &node.Error{Status: http.StatusForbidden, Message: "Refused.", Details: map[string]any{"reason": reason.Error()}})
}

// isLocalName reports whether the host of a request is an address, localhost or a name under it. No browser leaves
// it out.
func isLocalName(host string) bool {
	name := strings.ToLower((&url.URL{Host: host}).Hostname())
	return name == "" || name == "localhost" || strings.HasSuffix(name, hostSuffix) || net.ParseIP(name) != nil
}

func isLoopback(address net.Addr) bool {
	tcp, ok := address.(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}
