package node

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"io/fs"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/swaggest/swgui/v5/static"
	"github.com/swaggest/swgui/v5emb"
)

// Page adds a route that can be read without any effect: GET, and HEAD, which must exist along with
// GET (RFC 9110, clause 9.1).
func Page(g *echo.Group, path string, handler echo.HandlerFunc, middleware ...echo.MiddlewareFunc) {
	g.Match([]string{http.MethodGet, http.MethodHead}, path, handler, middleware...)
}

// MountDocs adds /docs to a group: a page, with all its files, that shows the OpenAPI description
// which the group has at /openapi.json. of returns its title, and the start of the group's paths in
// a request.
func MountDocs(g *echo.Group, of func(*http.Request) (title, prefix string)) {
	docs := func(c echo.Context) error {
		title, prefix := of(c.Request())
		handler := v5emb.New(title, prefix+"/openapi.json", prefix+"/docs")
		if c.Param("*") != "" {
			BeStrict(c.Response().Header(), Closed)
			serveFile(c, handler)
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

// unpacked returns the files of the page in uncompressed form, by name, for callers that do not
// accept compression. The library has them compressed and would unpack them for each request, which
// costs as much as everything else that strangers can request.
var unpacked = sync.OnceValue(func() map[string][]byte {
	files := map[string][]byte{}
	names, _ := fs.Glob(static.FS, "*.gz") // the pattern is well-formed
	for _, name := range names {
		if file, err := unpack(name); err == nil {
			files[strings.TrimSuffix(name, ".gz")] = file
		}
	}
	return files
})

func unpack(name string) ([]byte, error) {
	packed, err := static.FS.Open(name)
	if err != nil {
		return nil, err
	}
	defer packed.Close()
	file, err := gzip.NewReader(packed)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(file)
}

// serveFile serves a file of the page.
func serveFile(c echo.Context, library http.Handler) {
	r, name := c.Request(), c.Param("*")
	if !strings.Contains(r.Header.Get(echo.HeaderAcceptEncoding), "gzip") {
		if file, found := unpacked()[name]; found {
			http.ServeContent(c.Response(), r, name, time.Time{}, bytes.NewReader(file))
			return
		}
	}
	library.ServeHTTP(c.Response(), r)
}

// document is the page of the documentation, as the library writes it.
type document struct{ bytes.Buffer }

func (*document) Header() http.Header { return http.Header{} }

func (*document) WriteHeader(int) {}

var script = regexp.MustCompile(`(?s)<script>(.*?)</script>`)

// policy lets the page load the files of the library, send requests to the port, and run its own
// scripts.
func (d *document) policy() string {
	scripts := []string{"script-src 'self'"}
	for _, s := range script.FindAllSubmatch(d.Bytes(), -1) {
		sum := sha256.Sum256(s[1])
		scripts = append(scripts, "'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'")
	}
	return strings.Join([]string{
		"default-src 'none'",
		strings.Join(scripts, " "),
		"style-src 'self' 'unsafe-inline'", // the library sets inline styles
		"img-src 'self' data:",
		"connect-src 'self'",
		"base-uri 'none'",
		"form-action 'none'",
		"frame-ancestors 'none'",
	}, "; ")
}
