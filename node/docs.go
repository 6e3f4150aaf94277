package node

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/labstack/echo/v4"
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
	var files unpacked
	docs := func(c echo.Context) error {
		title, prefix := of(c.Request())
		handler := v5emb.New(title, prefix+"/openapi.json", prefix+"/docs")
		if c.Param("*") != "" {
			BeStrict(c.Response().Header(), Closed)
			files.serve(c, handler)
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

// unpacked holds the files of the page in uncompressed form, for callers that do not accept
// compression. The library has them compressed and unpacks them for each request, which costs as
// much as everything else that strangers can request.
type unpacked struct {
	mu    sync.Mutex
	files map[string][]byte // by name
}

func (u *unpacked) serve(c echo.Context, library http.Handler) {
	r := c.Request()
	if strings.Contains(r.Header.Get(echo.HeaderAcceptEncoding), "gzip") {
		library.ServeHTTP(c.Response(), r)
		return
	}
	name := c.Param("*")
	if file, found := u.find(name, library, r); found {
		http.ServeContent(c.Response(), r, name, time.Time{}, bytes.NewReader(file))
	} else {
		library.ServeHTTP(c.Response(), r)
	}
}

// find returns the file of that name if the library has it.
func (u *unpacked) find(name string, library http.Handler, r *http.Request) ([]byte, bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if file, found := u.files[name]; found {
		return file, true
	}
	get := r.Clone(r.Context())
	get.Method, get.Header = http.MethodGet, http.Header{}
	var d document
	if library.ServeHTTP(&d, get); d.refused {
		return nil, false
	}
	if u.files == nil {
		u.files = map[string][]byte{}
	}
	u.files[name] = d.Bytes()
	return d.Bytes(), true
}

// document is the page of the documentation, or one of its files, as the library writes it.
type document struct {
	bytes.Buffer
	refused bool // the library has no such file
}

func (*document) Header() http.Header { return http.Header{} }

func (d *document) WriteHeader(status int) { d.refused = status != http.StatusOK }

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
