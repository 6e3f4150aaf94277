package node

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// inBand is the start of the paths of in-band messages, below the name of the node. Signatures
// cover these paths in exactly one spelling.
const inBand = "/dske/api/"

// respelled accepts another spelling of the path of a request: unreserved characters, such as letters
// and digits, that are percent-encoded without need (RFC 3986, clause 6.2.2.2).
func respelled(r *http.Request) {
	if r.URL.RawPath == "" {
		return
	}
	u := *r.URL
	u.RawPath = respell(u.RawPath)
	if u.RawPath == (&url.URL{Path: u.Path}).EscapedPath() {
		u.RawPath = "" // package url then uses the default encoding
	}
	r.URL = &u
}

// respell decodes the characters of a path that need not be encoded, unless the path is in band.
func respell(path string) string {
	plain := unreserved(path)
	if parts := strings.SplitN(plain, "/", 4); len(parts) == 4 && strings.HasPrefix("/"+parts[3], inBand) {
		return path
	}
	return plain
}

// unreserved decodes the percent-encoded characters that are unreserved (RFC 3986, clause 2.3).
func unreserved(path string) string {
	var b strings.Builder
	for i := 0; i < len(path); i++ {
		if path[i] == '%' && i+2 < len(path) {
			if code, err := strconv.ParseUint(path[i+1:i+3], 16, 8); err == nil && isUnreserved(byte(code)) {
				b.WriteByte(byte(code))
				i += 2
				continue
			}
		}
		b.WriteByte(path[i])
	}
	return b.String()
}

func isUnreserved(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-._~", c) >= 0
}
