package node

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"regexp"
	"strings"

	"github.com/labstack/echo/v4"
	"github.com/swaggest/swgui/v5emb"
)

// Page adds what can be read without any effect: GET, and HEAD, which has to be there along with it
// (RFC 9110, clause 9.1).
func Page(g *echo.Group, path string, handler echo.HandlerFunc, middleware ...echo.MiddlewareFunc) {
	g.Match([]string{http.MethodGet, http.MethodHead}, path, handler, middleware...)
}

// MountDocs adds /docs to a group: a page, with all that it needs, that shows the OpenAPI
// description which the group has at /openapi.json. Of returns its title, and what the paths of the
// group start with in a request.
func MountDocs(g *echo.Group, of func(*http.Request) (title, prefix string)) {
	docs := func(c echo.Context) error {
		title, prefix := of(c.Request())
		handler := v5emb.New(title, prefix+"/openapi.json", prefix+"/docs")
		if c.Param("*") != "" {
			BeStrict(c.Response().Header(), Closed)
			handler.ServeHTTP(c.Response(), c.Request())
			return nil
		}
		var p document
		handler.ServeHTTP(&p, c.Request())
		BeStrict(c.Response().Header(), p.policy())
		return c.HTMLBlob(http.StatusOK, p.Bytes())
	}
	Page(g, "/docs", docs)
	Page(g, "/docs/*", docs)
}

// document is the page of the documentation as the library writes it.
type document struct{ bytes.Buffer }

func (*document) Header() http.Header { return http.Header{} }

func (*document) WriteHeader(int) {}

var script = regexp.MustCompile(`(?s)<script>(.*?)</script>`)

// policy lets the page load what the library has beside it and ask the port, and run the scripts
// that are in it.
func (d *document) policy() string {
	scripts := []string{"script-src 'self'"}
	for _, s := range script.FindAllSubmatch(d.Bytes(), -1) {
		sum := sha256.Sum256(s[1])
		scripts = append(scripts, "'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'")
	}
	return strings.Join([]string{
		"default-src 'none'",
		strings.Join(scripts, " "),
		"style-src 'self' 'unsafe-inline'", // the library styles what it draws
		"img-src 'self' data:",
		"connect-src 'self'",
		"base-uri 'none'",
		"form-action 'none'",
		"frame-ancestors 'none'",
	}, "; ")
}
